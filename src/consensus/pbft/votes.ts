/**
 * Votes of one height: who said what last, when a quorum is there, and who said two things. Only
 * verified votes come in here.
 */

import type { Hex } from '../../primitives/bytes.ts';
import type { VoteSet } from '../../primitives/seal.ts';
import type { Evidence, Vote } from './messages.ts';

export class VoteBook {
  /** Latest by view, of each member, of the height in flight and the one after it. */
  #votes = new Map<number, Map<number, Vote>>();

  /** The vote of `member` at `height`. */
  get(height: number, member: number): Vote | undefined {
    return this.#votes.get(height)?.get(member);
  }

  /**
   * Keeps a vote unless a later one of its member is there.
   * @returns evidence when the member has voted for another block in the same view and height
   */
  add(vote: Vote): Evidence | undefined {
    const ofHeight = this.#votes.get(vote.height) ?? new Map<number, Vote>();
    this.#votes.set(vote.height, ofHeight);
    const known = ofHeight.get(vote.member);
    if (known !== undefined && known.view === vote.view) {
      return known.id === vote.id ? undefined : { kind: 'evidence', first: known, second: vote };
    }
    if (known === undefined || known.view < vote.view) ofHeight.set(vote.member, vote);
    return undefined;
  }

  /** The block and view that `quorum` members of this height agree on. */
  decided(
    height: number,
    quorum: number,
  ): { readonly id: Hex; readonly votes: VoteSet } | undefined {
    for (const { id, view } of this.#votes.get(height)?.values() ?? []) {
      const votes = this.votesFor(height, view, id);
      if (votes.signatures.size >= quorum) return { id, votes };
    }
    return undefined;
  }

  /** The signatures for one block in one view. */
  votesFor(height: number, view: number, id: Hex): VoteSet {
    const signatures = new Map<number, Uint8Array>();
    for (const vote of this.#votes.get(height)?.values() ?? []) {
      if (vote.view === view && vote.id === id) signatures.set(vote.member, vote.signature);
    }
    return { view, signatures };
  }

  /** Forgets everything. */
  clear(): void {
    this.#votes.clear();
  }

  /** Forgets the heights before `height`. */
  prune(height: number): void {
    for (const old of this.#votes.keys()) if (old < height) this.#votes.delete(old);
  }
}
