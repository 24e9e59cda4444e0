/**
 * What makes a header valid on its parent: work first (the cheapest filter there is), version,
 * required bits, time. A header from the future is not invalid: it is judged again later.
 */

import type { HeaderEntry } from '../../primitives/block.ts';
import { type Hex, toHex } from '../../primitives/bytes.ts';
import type { Crypto } from '../../primitives/crypto.ts';
import { encodeHeader, type Header, isVersionValid } from '../../primitives/header.ts';
import { encodeCompact, meetsTarget, targetOfBits, workOfBits } from '../../primitives/work.ts';
import { asertTarget } from './asert.ts';
import type { PowParameters } from './parameters.ts';

/** Parameters and genesis bits, with the targets they stand for. */
export interface ChainRules {
  readonly parameters: PowParameters;
  readonly genesisBits: number;
  readonly genesisTarget: bigint;
  readonly limitTarget: bigint;
}

/** A header in its chain, with what the rules for its child need. */
export interface ChainPoint extends HeaderEntry {
  /** Time of block 1 of this branch: ASERT's anchor. Not used by genesis. */
  readonly anchorTime: number;
  readonly parentId: Hex;
}

/** Wrong for ever, whatever the clock or the view says. */
export type HeaderFault =
  | 'bits-invalid'
  | 'work-missing'
  | 'version-invalid'
  | 'bits-unexpected'
  | 'time-too-old';

/** @throws Error when the genesis bits or limit cannot be used. */
export function createRules(parameters: PowParameters, genesisBits: number): ChainRules {
  const genesisTarget = targetOfBits(genesisBits);
  const limitTarget = targetOfBits(parameters.limitBits ?? genesisBits);
  if (genesisTarget === undefined || limitTarget === undefined) {
    throw new Error(`genesis.bits is ${genesisBits}: no valid compact target`);
  }
  if (genesisTarget > limitTarget) {
    throw new Error('genesis.bits is easier than genesis.consensus.parameters.limitBits: raise it');
  }
  return { parameters, genesisBits, genesisTarget, limitTarget };
}

/**
 * Bits that a child of `parent` must carry. Block 1 carries the genesis bits and is the anchor; its
 * parent's time counts as one spacing before its own, so that a late launch owes no blocks.
 */
export function requiredBits(parent: ChainPoint, rules: ChainRules): number {
  const { parameters, genesisBits, genesisTarget, limitTarget } = rules;
  if (parameters.difficulty === 'fixed' || parent.height === 0) return genesisBits;
  const schedule = {
    anchorTarget: genesisTarget,
    spacing: parameters.spacing,
    halfLife: parameters.halfLife,
    limit: limitTarget,
  };
  const sinceAnchorParent = parent.header.time - (parent.anchorTime - parameters.spacing);
  return encodeCompact(asertTarget(schedule, sinceAnchorParent, parent.height - 1));
}

/** What can be said of a header alone: it proves the work it claims, and claims enough of it. */
export function checkWork(
  header: Header,
  hash: Uint8Array,
  rules: ChainRules,
): HeaderFault | undefined {
  const target = targetOfBits(header.bits);
  if (target === undefined || target > rules.limitTarget) return 'bits-invalid';
  if (!meetsTarget(hash, header.bits)) return 'work-missing';
  return isVersionValid(header.version) ? undefined : 'version-invalid';
}

/** What its parent demands of a header. Bits are compared as u32, so that they are canonical. */
export function checkOnParent(
  parent: ChainPoint,
  header: Header,
  rules: ChainRules,
): HeaderFault | undefined {
  if (header.bits !== requiredBits(parent, rules)) return 'bits-unexpected';
  if (header.time < parent.header.time + rules.parameters.step) return 'time-too-old';
  return undefined;
}

/** Wall milliseconds from which a header of this time is acceptable. */
export function acceptableFromMs(time: number, rules: ChainRules): number {
  return (time - rules.parameters.futureLimit) * 1000;
}

/** Raw hash and id of a header: SHA-256d of its 80 bytes. */
export function hashHeader(header: Header, crypto: Crypto): { hash: Uint8Array; id: Hex } {
  const hash = crypto.sha256d(encodeHeader(header));
  return { hash, id: toHex(hash) };
}

/** The point that `header` makes on top of `parent`. Nothing is checked. */
export function extend(parent: ChainPoint, header: Header, id: Hex): ChainPoint {
  return {
    id,
    parentId: parent.id,
    header,
    height: parent.height + 1,
    work: parent.work + workOfBits(header.bits),
    anchorTime: parent.height === 0 ? header.time : parent.anchorTime,
  };
}
