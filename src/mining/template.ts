/**
 * A block template as miners see it: a header and the coinbase record that it commits to. Miners
 * choose the record's last 16 bytes (the extranonce), the BIP320 version bits and the nonce.
 */

import { concat } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { decodeHeader, type Header } from '../primitives/header.ts';
import { recordSizeBytes } from '../primitives/record.ts';
import { targetOfBits } from '../primitives/work.ts';

export const extranonceSizeBytes = 16;
/** Bytes of the record before the extranonce: the same for everyone who works on a template. */
export const recordPrefixSizeBytes: number = recordSizeBytes - extranonceSizeBytes;

export interface Template {
  /** Name of the block at its maker's. */
  readonly id: string;
  readonly header: Header;
  /** 192 bytes: the record up to its extranonce. */
  readonly recordPrefix: Uint8Array;
  readonly height: number;
  readonly target: bigint;
}

/** What a miner chose. */
export interface Solution {
  /** 16 bytes. */
  readonly extranonce: Uint8Array;
  readonly version: number;
  readonly nonce: number;
}

/**
 * A template from the bytes of its block's header and record.
 * @throws RangeError when the bits stand for no target: the maker is broken
 */
export function createTemplate(id: string, header: Uint8Array, record: Uint8Array): Template {
  const decoded = decodeHeader(header);
  const target = targetOfBits(decoded.bits);
  if (target === undefined) throw new RangeError(`bits ${decoded.bits} stand for no target`);
  const height = Number(new DataView(record.buffer, record.byteOffset).getBigUint64(4));
  const recordPrefix = record.slice(0, recordPrefixSizeBytes);
  return { id, header: decoded, recordPrefix, height, target };
}

/** The header that a solution stands for: its commitment covers the extranonce. */
export function solvedHeader(template: Template, solution: Solution, crypto: Crypto): Header {
  const record = concat(template.recordPrefix, solution.extranonce);
  const { version, nonce } = solution;
  return { ...template.header, commitment: crypto.sha256d(record), version, nonce };
}
