/** `dodona_security`: what the work above a block means, in probabilities. */

import type { HeaderEntry } from '../../primitives/block.ts';
import { displayId } from '../../primitives/header.ts';
import { workOfBits } from '../../primitives/work.ts';
import type { ChainReader } from '../backend.ts';
import { RpcError } from '../errors.ts';
import type { Json } from '../format.ts';
import {
  countParams,
  invalid,
  type JsonObject,
  object,
  optional,
  type Params,
} from '../parameters.ts';
import {
  blocksMax,
  nakamotoRisk,
  renTolerance,
  rosenfeldRisk,
  tightTolerance,
} from '../security.ts';
import { requireEntry } from './blocks.ts';

/** Blocks over which spacing and peak work are taken: half an hour of mainnet. */
const windowBlocks = 120;
const defaultShares = [0.1, 0.2, 0.3, 0.4, 0.45];
const defaultDelaySeconds = 2;

function fraction(value: unknown, name: string, max: number): number {
  if (typeof value === 'number' && value >= 0 && value <= max) return value;
  throw invalid(name, value, `send a number from 0 to ${max}`);
}

/** The headers of the newest blocks, genesis left out, newest first. */
function recentEntries(reader: ChainReader): readonly HeaderEntry[] {
  const entries: HeaderEntry[] = [];
  const head = reader.head();
  for (let height = head.height; height > 0 && entries.length < windowBlocks; height--) {
    const id = reader.canonical(height);
    const entry = id === undefined ? undefined : reader.header(id);
    if (entry === undefined) break;
    entries.push(entry);
  }
  return entries;
}

function security(reader: ChainReader, params: Params): Json {
  countParams(params, 2);
  const entry = requireEntry(reader, params[0], 'block');
  const options: JsonObject = optional(params[1], object, 'options') ?? {};
  const share = optional(
    options.adversaryShare,
    (value, name) => fraction(value, name, 1),
    'options.adversaryShare',
  );
  const delay =
    optional(
      options.delaySeconds,
      (value, name) => fraction(value, name, 3_600),
      'options.delaySeconds',
    ) ?? defaultDelaySeconds;
  if (reader.head().header.bits === 0) {
    throw new RpcError('server', 'no work is done here: what members have sealed is final at once');
  }
  const recent = recentEntries(reader);
  const peak = recent.reduce((most, { header }) => {
    const work = workOfBits(header.bits);
    return work > most ? work : most;
  }, 0n);
  const oldest = recent.at(-1);
  if (peak === 0n || oldest === undefined) {
    throw new RpcError('server', 'no work above genesis: there is nothing to compute yet');
  }
  const head = reader.head();
  if (reader.canonical(entry.height) !== entry.id) {
    throw new RpcError('server', `block ${entry.height} is on a side branch: its risk is 1`);
  }
  // Counted in work, as `safe` and `finalized` are: blocks after an outage weigh less.
  const above = Math.min(blocksMax, Number((head.work - entry.work) / peak));
  const blocks = Math.max(1, head.height - oldest.height);
  const spacing = Math.max(1, (head.header.time - oldest.header.time) / blocks);
  return {
    block: { id: displayId(entry.id), height: entry.height },
    blocksWorthAbove: above,
    risks: (share === undefined ? defaultShares : [share]).map((q) => ({
      adversaryShare: q,
      nakamoto: nakamotoRisk(q, above),
      rosenfeld: rosenfeldRisk(q, above + 1),
    })),
    delay: {
      spacingSeconds: spacing,
      delaySeconds: delay,
      tolerableShareRen: renTolerance(spacing, delay),
      tolerableShareTight: tightTolerance(spacing, delay),
    },
  };
}

export const securityReads = { dodona_security: security };
