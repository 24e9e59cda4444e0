/**
 * Stratum v1 to the byte: lines of JSON, and the word orders that miners inherited from getwork.
 * Numbers are eight big-endian hexadecimal digits; the parent's id has each 4-byte word reversed.
 */

import { fromHex, toHex } from '../../primitives/bytes.ts';
import type { Template } from '../template.ts';

export type RequestId = string | number | null;

export interface StratumRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Error codes in use since the first pools. */
export const stratumCodes = {
  other: 20,
  jobNotFound: 21,
  duplicate: 22,
  lowDifficulty: 23,
  unauthorized: 24,
  notSubscribed: 25,
} as const;

export type StratumCode = (typeof stratumCodes)[keyof typeof stratumCodes];

/** A request from a line, or undefined when the line is none. Answers to us are none either. */
export function parseRequest(line: string): StratumRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { id = null, method, params } = value as Record<string, unknown>;
  // Some miners write null where there is nothing to say.
  const list = params ?? [];
  if (typeof method !== 'string' || !Array.isArray(list)) return undefined;
  if (id !== null && typeof id !== 'number' && typeof id !== 'string') return undefined;
  return { id, method, params: list };
}

/** Whether a line answers something that we asked (`client.get_version` and the like). */
export function isAnswer(line: string): boolean {
  return /^\s*\{/.test(line) && /"result"\s*:/.test(line) && !/"method"\s*:/.test(line);
}

export function resultLine(id: RequestId, result: unknown): string {
  return JSON.stringify({ id, result, error: null });
}

/** `result` is null, or false where miners expect a truth value. */
export function errorLine(
  id: RequestId,
  code: StratumCode,
  text: string,
  result: null | false = null,
): string {
  return JSON.stringify({ id, result, error: [code, text, null] });
}

export function notification(method: string, params: readonly unknown[]): string {
  return JSON.stringify({ id: null, method, params });
}

/** Eight hexadecimal digits, most significant first. */
export function hexNumber(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** The u32 of exactly eight hexadecimal digits, or undefined. */
export function parseHexNumber(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]{8}$/.test(value)) return undefined;
  return Number.parseInt(value, 16);
}

/** Bytes of `sizeBytes` in hexadecimal, or undefined. */
export function parseHexBytes(value: unknown, sizeBytes: number): Uint8Array | undefined {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]*$/.test(value)) return undefined;
  return value.length === 2 * sizeBytes ? fromHex(value) : undefined;
}

/** The parent's id as `mining.notify` writes it: hash order with each 4-byte word reversed. */
export function previousField(previous: Uint8Array): string {
  const swapped = previous.slice();
  for (let word = 0; word < swapped.length; word += 4) swapped.subarray(word, word + 4).reverse();
  return toHex(swapped);
}

/**
 * `mining.notify` for a template. Coinbase 1 is the record up to the extranonce, coinbase 2 is
 * empty, and so is the branch list: the record is the tree's only leaf.
 * @param clean earlier jobs are worthless
 */
export function notifyLine(job: string, template: Template, clean: boolean): string {
  const { header, recordPrefix } = template;
  return notification('mining.notify', [
    job,
    previousField(header.previous),
    toHex(recordPrefix),
    '',
    [],
    hexNumber(header.version),
    hexNumber(header.bits),
    hexNumber(header.time),
    clean,
  ]);
}
