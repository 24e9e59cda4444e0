/**
 * Hooks for 256-bit arithmetic and Keccak-256. Results replace the first operand, division by zero
 * gives zero, powers wrap: the EVM's rules.
 */

import type { HookContext } from './frame.ts';

const wordMask = (1n << 256n) - 1n;

/** base^exponent modulo 2^256, by squaring. */
function wrappingPower(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) & wordMask;
    square = (square * square) & wordMask;
  }
  return result;
}

function byteLength(value: bigint): number {
  return Math.ceil(value.toString(16).length / 2);
}

export function mathHooks(context: HookContext) {
  const read = (pointer: number): bigint => context.frame.guest.readInteger(pointer);
  const write = (pointer: number, value: bigint): undefined => {
    context.frame.guest.writeInteger(pointer, value);
  };
  return {
    math_div(first: number, second: number): undefined {
      const divisor = read(second);
      write(first, divisor === 0n ? 0n : read(first) / divisor);
    },
    math_mod(first: number, second: number): undefined {
      const modulus = read(second);
      write(first, modulus === 0n ? 0n : read(first) % modulus);
    },
    math_pow(first: number, second: number): undefined {
      const exponent = read(second);
      const { guest, execution } = context.frame;
      guest.chargeInk(execution.table.ink.mathPowByte * byteLength(exponent));
      write(first, wrappingPower(read(first), exponent));
    },
    math_add_mod(first: number, second: number, third: number): undefined {
      const modulus = read(third);
      write(first, modulus === 0n ? 0n : (read(first) + read(second)) % modulus);
    },
    math_mul_mod(first: number, second: number, third: number): undefined {
      const modulus = read(third);
      write(first, modulus === 0n ? 0n : (read(first) * read(second)) % modulus);
    },
    native_keccak256(pointer: number, length: number, target: number): undefined {
      const { guest, execution } = context.frame;
      // Padding always adds a byte: 136 bytes are two blocks.
      const blocks = Math.floor((length >>> 0) / 136) + 1;
      const { keccakBlock, hostByte } = execution.table.ink;
      guest.chargeInk(keccakBlock * blocks + hostByte * (length >>> 0));
      guest.hash(context.keccak, pointer, length, target);
    },
  };
}
