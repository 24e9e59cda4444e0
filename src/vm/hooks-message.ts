/**
 * Hooks that open another frame: calls and creations, with the EVM's costs (EIP-150, EIP-2929,
 * EIP-3860, EIP-1014).
 */

import { bigintToBytes, concat, emptyBytes, minimalBytes } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import { encodeRlp } from '../primitives/rlp.ts';
import type { CallRequest, Frame, HookContext } from './frame.ts';
import type { Outcome } from './world.ts';

/** Where CREATE puts a contract: Keccak-256(RLP [sender, nonce]), last 20 bytes. */
export function createAddress(sender: Uint8Array, nonce: bigint, crypto: Crypto): Uint8Array {
  return crypto.keccak256(encodeRlp([sender, minimalBytes(nonce)])).slice(12);
}

/** Where CREATE2 puts a contract (EIP-1014); `data` is the whole creation data. */
export function create2Address(
  sender: Uint8Array,
  salt: Uint8Array,
  data: Uint8Array,
  crypto: Crypto,
): Uint8Array {
  const image = concat(Uint8Array.of(0xff), sender, salt, crypto.keccak256(data));
  return crypto.keccak256(image).slice(12);
}

/** EIP-150: a frame keeps a 64th of what it has. */
function allButOne64th(gas: bigint): bigint {
  return gas - gas / 64n;
}

function smaller(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

interface CallPointers {
  readonly kind: 'call' | 'delegate' | 'static';
  readonly address: number;
  readonly data: number;
  readonly length: number;
  readonly value: number | undefined;
  readonly gas: bigint;
  readonly lengthTarget: number;
}

function chargeCall(frame: Frame, address: Uint8Array, value: bigint): void {
  const { guest, execution } = frame;
  const { gas } = execution.table;
  guest.chargeGas(execution.world.warmAddress(address) ? gas.accountCold : gas.accountWarm);
  if (value === 0n) return;
  guest.chargeGas(gas.callValue + (execution.world.exists(address) ? 0 : gas.newAccount));
}

function settle(frame: Frame, outcome: Outcome, lengthTarget: number): void {
  frame.guest.addGas(outcome.gasLeft);
  frame.returnData = outcome.output;
  frame.guest.writeLength(lengthTarget, outcome.output.length);
}

function call(context: HookContext, pointers: CallPointers): number {
  const { frame } = context;
  const { guest } = frame;
  const { kind } = pointers;
  const target = guest.readFixed(pointers.address, 20);
  const value = pointers.value === undefined ? 0n : guest.readInteger(pointers.value);
  if (frame.isStatic && value > 0n) guest.trap('call with value in a static call');
  chargeCall(frame, target, value);
  const input = guest.read(pointers.data, pointers.length);
  const gas = smaller(BigInt.asUintN(64, pointers.gas), allButOne64th(guest.gasLeft));
  guest.removeGas(gas);
  const isDelegate = kind === 'delegate';
  const request: CallRequest = {
    execution: frame.execution,
    address: isDelegate ? frame.address : target,
    codeAddress: target,
    sender: isDelegate ? frame.sender : frame.address,
    value: isDelegate ? frame.value : value,
    input,
    isStatic: frame.isStatic || kind === 'static',
    isDelegate,
    depth: frame.depth + 1,
    gas,
    hasStipend: value > 0n,
    shared: guest.sharedLeft,
  };
  // The answer replaces it anyway: waiting frames must not hold megabytes of old ones.
  frame.returnData = emptyBytes;
  const outcome = context.call(request);
  settle(frame, outcome, pointers.lengthTarget);
  return outcome.status === 'success' ? 0 : 1;
}

/** EIP-2681. */
const nonceMax = 2n ** 64n - 2n;

interface CreatePointers {
  readonly data: number;
  readonly length: number;
  readonly value: number;
  readonly salt: number | undefined;
  readonly addressTarget: number;
  readonly lengthTarget: number;
}

/** Raises the creator's nonce, which a failed creation does not undo, and opens the frame. */
function enter(
  context: HookContext,
  creation: {
    readonly address: Uint8Array;
    readonly value: bigint;
    readonly input: Uint8Array;
    readonly gas: bigint;
    readonly nonce: bigint;
  },
): Outcome {
  const { execution, address: sender, depth, guest } = context.frame;
  execution.world.setNonce(sender, creation.nonce + 1n);
  execution.world.warmAddress(creation.address);
  return context.create({
    execution,
    sender,
    address: creation.address,
    value: creation.value,
    input: creation.input,
    gas: creation.gas,
    depth: depth + 1,
    shared: guest.sharedLeft,
  });
}

function create(context: HookContext, pointers: CreatePointers): undefined {
  const { frame, crypto } = context;
  const { guest, execution } = frame;
  const { world, table } = execution;
  if (frame.isStatic) guest.trap('creation in a static call');
  const length = pointers.length >>> 0;
  guest.chargeGas(table.gas.create + table.gas.createWord * Math.ceil(length / 32));
  if (pointers.salt !== undefined) {
    guest.chargeInk(table.ink.keccakBlock * (Math.floor(length / 136) + 1));
  }
  const value = guest.readInteger(pointers.value);
  const input = guest.read(pointers.data, length);
  const nonce = world.nonce(frame.address);
  const address =
    pointers.salt === undefined
      ? createAddress(frame.address, nonce, crypto)
      : create2Address(frame.address, guest.readFixed(pointers.salt, 32), input, crypto);
  const gas = allButOne64th(guest.gasLeft);
  guest.removeGas(gas);
  frame.returnData = emptyBytes;
  const isPossible =
    frame.depth + 1 < limits.callDepthMax &&
    world.balance(frame.address) >= value &&
    nonce < nonceMax;
  const outcome = isPossible
    ? enter(context, { address, value, input, gas, nonce })
    : { status: 'reverted' as const, output: emptyBytes, gasLeft: gas };
  const isCreated = outcome.status === 'success';
  settle(frame, isCreated ? { ...outcome, output: emptyBytes } : outcome, pointers.lengthTarget);
  guest.writeFixed(pointers.addressTarget, isCreated ? address : bigintToBytes(0n, 20));
}

export function messageHooks(context: HookContext) {
  return {
    call_contract(
      address: number,
      data: number,
      length: number,
      value: number,
      gas: bigint,
      lengthTarget: number,
    ): number {
      return call(context, { kind: 'call', address, data, length, value, gas, lengthTarget });
    },
    delegate_call_contract(
      address: number,
      data: number,
      length: number,
      gas: bigint,
      lengthTarget: number,
    ): number {
      const kind = 'delegate';
      return call(context, { kind, address, data, length, value: undefined, gas, lengthTarget });
    },
    static_call_contract(
      address: number,
      data: number,
      length: number,
      gas: bigint,
      lengthTarget: number,
    ): number {
      const kind = 'static';
      return call(context, { kind, address, data, length, value: undefined, gas, lengthTarget });
    },
    create1(
      data: number,
      length: number,
      value: number,
      addressTarget: number,
      lengthTarget: number,
    ): undefined {
      create(context, { data, length, value, salt: undefined, addressTarget, lengthTarget });
    },
    create2(
      data: number,
      length: number,
      value: number,
      salt: number,
      addressTarget: number,
      lengthTarget: number,
    ): undefined {
      create(context, { data, length, value, salt, addressTarget, lengthTarget });
    },
  };
}
