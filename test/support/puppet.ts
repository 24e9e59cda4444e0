/**
 * One contract for all behaviour tests: its calldata is a command, and commands can be nested in
 * calls and batches, so that a whole scene of several contracts is one value.
 */

import { bigintToBytes, concat, emptyBytes } from '../../src/primitives/bytes.ts';
import { compileContract } from './assembly-script.ts';

const source = `
const scratch: usize = 61440;

function u64At(p: usize): u64 { return bswap<u64>(load<u64>(p)); }
function u16At(p: usize): usize { return ((load<u8>(p) as usize) << 8) | load<u8>(p + 1); }

function returned(out: usize): usize {
  return read_return_data(out, 0, load<u32>(scratch));
}

function recurse(n: i32): i32 { return n == 0 ? 0 : 1 + recurse(n - 1) * 3; }

function environment(out: usize): void {
  contract_address(out + 12);
  msg_sender(out + 44);
  msg_value(out + 64);
  tx_origin(out + 108);
  tx_gas_price(out + 128);
  block_basefee(out + 160);
  block_coinbase(out + 204);
  store<u64>(out + 248, bswap<u64>(block_number()));
  store<u64>(out + 280, bswap<u64>(block_timestamp()));
  store<u64>(out + 312, bswap<u64>(block_gas_limit()));
  store<u64>(out + 344, bswap<u64>(chainid()));
  store<u64>(out + 376, bswap<u64>(tx_ink_price() as u64));
  store<u64>(out + 408, bswap<u64>(msg_reentrant() as u64));
}

function account(p: usize, out: usize): usize {
  account_balance(p, out);
  account_codehash(p, out + 32);
  const size = account_code_size(p);
  store<u64>(out + 64, bswap<u64>(size as u64));
  return 72 + account_code(p, 0, 8, out + 72);
}

function math(p: usize, out: usize): usize {
  const a = p + 1, b = p + 33, c = p + 65;
  switch (load<u8>(p)) {
    case 0: math_div(a, b); break;
    case 1: math_mod(a, b); break;
    case 2: math_pow(a, b); break;
    case 3: math_add_mod(a, b, c); break;
    case 4: math_mul_mod(a, b, c); break;
    case 5: native_keccak256(a, 64, a); break;
  }
  memory.copy(out, a, 32);
  return 32;
}

function batch(p: usize, end: usize, out: usize): usize {
  let at = out;
  while (p < end) {
    const n = u16At(p);
    at += act(p + 2, n, at);
    p += 2 + n;
  }
  return at - out;
}

function act(p: usize, n: usize, out: usize): usize {
  const a = p + 1;
  const rest = n - 1;
  switch (load<u8>(p)) {
    case 0: memory.copy(out, a, rest); return rest;
    case 1: storage_cache_bytes32(a, a + 32); return 0;
    case 2: storage_load_bytes32(a, out); return 32;
    case 3: {
      store<u8>(out, call_contract(a, a + 60, rest - 60, a + 20, u64At(a + 52), scratch));
      return 1 + returned(out + 1);
    }
    case 4: {
      store<u8>(out, static_call_contract(a, a + 60, rest - 60, u64At(a + 52), scratch));
      return 1 + returned(out + 1);
    }
    case 5: {
      store<u8>(out, delegate_call_contract(a, a + 60, rest - 60, u64At(a + 52), scratch));
      return 1 + returned(out + 1);
    }
    case 6: create1(a + 32, rest - 32, a, out, scratch); return 20 + returned(out + 20);
    case 7: create2(a + 64, rest - 64, a, a + 32, out, scratch); return 20 + returned(out + 20);
    case 8: write_result(a, rest); exit_early(1); return 0;
    case 9: emit_log(a + 1, rest - 1, load<u8>(a)); return 0;
    case 10: while (true) {}
    case 11: store<u32>(out, recurse(u64At(a) as i32)); return 4;
    case 12: unreachable();
    case 13: store<u32>(out, memory.grow(u64At(a) as i32)); return 4;
    case 14: read_args(u64At(a) as usize); return 0;
    case 15: environment(out); return 416;
    case 16: write_result(a + 1, rest - 1); exit_early(load<u8>(a)); return 0;
    case 17: return batch(a, p + n, out);
    case 18: transient_store_bytes32(a, a + 32); return 0;
    case 19: transient_load_bytes32(a, out); return 32;
    case 20: return math(a, out);
    case 21: return account(a, out);
    case 22: store<u64>(out, bswap<u64>(evm_gas_left())); return 8;
    case 23: {
      for (let end = evm_gas_left() - u64At(a); evm_gas_left() > end;) {}
      return 0;
    }
  }
  return 0;
}

export function user_entrypoint(n: i32): i32 {
  read_args(0);
  write_result(32768, act(0, n, 32768));
  return 0;
}

export function user_constructor(n: i32): i32 {
  if (n == 0) return 0;
  return user_entrypoint(n);
}
`;

