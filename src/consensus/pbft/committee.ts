/**
 * Who may vote at the height in flight. Where a contract keeps the list, block h changes it for
 * h + 1: signatures of one list say nothing under another, so what was not bound to a view or a
 * height alone is dropped with the old list and said again under the new one.
 */

import { equalBytes } from '../../primitives/bytes.ts';
import type { Crypto } from '../../primitives/crypto.ts';
import { faultsOf, type Member, membersHash, quorumOf } from '../../primitives/seal.ts';
import type { Environment } from '../protocol.ts';
import type { PbftParameters } from './parameters.ts';

export interface Committee {
  /** In this order they become primary. */
  readonly members: readonly Member[];
  /** Byzantine members tolerated, f. */
  readonly faults: number;
  /** Votes that decide, q. */
  readonly quorum: number;
  /** What the parent's `extraData` says of these members. */
  readonly hash: Uint8Array;
}

/** The members with what follows from their number. */
export function committeeOf(members: readonly Member[], crypto: Crypto): Committee {
  const { length } = members;
  return {
    members,
    faults: faultsOf(length),
    quorum: quorumOf(length),
    hash: membersHash(members, crypto),
  };
}

/**
 * The committee of the block after the stored head: from the state where a contract keeps it.
 * @throws Error when contract and parameters begin differently: two nodes could disagree on them.
 */
export function firstCommittee(parameters: PbftParameters, environment: Environment): Committee {
  const { chain, crypto } = environment;
  const listed = committeeOf(parameters.members, crypto);
  const stored = environment.members?.();
  if (stored === undefined) return listed;
  const committee = committeeOf(stored, crypto);
  if (chain.head().height === 0 && !equalBytes(committee.hash, listed.hash)) {
    throw new Error(
      'genesis.consensus.parameters.members are not those that the governance contract is constructed with: make them equal, in the same order',
    );
  }
  return committee;
}

/** Place of a key in the list; undefined when it is not there. */
export function placeOf(
  members: readonly Member[],
  key: Uint8Array | undefined,
): number | undefined {
  const place = members.findIndex((member) => key !== undefined && equalBytes(member.key, key));
  return place < 0 ? undefined : place;
}
