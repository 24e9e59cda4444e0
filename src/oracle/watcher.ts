/**
 * The watching agent: at each new block it reads new assertions, compares their claims with the
 * operator's sources, disputes wrong ones while their window is open and the bonds stay within the
 * operator's limits, and settles and claims its own. The chain is its only memory.
 */

import { limits } from '../primitives/limits.ts';
import type { Assertion, AssertionClient } from './assertions.ts';
import { printable } from './claim.ts';
import { ContractRefusal, calldata } from './contracts.ts';
import { formatDecimal } from './decimal.ts';
import { optimisticAbi } from './optimistic-abi.ts';
import { type Verdict, verdictOf } from './verdict.ts';
import type { Wallet } from './wallet.ts';
import type { WatchPlan } from './watch-file.ts';
import { inGroups, type Watched, WatchList } from './watch-list.ts';

export type WatchAction =
  /** Verdicts. */
  | Verdict['kind']
  /** The claim is none that a machine can check. */
  | 'unparsed'
  /** What is sent; in a dry run, what would be. */
  | 'dispute'
  | 'settle'
  | 'claim'
  /** Sent again for more, because no block took it. */
  | 'replace'
  /** The contract does not take the dispute: somebody else was first, or it is too late. */
  | 'refused'
  /** A wrong claim stands because the limits or the balance are too low for its bond. */
  | 'limit'
  /** The window is about to close over a claim that is not disputed. */
  | 'warning'
  | 'failed';

export interface WatchNote {
  /** Undefined for what concerns no single assertion. */
  readonly id: `0x${string}` | undefined;
  readonly action: WatchAction;
  readonly detail: string;
}

export interface WatcherOptions extends WatchPlan {
  /** Says what it would send, and sends nothing. */
  readonly dryRun: boolean;
}

interface Head {
  readonly height: number;
  /** Seconds since 1970, for the sources. */
  readonly time: number;
}

const oak = (acorns: bigint): string => `${formatDecimal(acorns, 18)} OAK`;

export class AssertionWatcher {
  readonly #client: AssertionClient;
  readonly #wallet: Wallet;
  readonly #options: WatcherOptions;
  readonly #note: (note: WatchNote) => void;
  readonly #list: WatchList;
  /** Height at which something was last sent, by the id it settles or `claim`. */
  readonly #sentAt = new Map<string, number>();
  /** Until transactions that an earlier run left in the pool are gone: one may be a dispute. */
  #mayHaveWaiting = true;
  #newest: Head | undefined;
  #busy = false;
  /** The last failure that concerned no single assertion, so that it is said once. */
  #failure: string | undefined;

  constructor(
    parts: {
      readonly client: AssertionClient;
      readonly wallet: Wallet;
      readonly note: (note: WatchNote) => void;
    },
    options: WatcherOptions,
  ) {
    this.#client = parts.client;
    this.#wallet = parts.wallet;
    this.#note = parts.note;
    this.#options = options;
    this.#list = new WatchList(parts.client, parts.wallet.address);
  }

