/** Who calls, with what, where and when: the host's facts as words. Addresses are 160-bit words. */

import { accountBalance, contractAddress, messageSender, messageValue } from "./host";
import { allocate } from "./memory";
import { fresh, limbs, loadWord, U256 } from "./u256";

/** Reads the 20 big-endian bytes of an address. */
export function loadAddress(source: usize): U256 {
  return limbs(
    bswap(load<u64>(source, 12)),
    bswap(load<u64>(source, 4)),
    <u64>bswap(load<u32>(source)),
    0,
  );
}

/** Writes an address as 20 big-endian bytes. */
export function storeAddress(target: usize, account: U256): void {
  store<u64>(target, bswap(account.limb0), 12);
  store<u64>(target, bswap(account.limb1), 4);
  store<u32>(target, bswap(<u32>account.limb2));
}

/** The 20 bytes of an address, as the host takes it. */
export function addressBytes(account: U256): usize {
  const bytes = allocate(24);
  storeAddress(bytes, account);
  return bytes;
}

export function sender(): U256 {
  const bytes = allocate(24);
  messageSender(bytes);
  return loadAddress(bytes);
}

/** Acorns that came with this call. */
export function value(): U256 {
  const bytes = changetype<usize>(fresh());
  messageValue(bytes);
  return loadWord(bytes);
}

/** Address of this contract. */
export function self(): U256 {
  const bytes = allocate(24);
  contractAddress(bytes);
  return loadAddress(bytes);
}

export function balanceOf(account: U256): U256 {
  const balance = changetype<usize>(fresh());
  accountBalance(addressBytes(account), balance);
  return loadWord(balance);
}
