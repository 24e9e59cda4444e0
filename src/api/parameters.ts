/**
 * Strict reading of JSON-RPC parameters. Every refusal is -32602 and names the parameter, the value
 * that came and what to send instead.
 */

import { fromHex, type Hex, reverseBytes, toHex } from '../primitives/bytes.ts';
import { parseAddress } from '../primitives/keys.ts';
import { RpcError } from './errors.ts';

export type Params = readonly unknown[];

const shownCharactersMax = 80;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= shownCharactersMax ? text : `${text.slice(0, shownCharactersMax)}…`;
}

/** The error for a parameter: `name` is what the documentation calls it, `remedy` what to send. */
export function invalid(name: string, value: unknown, remedy: string): RpcError {
  return new RpcError('invalidParams', `invalid params: ${name} is ${shown(value)}: ${remedy}`);
}

/** Refuses more parameters than a method has, so that a misplaced one is noticed. */
export function countParams(params: Params, max: number): void {
  if (params.length > max) {
    throw new RpcError(
      'invalidParams',
      `invalid params: ${params.length} came, this method takes at most ${max}`,
    );
  }
}

/** `parse`d, or undefined when the parameter is missing or null. */
export function optional<Value>(
  value: unknown,
  parse: (value: unknown, name: string) => Value,
  name: string,
): Value | undefined {
  return value === undefined || value === null ? undefined : parse(value, name);
}

/** An Ethereum quantity: minimal hexadecimal, at most 256 bits. */
export function quantity(value: unknown, name: string): bigint {
  const remedy = 'send a quantity as 0x hex without leading zeros, such as "0x1a"';
  if (typeof value !== 'string' || !/^0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})$/.test(value)) {
    throw invalid(name, value, remedy);
  }
  return BigInt(value);
}

/** A quantity that fits a number exactly: heights, counts, indexes. */
export function integer(value: unknown, name: string): number {
  const parsed = quantity(value, name);
  if (parsed > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(name, value, 'send less than 2^53');
  return Number(parsed);
}

/** A quantity or a plain JSON number: `eth_feeHistory` and our own methods take both. */
export function looseInteger(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return integer(value, name);
}

/** Byte string as 0x hex of even length; of exactly `length` bytes when given. */
export function bytes(value: unknown, name: string, length?: number): Uint8Array {
  const wanted = length === undefined ? '0x and an even number of' : `0x and ${2 * length}`;
  const remedy = `send ${wanted} hexadecimal digits`;
  if (typeof value !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(value)) {
    throw invalid(name, value, remedy);
  }
  if (length !== undefined && value.length !== 2 + 2 * length) throw invalid(name, value, remedy);
  return fromHex(value);
}

/** Twenty bytes; mixed capitals must be the EIP-55 checksum. */
export function address(value: unknown, name: string): Uint8Array {
  try {
    return parseAddress(typeof value === 'string' ? value : shown(value));
  } catch (error) {
    throw new RpcError('invalidParams', `invalid params: ${name}: ${(error as Error).message}`);
  }
}

/** A storage slot: up to 32 bytes of hex, padded on the left. Wallets send both forms. */
export function slot(value: unknown, name: string): Uint8Array {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) {
    throw invalid(name, value, 'send a storage slot as 0x and 1 to 64 hexadecimal digits');
  }
  return fromHex(value.slice(2).padStart(64, '0'));
}

/** A block id in display order, as JSON-RPC shows it; returned in hash order. */
export function blockId(value: unknown, name: string): Hex {
  return toHex(reverseBytes(bytes(value, name, 32)));
}

export function boolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw invalid(name, value, 'send true or false');
  return value;
}

export function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(name, value, 'send a text');
  return value;
}

export function list(value: unknown, name: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(name, value, 'send a list');
  if (value.length > max) throw invalid(name, `${value.length} items`, `send at most ${max}`);
  return value;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** A JSON object. Unknown members are left alone: clients add fields of later standards. */
export function object(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(name, value, 'send a JSON object');
  }
  return value as JsonObject;
}

const blockTags = ['latest', 'pending', 'safe', 'finalized', 'earliest'] as const;
export type BlockTag = (typeof blockTags)[number];

/** Which block a request means. */
export type BlockSelector =
  | { readonly kind: 'tag'; readonly tag: BlockTag }
  | { readonly kind: 'height'; readonly height: number }
  | { readonly kind: 'id'; readonly id: Hex; readonly requireCanonical: boolean };

/** A height, a tag, or the objects of EIP-1898. A missing parameter means `latest`. */
export function blockSelector(value: unknown, name: string): BlockSelector {
  if (value === undefined || value === null) return { kind: 'tag', tag: 'latest' };
  if (typeof value === 'object') {
    const members = object(value, name);
    if (members.blockHash !== undefined) {
      return {
        kind: 'id',
        id: blockId(members.blockHash, `${name}.blockHash`),
        requireCanonical: members.requireCanonical === true,
      };
    }
    return { kind: 'height', height: integer(members.blockNumber, `${name}.blockNumber`) };
  }
  const tag = blockTags.find((known) => known === value);
  if (tag !== undefined) return { kind: 'tag', tag };
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value)) {
    return { kind: 'id', id: blockId(value, name), requireCanonical: false };
  }
  if (typeof value === 'string' && /^0x/.test(value))
    return { kind: 'height', height: integer(value, name) };
  throw invalid(name, value, `send a 0x height, a block hash or one of ${blockTags.join(', ')}`);
}