  /** A new head; heads that come while one is handled are taken together. */
  async onHead(height: number, time: number): Promise<void> {
    this.#newest = { height, time };
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let head: Head | undefined; head !== this.#newest; ) {
        head = this.#newest as Head;
        await this.#tend(head);
      }
    } finally {
      this.#busy = false;
    }
  }

  async #tend(head: Head): Promise<void> {
    try {
      const isComplete = await this.#list.follow(head.height);
      if (!isComplete) this.#fail(`only ${limits.assertionsWatchedMax} assertions are watched`);
      const open = this.#list.openAt(head.height + 1);
      await inGroups(open, (entry) => this.#guarded(entry, () => this.#judge(entry, head.time)));
      await this.#renew(head.height);
      await this.#lookForWaiting();
      // One after the other, so that a bond is counted before the next is given.
      for (const entry of open) {
        await this.#guarded(entry, () => this.#answer(entry, head.height));
      }
      for (const entry of this.#list.unsettled()) {
        await this.#guarded(entry, () => this.#settle(entry, head.height));
      }
      await this.#claim(head.height);
      if (isComplete) this.#failure = undefined;
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  #fail(message: string): void {
    if (message !== this.#failure) this.#note({ id: undefined, action: 'failed', detail: message });
    this.#failure = message;
  }

  async #judge(entry: Watched, time: number): Promise<void> {
    const { claim, text, verdict } = entry;
    if (claim === undefined) {
      const shown = text === undefined ? 'bytes that are no text' : printable(text);
      this.#say(entry, 'unparsed', `nobody here can check: ${shown}`);
      return;
    }
    if (verdict !== undefined && verdict.kind !== 'unknown' && verdict.kind !== 'early') return;
    const { quantities, limits: own } = this.#options;
    entry.verdict = await verdictOf(claim, quantities, time, own.marginBps);
    this.#say(entry, entry.verdict.kind, `${printable(text ?? '')} (${entry.verdict.reason})`);
  }

  /** Pays more for transactions that no block takes. */
  async #renew(height: number): Promise<void> {
    if (this.#options.dryRun) return;
    const replaced = await this.#wallet.renew(height);
    if (replaced === undefined) return;
    this.#note({ id: undefined, action: 'replace', detail: replaced });
  }

  /** Whether transactions of an earlier run are still in the pool. */
  async #lookForWaiting(): Promise<void> {
    if (!this.#mayHaveWaiting) return;
    const { transport } = this.#client;
    const [mined, pending] = await Promise.all(
      ['latest', 'pending'].map((tag) =>
        transport.request('eth_getTransactionCount', [this.#wallet.address, tag]),
      ),
    );
    this.#mayHaveWaiting = BigInt(pending as string) > BigInt(mined as string);
  }

  /** Disputes what is wrong, or says why not. */
  async #answer(entry: Watched, height: number): Promise<void> {
    const { assertion, verdict } = entry;
    if (assertion === undefined || verdict === undefined || this.#list.isAsserter(entry)) return;
    const { early, warnBlocks } = this.#options.limits;
    const left = assertion.expiration - height - 1;
    const isUrgent = left <= warnBlocks;
    const isWrong = verdict.kind === 'wrong' || (verdict.kind === 'early' && early === 'dispute');
    if (!isWrong) {
      const isOpen = verdict.kind !== 'right' && isUrgent;
      if (isOpen) this.#say(entry, 'warning', `closes in ${left} blocks: ${verdict.reason}`);
      return;
    }
    if (this.#mayHaveWaiting && !isUrgent) return;
    if (await this.#isOnItsWay(entry, height)) return;
    const obstacle = await this.#obstacle(assertion);
    if (obstacle === undefined) return this.#dispute(entry, assertion, height);
    this.#say(entry, 'limit', `not disputed: ${obstacle}`);
    if (isUrgent) this.#say(entry, 'warning', `closes in ${left} blocks undisputed: ${obstacle}`);
  }

  /** Whether a dispute that was sent may still be mined. */
  async #isOnItsWay(entry: Watched, height: number): Promise<boolean> {
    const { sent } = entry;
    if (sent === undefined) return false;
    if (sent.hash === undefined || height - sent.height < limits.agentRetryBlocks) return true;
    const found = (await this.#client.transport.request('eth_getTransactionByHash', [
      sent.hash,
    ])) as { readonly blockNumber: string | null } | null;
    if (found !== null && found.blockNumber === null) return true;
    // Gone, or replaced by one with higher fees: what still waits is asked before another leaves.
    this.#mayHaveWaiting = true;
    entry.sent = undefined;
    entry.said.delete('dispute');
    return true;
  }

  /** Why this bond cannot be given; undefined when it can. */
  async #obstacle({ bond }: Assertion): Promise<string | undefined> {
    const { bondPerAssertion, bondTotal } = this.#options.limits;
    if (bond > bondPerAssertion) {
      return `its bond is ${oak(bond)}, bond_per_assertion is ${oak(bondPerAssertion)}`;
    }
    const committed = this.#list.committed();
    if (committed + bond > bondTotal) {
      return `its bond is ${oak(bond)}, ${oak(committed)} of bond_total ${oak(bondTotal)} are given`;
    }
    const { address } = this.#wallet;
    const balance = BigInt(
      (await this.#client.transport.request('eth_getBalance', [address, 'latest'])) as string,
    );
    if (balance > bond) return undefined;
    return `its bond is ${oak(bond)}, ${address} has ${oak(balance)}`;
  }

  async #dispute(entry: Watched, { id, bond }: Assertion, height: number): Promise<void> {
    const { address } = this.#wallet;
    const data = calldata(optimisticAbi, 'disputeAssertion', [id, address]);
    try {
      const hash = await this.#send(data, bond);
      entry.sent = { hash, height };
      this.#say(entry, 'dispute', `bond ${oak(bond)}`);
    } catch (error) {
      if (!(error instanceof ContractRefusal)) throw error;
      this.#say(entry, 'refused', error.message);
    }
  }

  /** Ends an own assertion or dispute as soon as the contract allows it. */
  async #settle(entry: Watched, height: number): Promise<void> {
    const { assertion, id } = entry;
    if (assertion === undefined || !this.#isDue(id, height)) return;
    if ((await this.#client.phase(assertion, height + 1)) !== 'settle') return;
    this.#sentAt.set(id, height);
    try {
      await this.#send(calldata(optimisticAbi, 'settleAssertion', [id]), 0n);
      this.#say(entry, 'settle', '');
    } catch (error) {
      // Anyone may settle: being second is no trouble.
      if (!(error instanceof ContractRefusal)) throw error;
    }
  }

  async #claim(height: number): Promise<void> {
    const waiting = await this.#client.claimable(this.#wallet.address);
    if (waiting === 0n || waiting < this.#options.limits.claimFrom) return;
    if (!this.#isDue('claim', height)) return;
    this.#sentAt.set('claim', height);
    await this.#send(calldata(optimisticAbi, 'claim', []), 0n);
    this.#note({ id: undefined, action: 'claim', detail: oak(waiting) });
  }

  /** The hash of what was sent; undefined in a dry run, which sends nothing. */
  async #send(data: `0x${string}`, value: bigint): Promise<string | undefined> {
    if (this.#options.dryRun) return undefined;
    return this.#wallet.send({ to: this.#client.address, data, value });
  }

  #isDue(action: string, height: number): boolean {
    const sent = this.#sentAt.get(action);
    // In a dry run nothing will ever show on the chain.
    return (
      sent === undefined || (!this.#options.dryRun && height - sent >= limits.agentRetryBlocks)
    );
  }

  /** Runs for one assertion: what fails there is said, tried again, and stops nothing else. */
  async #guarded(entry: Watched, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#say(entry, 'failed', (error as Error).message);
    }
  }

  /** Once an action and detail, so that an agent that looks at every block does not repeat itself. */
  #say({ id, said }: Watched, action: WatchAction, detail: string): void {
    const once = action === 'failed' ? `${action} ${detail}` : action;
    if (said.has(once)) return;
    said.add(once);
    this.#note({ id, action, detail });
  }
}
