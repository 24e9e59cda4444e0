/** What the header and record of a consortium block must be, execution aside. */

import { type Block, checkBody, type HeaderEntry } from '../../primitives/block.ts';
import { equalBytes, type Hex, isZero, toHex } from '../../primitives/bytes.ts';
import { baseVersion, type Header, headerId } from '../../primitives/header.ts';
import type { PbftState } from './state.ts';

/** A consortium has no work: bits and nonce are zero, and so is the work of its chain. */
export const consortiumBits = 0;

/** Why `header` cannot follow `parent`; undefined when it can. */
export function headerFault(header: Header, parent: HeaderEntry): string | undefined {
  if (toHex(header.previous) !== parent.id) return 'wrong-parent';
  if (header.version !== baseVersion) return 'wrong-version';
  if (header.bits !== consortiumBits || header.nonce !== 0) return 'has-work';
  if (header.time < parent.header.time) return 'time-too-old';
  return undefined;
}

/** Why `block` cannot follow `parent` whatever its execution says; undefined when it can. */
export function blockFault(
  state: PbftState,
  block: Block,
  parent: HeaderEntry,
): string | undefined {
  const { header, record } = block;
  const fault = headerFault(header, parent) ?? checkBody(block, state.environment.crypto);
  if (fault !== undefined) return fault;
  if (record.height !== parent.height + 1) return 'wrong-height';
  // A governance contract may change the next block's members: then only execution can tell.
  const isExpected = state.isGoverned || equalBytes(record.extraData, state.committee.hash);
  if (!isExpected) return 'wrong-members';
  if (!isZero(record.extranonce)) return 'has-extranonce';
  const { members } = state.committee;
  const isMember = members.some(({ address }) => equalBytes(address, record.beneficiary));
  return isMember ? undefined : 'wrong-beneficiary';
}

/** The header placed on `parent`. */
export function entryOf(state: PbftState, header: Header, parent: HeaderEntry): HeaderEntry {
  const id: Hex = headerId(header, state.environment.crypto);
  return { id, header, height: parent.height + 1, work: parent.work };
}
