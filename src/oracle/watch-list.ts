/**
 * The assertions that a watching agent has an eye on, and the bonds it has given: all of it read
 * from the chain, so that a restart forgets nothing.
 */

import { limits } from '../primitives/limits.ts';
import type { Assertion, AssertionClient } from './assertions.ts';
import { type Claim, claimText, parseClaim } from './claim.ts';
import { type ContractAddress, ContractRefusal } from './contracts.ts';
import type { Verdict } from './verdict.ts';

/** What is known of an assertion; all but `sent` can be found out again. */
export interface Watched {
  readonly id: `0x${string}`;
  readonly text: string | undefined;
  readonly claim: Claim | undefined;
  /** As of the last head; undefined when the chain does not have it. */
  assertion: Assertion | undefined;
  verdict: Verdict | undefined;
  /** The dispute that left here and is not in a block yet; without a hash in a dry run. */
  sent: { readonly hash: string | undefined; readonly height: number } | undefined;
  /** Said once each. */
  readonly said: Set<string>;
}

/** Reorganisations up to this depth lose no assertion: so many blocks are read again. */
const overlapBlocks = 64;
/** Assertions that are read or judged at the same time. */
const atOnce = 16;

const settledStates: ReadonlySet<string> = new Set(['true', 'false', 'undecided']);

/** Runs for each item, a few at a time. */
export async function inGroups<Item>(
  items: readonly Item[],
  run: (item: Item) => Promise<void>,
): Promise<void> {
  for (let first = 0; first < items.length; first += atOnce) {
    await Promise.all(items.slice(first, first + atOnce).map(run));
  }
}

export class WatchList {
  readonly #client: AssertionClient;
  readonly #account: string;
  readonly #watched = new Map<string, Watched>();
  /** Ids that this account has paid a dispute for. */
  readonly #paid = new Set<string>();
  #scannedTo: number | undefined;
  /** Bonds of lost disputes that are no longer listed. */
  #lost = 0n;

  constructor(client: AssertionClient, account: ContractAddress) {
    this.#client = client;
    this.#account = account.toLowerCase();
  }

  /** Takes over what the blocks up to `height` say. @returns whether there was room for all */
  async follow(height: number): Promise<boolean> {
    const isComplete = await this.#scan(height);
    await inGroups([...this.#watched.values()], (entry) => this.#refresh(entry));
    const { settleDelay } = await this.#client.terms();
    this.#forget(height - overlapBlocks - settleDelay);
    return isComplete;
  }

  /** Reads events since the last look, and a little more: blocks may have changed their place. */
  async #scan(height: number): Promise<boolean> {
    const scanned = Math.min(this.#scannedTo ?? height - limits.assertionsLookbackBlocks, height);
    const from = Math.max(0, scanned + 1 - overlapBlocks);
    const [made, paid] = await Promise.all([
      this.#client.made(from, height),
      this.#client.disputesPaidBy(this.#account as ContractAddress, from, height),
    ]);
    for (const id of paid) this.#paid.add(id);
    for (const { id, claim } of made.map((log) => log.arguments)) {
      if (this.#watched.has(id)) continue;
      if (this.#watched.size >= limits.assertionsWatchedMax) return false;
      const text = claimText(claim);
      this.#watched.set(id, {
        id,
        text,
        claim: text === undefined ? undefined : parseClaim(text),
        assertion: undefined,
        verdict: undefined,
        sent: undefined,
        said: new Set(),
      });
    }
    this.#scannedTo = height;
    return true;
  }

  async #refresh(entry: Watched): Promise<void> {
    try {
      entry.assertion = await this.#client.read(entry.id);
    } catch (error) {
      if (!(error instanceof ContractRefusal)) throw error;
      entry.assertion = undefined; // its block lost a race: it may come again
    }
  }

  /** Drops what ended before height `final`, and what the chain does not have any more. */
  #forget(final: number): void {
    for (const [id, entry] of this.#watched) {
      const { assertion } = entry;
      const isEnded = assertion === undefined || assertion.expiration < final;
      const isDue = this.isOwn(entry) && !settledStates.has(assertion?.state ?? 'true');
      if (!isEnded || isDue) continue;
      this.#lost += this.#isLost(entry) ? (assertion?.bond ?? 0n) : 0n;
      this.#watched.delete(id);
      this.#paid.delete(id);
    }
  }

  /** Assertions that block `next` may dispute, the first to close first. */
  openAt(next: number): readonly Watched[] {
    const expirationOf = ({ assertion }: Watched): number => assertion?.expiration ?? 0;
    return [...this.#watched.values()]
      .filter(({ assertion }) => assertion?.state === 'asserted' && next < assertion.expiration)
      .sort((left, right) => expirationOf(left) - expirationOf(right));
  }

  /** What this account has made or disputed and nobody has settled. */
  unsettled(): readonly Watched[] {
    return [...this.#watched.values()].filter(
      (entry) => this.isOwn(entry) && !settledStates.has(entry.assertion?.state ?? 'true'),
    );
  }

  /** Acorns in own disputes that are on their way, open or lost. */
  committed(): bigint {
    let sum = this.#lost;
    for (const entry of this.#watched.values()) {
      const { assertion, sent } = entry;
      if (assertion === undefined) continue;
      const isOnItsWay = assertion.state === 'asserted' && sent !== undefined;
      const isOpen = assertion.state === 'disputed' && this.#hasPaid(entry);
      if (isOnItsWay || isOpen || this.#isLost(entry)) sum += assertion.bond;
    }
    return sum;
  }

  /** Whether this account stands to win or lose by it. */
  isOwn({ assertion }: Watched): boolean {
    return this.#isMe(assertion?.asserter) || this.#isMe(assertion?.disputer);
  }

  isAsserter({ assertion }: Watched): boolean {
    return this.#isMe(assertion?.asserter);
  }

  /** Anyone may dispute in this account's name; that costs it nothing. */
  #hasPaid({ id, assertion }: Watched): boolean {
    return this.#paid.has(id) && this.#isMe(assertion?.disputer);
  }

  #isLost(entry: Watched): boolean {
    return entry.assertion?.state === 'true' && this.#hasPaid(entry);
  }

  #isMe(address: string | undefined): boolean {
    return address?.toLowerCase() === this.#account;
  }
}
