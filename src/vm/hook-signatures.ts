/**
 * The functions that contracts may import from `vm_hooks`, with their types: Arbitrum Stylus's
 * interface, so that its software development kits produce modules that run here.
 */

import type { InkPrices } from './gas-table.ts';
import type { FunctionType } from './module.ts';
import { valueTypes } from './opcodes.ts';

export const hookModule = 'vm_hooks';

/** What kind of work a hook does in any case; its caller pays that before it is called. */
type HookClass = 'plain' | 'state' | 'message' | 'division' | 'keccak';

/** i = i32, l = i64; what is left of > are parameters, right of it the result. */
const signatures = {
  read_args: ['i>', 'plain'],
  write_result: ['ii>', 'plain'],
  exit_early: ['i>', 'plain'],
  storage_load_bytes32: ['ii>', 'state'],
  storage_cache_bytes32: ['ii>', 'state'],
  storage_store_bytes32: ['ii>', 'state'],
  storage_flush_cache: ['i>', 'plain'],
  transient_load_bytes32: ['ii>', 'state'],
  transient_store_bytes32: ['ii>', 'state'],
  emit_log: ['iii>', 'state'],
  call_contract: ['iiiili>i', 'message'],
  delegate_call_contract: ['iiili>i', 'message'],
  static_call_contract: ['iiili>i', 'message'],
  create1: ['iiiii>', 'message'],
  create2: ['iiiiii>', 'message'],
  read_return_data: ['iii>i', 'plain'],
  return_data_size: ['>i', 'plain'],
  account_balance: ['ii>', 'state'],
  account_code: ['iiii>i', 'state'],
  account_code_size: ['i>i', 'state'],
  account_codehash: ['ii>', 'state'],
  evm_gas_left: ['>l', 'plain'],
  evm_ink_left: ['>l', 'plain'],
  tx_ink_price: ['>i', 'plain'],
  block_basefee: ['i>', 'plain'],
  block_coinbase: ['i>', 'plain'],
  block_gas_limit: ['>l', 'plain'],
  block_number: ['>l', 'plain'],
  block_timestamp: ['>l', 'plain'],
  chainid: ['>l', 'plain'],
  contract_address: ['i>', 'plain'],
  msg_sender: ['i>', 'plain'],
  msg_value: ['i>', 'plain'],
  msg_reentrant: ['>i', 'plain'],
  tx_gas_price: ['i>', 'plain'],
  tx_origin: ['i>', 'plain'],
  math_div: ['ii>', 'division'],
  math_mod: ['ii>', 'division'],
  math_pow: ['ii>', 'division'],
  math_add_mod: ['iii>', 'division'],
  math_mul_mod: ['iii>', 'division'],
  native_keccak256: ['iii>', 'keccak'],
  pay_for_memory_grow: ['i>', 'plain'],
  memory_grow: ['i>', 'plain'],
} as const satisfies Record<string, readonly [string, HookClass]>;

export type HookName = keyof typeof signatures;

/** `tx_ink_price` is i32 in some kits and i64 in others; the wide form has its own name inside. */
export type LinkedHook = HookName | 'tx_ink_price_wide';

const wideInkPrice = '>l';

const letters: Readonly<Record<number, string>> = { [valueTypes.i32]: 'i', [valueTypes.i64]: 'l' };

function signatureOf(type: FunctionType): string {
  const text = (types: readonly number[]): string =>
    types.map((each) => letters[each] ?? '?').join('');
  return `${text(type.parameters)}>${text(type.results)}`;
}

/** The hook that an import links to, or what is wrong with it. */
export function linkHook(
  name: string,
  type: FunctionType,
): { readonly hook: LinkedHook } | { readonly problem: string } {
  if (!Object.hasOwn(signatures, name)) return { problem: 'there is no such hook' };
  const signature = signatureOf(type);
  const hook = name as HookName;
  const [expected] = signatures[hook];
  if (signature === expected) return { hook };
  if (hook === 'tx_ink_price' && signature === wideInkPrice) return { hook: 'tx_ink_price_wide' };
  return {
    problem: `it is ${expected}, the module declares ${signature} (i = i32, l = i64)`,
  };
}

const typesOfLetters: Readonly<Record<string, number>> = { i: valueTypes.i32, l: valueTypes.i64 };

/** The type under which a module declares a hook: what `linkHook` accepts. */
export function hookType(name: HookName): FunctionType {
  const [parameters = '', results = ''] = signatures[name][0].split('>');
  const types = (text: string): number[] =>
    [...text].map((letter) => typesOfLetters[letter] as number);
  return { parameters: types(parameters), results: types(results) };
}

export const hookNames: readonly HookName[] = Object.keys(signatures) as HookName[];

/** The name under which a module imports a hook. */
export function importName(hook: LinkedHook): HookName {
  return hook === 'tx_ink_price_wide' ? 'tx_ink_price' : hook;
}

/** Fixed ink of a hook, taken with the block of code that calls it. */
export function hookInk(hook: LinkedHook, prices: InkPrices): number {
  const extra = {
    plain: 0,
    state: prices.hostState,
    message: prices.hostMessage,
    division: prices.mathDivision,
    keccak: prices.keccak,
  };
  return prices.hostCall + extra[signatures[importName(hook)][1]];
}
