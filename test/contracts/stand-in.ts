/**
 * A contract that plays the jury, or the recipient of callbacks, as a test tells it to: small enough
 * to read, and ready at once where a real jury needs a thousand blocks.
 */

import { parseAbi, toFunctionSelector } from 'viem';
import { compileContract } from '../support/assembly-script.ts';

export const standInAbi = parseAbi([
  'function set(uint256 slot, uint256 value) external payable',
  'function get(uint256 slot) external view returns (uint256)',
]);

/** Slots of the stand-in. Those of a question: status at 1000 + id, outcome at 2000 + id. */
export const slots = {
  // jury; in mode burn it uses up all gas when it is asked
  fee: 0n,
  active: 1n,
  floor: 2n,
  questions: 3n,
  refund: 4n,
  status: 1_000n,
  outcome: 2_000n,
  // recipient
  mode: 10n,
  calls: 11n,
  selector: 12n,
  truth: 13n,
  oracle: 14n,
  inner: 15n,
  gas: 16n,
} as const;

/** What the recipient does when it is called back, or the jury when it is asked. */
export const modes = { accept: 0n, revert: 1n, burn: 2n, reenter: 3n, flood: 4n } as const;

const selector = (signature: string): string => toFunctionSelector(`function ${signature}`);

const source = `
const key: usize = 40000;
const word: usize = 40032;
const other: usize = 40064;
const scratch: usize = 40200;

function at(slot: u64): usize {
  memory.fill(key, 0, 32);
  store<u64>(key + 24, bswap<u64>(slot));
  storage_load_bytes32(key, word);
  return word;
}
function small(slot: u64): u64 { return bswap<u64>(load<u64>(at(slot) + 24)); }
function save(slot: u64, value: usize): void {
  memory.fill(key, 0, 32);
  store<u64>(key + 24, bswap<u64>(slot));
  storage_cache_bytes32(key, value);
}
function saveSmall(slot: u64, value: u64): void {
  memory.fill(other, 0, 32);
  store<u64>(other + 24, bswap<u64>(value));
  save(slot, other);
}
function argument(index: usize): u64 { return bswap<u64>(load<u64>(4 + index * 32 + 24)); }
function answer(first: usize, second: usize, count: usize): i32 {
  memory.copy(50000, first, 32);
  if (count > 1) memory.copy(50032, second, 32);
  if (count > 2) memory.fill(50064, 0, 32);
  write_result(50000, count * 32);
  return 0;
}
function copyOf(slot: u64, target: usize): usize { memory.copy(target, at(slot), 32); return target; }

function ask(): i32 {
  if (small(${slots.mode}) == 2) { while (true) {} }
  if (small(1) < small(2)) {
    store<u32>(scratch, bswap<u32>(${selector('NoJury(uint256,uint256)')}));
    copyOf(1, scratch + 4);
    copyOf(2, scratch + 36);
    write_result(scratch, 68);
    return 1;
  }
  const fee = copyOf(0, scratch);
  msg_value(scratch + 32);
  if (memory.compare(fee, scratch + 32, 32) != 0) { write_result(0, 0); return 1; }
  const id = small(3) + 1;
  saveSmall(3, id);
  saveSmall(1000 + id, 1);
  return answer(at(3), 0, 1);
}

function claim(): i32 {
  const amount = copyOf(4, scratch);
  memory.fill(scratch + 32, 0, 32);
  if (memory.compare(amount, scratch + 32, 32) == 0) { write_result(0, 0); return 1; }
  save(4, scratch + 32);
  msg_sender(scratch + 64);
  const status = call_contract(scratch + 64, 0, 0, amount, 0xffffffffffffffff, scratch + 96);
  return status == 0 ? answer(amount, 0, 1) : 1;
}

function calledBack(): i32 {
  const gas = evm_gas_left();
  const mode = small(${slots.mode});
  if (mode == 1) { memory.fill(scratch, 0xab, 300); write_result(scratch, 300); return 1; }
  if (mode == 2) { while (true) {} }
  if (mode == 4) { write_result(0, 60000); return 1; }
  saveSmall(${slots.gas}, gas);
  saveSmall(${slots.calls}, small(${slots.calls}) + 1);
  saveSmall(${slots.selector}, bswap<u32>(load<u32>(0)));
  saveSmall(${slots.truth}, argument(1));
  if (mode != 3) return 0;
  copyOf(${slots.oracle}, scratch);
  memory.fill(scratch + 32, 0, 32);
  store<u32>(scratch + 64, bswap<u32>(${selector('settleAssertion(bytes32)')}));
  memory.copy(scratch + 68, 4, 32);
  call_contract(scratch + 12, scratch + 64, 36, scratch + 32, 0xffffffffffffffff, scratch + 128);
  read_return_data(scratch + 136, 0, 4);
  saveSmall(${slots.inner}, bswap<u32>(load<u32>(scratch + 136)));
  return 0;
}

export function user_entrypoint(length: i32): i32 {
  read_args(0);
  if (length < 4) return 0;
  switch (bswap<u32>(load<u32>(0))) {
    case ${selector('set(uint256,uint256)')}: save(argument(0), 36); return 0;
    case ${selector('get(uint256)')}: return answer(at(argument(0)), 0, 1);
    case ${selector('feeOf(uint16)')}: return answer(at(0), 0, 1);
    case ${selector('juryStake()')}: return answer(copyOf(1, scratch), copyOf(2, scratch + 32), 2);
    case ${selector('ask(bytes32,uint8,uint64,uint16,bytes)')}: return ask();
    case ${selector('outcomeOf(uint256)')}: {
      const id = argument(0);
      return answer(copyOf(1000 + id, scratch), copyOf(2000 + id, scratch + 32), 3);
    }
    case ${selector('claim()')}: return claim();
  }
  return calledBack();
}
`;

/** The compiled stand-in. */
export function compileStandIn(): Promise<Uint8Array> {
  return compileContract(source);
}
