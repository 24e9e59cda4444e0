/** Calls to other contracts. A failed call hands its revert data on unless the caller looks. */

import { callContract, create2, readReturnData, staticCallContract } from "./host";
import { allocate } from "./memory";
import { addressBytes, loadAddress } from "./message";
import { open, Writer } from "./output";
import { revertBytes } from "./revert";
import { fresh, loadWord, storeWord, U256, u256 } from "./u256";

const allGas: u64 = 0xffffffffffffffff;

/** Length of the return data of the last call. */
export let returnLength: u32 = 0;

/** Opens the input of a call: selector, then room for `words` words. */
export function input(selector: u32, words: u32): Writer {
  const writer = open(words, 4);
  store<u32>(writer.start, bswap(selector));
  return writer;
}

/** Calls `target` with `value` acorns; false when the call failed. */
export function tryCall(target: U256, data: Writer, value: U256): bool {
  const amount = changetype<usize>(fresh());
  storeWord(amount, value);
  const length = allocate(8);
  const status = callContract(
    addressBytes(target), data.start, data.length, amount, allGas, length,
  );
  returnLength = load<u32>(length);
  return status == 0;
}

/** Calls `target` and reverts with its revert data when the call fails. */
export function call(target: U256, data: Writer, value: U256): void {
  if (!tryCall(target, data, value)) revertBytes(returnData(), returnLength);
}

/** Sends `value` acorns with empty calldata; false when the receiver refuses. */
export function trySend(target: U256, value: U256): bool {
  return tryCall(target, open(0, 0), value);
}

/** Reads from `target`, which must not write; false when the call failed. */
export function tryView(target: U256, data: Writer): bool {
  const length = allocate(8);
  const status = staticCallContract(
    addressBytes(target), data.start, data.length, allGas, length,
  );
  returnLength = load<u32>(length);
  return status == 0;
}

/** Reads from `target`, which must not write; reverts with its revert data when the call fails. */
export function view(target: U256, data: Writer): void {
  if (!tryView(target, data)) revertBytes(returnData(), returnLength);
}

/** A copy of the return data of the last call, `returnLength` bytes. */
export function returnData(): usize {
  const data = allocate(returnLength);
  if (returnLength > 0) readReturnData(data, 0, returnLength);
  return data;
}

/** Word `index` of the return data; a shorter answer reverts. */
export function returned(index: u32): U256 {
  if (returnLength < (index + 1) << 5) revertBytes(0, 0);
  const word = changetype<usize>(fresh());
  readReturnData(word, index << 5, 32);
  return loadWord(word);
}

/** CREATE2 of `length` bytes of creation data; reverts with the constructor's revert data. */
export function create(code: usize, length: u32, salt: U256): U256 {
  const endowment = changetype<usize>(fresh());
  storeWord(endowment, u256(0));
  const saltBytes = changetype<usize>(fresh());
  storeWord(saltBytes, salt);
  const target = allocate(24);
  const revertLength = allocate(8);
  create2(code, length, endowment, saltBytes, target, revertLength);
  const created = loadAddress(target);
  returnLength = load<u32>(revertLength);
  if ((created.limb0 | created.limb1 | created.limb2) == 0) {
    revertBytes(returnData(), returnLength);
  }
  return created;
}