/** The compiled puppet. */
export function compilePuppet(): Promise<Uint8Array> {
  return compileContract(source);
}

type Bytes = Uint8Array;

const u64 = (value: bigint): Bytes => bigintToBytes(value, 8);
const u256 = (value: bigint): Bytes => bigintToBytes(value, 32);
const command = (code: number, ...parts: readonly Bytes[]): Bytes =>
  concat(Uint8Array.of(code), ...parts);

interface CallOptions {
  readonly value?: bigint;
  /** All that is allowed when left out. */
  readonly gas?: bigint;
}

function callCommand(code: number) {
  return (address: Bytes, data: Bytes = emptyBytes, options: CallOptions = {}): Bytes =>
    command(code, address, u256(options.value ?? 0n), u64(options.gas ?? 2n ** 64n - 1n), data);
}

/** Commands, as calldata of a puppet. Calls answer one status byte (0 success) and the data. */
export const puppet = {
  echo: (data: Bytes): Bytes => command(0, data),
  store: (key: bigint, value: bigint): Bytes => command(1, u256(key), u256(value)),
  load: (key: bigint): Bytes => command(2, u256(key)),
  call: callCommand(3),
  staticCall: callCommand(4),
  delegateCall: callCommand(5),
  /** Answers the address and the return data. */
  create: (data: Bytes, value = 0n): Bytes => command(6, u256(value), data),
  create2: (data: Bytes, salt: Bytes, value = 0n): Bytes => command(7, u256(value), salt, data),
  revert: (data: Bytes = emptyBytes): Bytes => command(8, data),
  log: (topics: number, data: Bytes): Bytes => command(9, Uint8Array.of(topics), data),
  loop: (): Bytes => command(10),
  recurse: (depth: bigint): Bytes => command(11, u64(depth)),
  abort: (): Bytes => command(12),
  /** Answers the i32 of memory.grow, little-endian. */
  grow: (pages: bigint): Bytes => command(13, u64(pages)),
  readArgumentsAt: (pointer: bigint): Bytes => command(14, u64(pointer)),
  environment: (): Bytes => command(15),
  exit: (status: number, data: Bytes = emptyBytes): Bytes =>
    command(16, Uint8Array.of(status), data),
  /** Answers of all, one after the other. */
  batch: (...commands: readonly Bytes[]): Bytes =>
    command(17, ...commands.map((each) => concat(bigintToBytes(BigInt(each.length), 2), each))),
  transientStore: (key: bigint, value: bigint): Bytes => command(18, u256(key), u256(value)),
  transientLoad: (key: bigint): Bytes => command(19, u256(key)),
  math: (
    operation: 'div' | 'mod' | 'pow' | 'addMod' | 'mulMod' | 'keccak',
    first: bigint,
    second: bigint,
    third = 0n,
  ): Bytes =>
    command(
      20,
      Uint8Array.of(['div', 'mod', 'pow', 'addMod', 'mulMod', 'keccak'].indexOf(operation)),
      u256(first),
      u256(second),
      u256(third),
    ),
  /** Answers balance 32, code hash 32, code size u64, the first 8 bytes of code. */
  account: (address: Bytes): Bytes => command(21, address),
  /** Answers u64. */
  gasLeft: (): Bytes => command(22),
  /** Uses up about `gas`. */
  burn: (gas: bigint): Bytes => command(23, u64(gas)),
} as const;
