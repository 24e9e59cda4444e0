/** What a consortium's nodes tell: who its members are, where they stand, and who sealed a block. */

import { toHex } from '../../primitives/bytes.ts';
import { displayId } from '../../primitives/header.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { decodeSeal, votePayload } from '../../primitives/seal.ts';
import type { ChainReader, ConsortiumCounts, ConsortiumInfo, NodeBackend } from '../backend.ts';
import { RpcError } from '../errors.ts';
import { hexData, hexQuantity, type Json } from '../format.ts';
import { countParams, type Params } from '../parameters.ts';
import { requireEntry } from './blocks.ts';
import type { NodeMethods } from './method.ts';

async function requireConsortium(backend: NodeBackend): Promise<ConsortiumInfo> {
  const { consortium } = await backend.status();
  if (consortium !== undefined) return consortium;
  throw new RpcError('methodNotFound', 'this network is no consortium: it has no members');
}

/** Tenths of a second count; an instant that is not known is null. */
function secondsBetween(fromMs: number | undefined, untilMs: number | undefined): number | null {
  if (fromMs === undefined || untilMs === undefined) return null;
  return Math.round((untilMs - fromMs) / 100) / 10;
}

function countsJson({ latencyMs, ...counts }: ConsortiumCounts): Json {
  const { blocks, emptyBlocks, transactions, largestBlock } = counts;
  const { p50, p99, max } = latencyMs;
  return {
    blocks,
    emptyBlocks,
    transactions,
    largestBlock,
    latencyMs: { p50: p50 ?? null, p99: p99 ?? null, max: max ?? null },
  };
}

function statusJson(consortium: ConsortiumInfo, nowMs: number): Json {
  const { view, phase, primary, quorum, faults, self, viewDeadlineMs, viewChanges } = consortium;
  const { statistics } = consortium;
  return {
    view,
    phase,
    diverged: phase === 'diverged',
    primary,
    self: self ?? null,
    quorum,
    faults,
    viewTimeoutSeconds: secondsBetween(nowMs, viewDeadlineMs),
    viewChanges,
    statistics: statistics === undefined ? null : countsJson(statistics),
    members: consortium.members.map((member, index) => ({
      index,
      key: `0x${member.key}`,
      address: checksumAddress(Buffer.from(member.address, 'hex')),
      view: member.view,
      height: member.height,
      lastSeenSeconds: index === self ? 0 : secondsBetween(member.lastSeenMs, nowMs),
      evidence: member.evidence ?? null,
    })),
  };
}

/**
 * `payload` is what each signature signs. `members` are those of the block's height, in order: a
 * client that trusts the parent finds their hash in its record's `extraData`. Null where this node
 * did not follow the chain at that height.
 */
function getSeal(reader: ChainReader, params: Params): Json {
  countParams(params, 1);
  const [block] = params;
  const isHeight = typeof block === 'number' && Number.isSafeInteger(block) && block >= 0;
  const entry = requireEntry(reader, isHeight ? hexQuantity(block) : block, 'block');
  const seal = reader.block(entry.id)?.seal;
  if (seal === undefined) {
    throw new RpcError('notFound', `block ${entry.height} has no seal: members sealed none`);
  }
  const { view, signatures } = decodeSeal(seal);
  const subject = {
    genesisId: reader.network.genesisHash,
    height: entry.height,
    id: entry.id,
  };
  return {
    block: { id: displayId(entry.id), height: entry.height },
    view,
    payload: hexData(votePayload('commit', view, subject)),
    signatures: [...signatures].map(([member, signature]) => ({
      member,
      signature: `0x${toHex(signature)}`,
    })),
    seal: hexData(seal),
    members:
      reader.membersAt(entry.height)?.map(({ key, address }) => ({
        key: hexData(key),
        address: checksumAddress(address),
      })) ?? null,
  };
}

export const consortiumReads = { pbft_getSeal: getSeal };

export const consortiumMethods: NodeMethods = {
  pbft_status: {
    access: 'public',
    run: async ({ backend }, params) => {
      countParams(params, 0);
      return statusJson(await requireConsortium(backend), Date.now());
    },
  },
};
