/**
 * The hand of a reporter agent: sends what is due, not more often than it can show on the chain, and
 * says and counts what it did. A dry hand checks and says, and sends nothing.
 */

import { limits } from '../primitives/limits.ts';
import { AgentMetrics } from './agent-metrics.ts';
import type { Feed } from './client.ts';
import type { Outgoing, Wallet } from './wallet.ts';

export type AgentAction =
  | 'commit'
  | 'reveal'
  | 'finalize'
  | 'resolve'
  | 'settle'
  | 'claim'
  | 'poke'
  | 'replace'
  /** Left out: the feed needs no report now, or the account has no seat in this round. */
  | 'rest'
  /** No commitment in a whole round, for lack of sources. */
  | 'silent'
  /** A reveal that was promised and did not come in time. */
  | 'missed'
  /** Another copy of the agent reports for this account: no more commitments for the feed. */
  | 'stopped'
  | 'failed';

export interface AgentNote {
  readonly reporter: string;
  /** Name of the feed; empty when it is about the account alone. */
  readonly feed: string;
  readonly round: number;
  readonly action: AgentAction;
  readonly detail: string;
  /** False in a dry run: it would have been sent. */
  readonly sent: boolean;
}

/** Blocks for which a sent action is remembered. */
const rememberedBlocks = 64;

export class AgentHand {
  readonly wallet: Wallet;
  readonly isDry: boolean;
  readonly metrics: AgentMetrics;
  readonly #reporter: string;
  readonly #note: (note: AgentNote) => void;
  /** Height at which an action was last done, by its name. */
  readonly #doneAt = new Map<string, number>();
  #height = 0;

  constructor(
    parts: { readonly wallet: Wallet; readonly note: (note: AgentNote) => void },
    options: { readonly reporter: string; readonly isDry: boolean },
  ) {
    this.wallet = parts.wallet;
    this.isDry = options.isDry;
    this.metrics = new AgentMetrics(options.reporter);
    this.#reporter = options.reporter;
    this.#note = parts.note;
  }

  /** A new head. Forgets what was sent long ago: by now it is on the chain or will never be. */
  at(height: number, time: number): void {
    this.#height = height;
    this.metrics.at(time);
    for (const [action, done] of this.#doneAt) {
      if (height - done > rememberedBlocks) this.#doneAt.delete(action);
    }
  }

  /** Whether an action was never done, or so long ago that it must have failed. */
  isDue(action: string): boolean {
    const done = this.#doneAt.get(action);
    if (done === undefined) return true;
    // What is not sent leaves no trace, and is said once; what waits in the pool is the wallet's.
    return !this.isDry && this.#height - done >= limits.agentRetryBlocks && !this.wallet.hasUnmined;
  }

  /** Whether something that is said once was not said yet. */
  isNew(event: string): boolean {
    const isNew = !this.#doneAt.has(event);
    if (isNew) this.done(event);
    return isNew;
  }

  done(action: string): void {
    this.#doneAt.set(action, this.#height);
  }

  /** Sends; a dry hand only asks whether it would succeed. @throws ContractRefusal, RpcFault */
  async send(outgoing: Outgoing): Promise<void> {
    if (this.isDry) await this.wallet.estimate(outgoing);
    else await this.wallet.send(outgoing);
  }

  say(feed: Feed | undefined, round: number, action: AgentAction, detail: string): void {
    const name = feed?.name ?? '';
    this.metrics.count(name, action, this.#height);
    const sent = !this.isDry;
    this.#note({ reporter: this.#reporter, feed: name, round, action, detail, sent });
  }
}
