/** A watching agent around the real contracts, on a chain that mines when it is told to. */

import { type Hex, toHex } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import { AssertionClient } from '../../src/oracle/assertions.ts';
import { tableClaims } from '../../src/oracle/claim-sources.ts';
import { parsePriceTable } from '../../src/oracle/sources.ts';
import { Wallet } from '../../src/oracle/wallet.ts';
import type { WatchLimits } from '../../src/oracle/watch-file.ts';
import { AssertionWatcher, type WatchNote } from '../../src/oracle/watcher.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { asserter, bond, EscalationScene } from '../contracts/escalation-scene.ts';
import { nobody, noDomain, optimistic, states } from '../contracts/optimistic-scene.ts';
import { ChainTransport } from '../support/chain-transport.ts';

const key: Hex = `0x${'5e'.repeat(32)}`;
export const watcher = privateKeyToAddress(key);
export const purse = 100n * bond;

/** The table's only trade: 20,000 at this second. */
const tradeTime = Date.UTC(2023, 2, 11, 12) / 1000;
export const rightClaim = 'BTC/USD >= 19000 at 2023-03-11T12:00:00Z';
export const wrongClaim = 'BTC/USD >= 21000 at 2023-03-11T12:00:00Z';
export const now = tradeTime + 3_600;

const baseLimits: WatchLimits = {
  bondPerAssertion: 10n * bond,
  bondTotal: 50n * bond,
  claimFrom: 1n,
  marginBps: 50,
  warnBlocks: 10,
  early: 'report',
};

export interface WatcherChanges extends Partial<WatchLimits> {
  readonly dryRun?: boolean;
}

export class ClaimScene extends EscalationScene {
  readonly transport = new ChainTransport(this.chain);
  readonly client = new AssertionClient(this.transport, optimistic.address);
  readonly notes: WatchNote[] = [];
  readonly claims: Hex[] = [];

  constructor() {
    super();
    this.chain.world.credit(fromHex(watcher), purse);
    this.chain.mine();
  }

  watcher({ dryRun = false, ...changes }: WatcherChanges = {}): AssertionWatcher {
    const table = parsePriceTable(`time,own\n${tradeTime},20000\n`);
    const sources = [tableClaims(table, 'own')];
    const quantity = { name: 'BTC/USD', minimumSources: 1, strayBps: 200, sources };
    return new AssertionWatcher(
      {
        client: this.client,
        wallet: new Wallet(this.transport, fromHex(key), 1337),
        note: (note) => this.notes.push(note),
      },
      { limits: { ...baseLimits, ...changes }, quantities: [quantity], dryRun },
    );
  }

  /** Another assertion, even with the same words. */
  claim(text: string, amount = bond, liveness = 40n, by = asserter): Hex {
    const nonce = BigInt(this.claims.length);
    const terms = [nobody, liveness, amount, noDomain, nonce] as const;
    const args = [toHex(text), by, ...terms];
    const made = this.chain.mustSend(asserter, optimistic, 'assertTruth', args, amount);
    this.claims.push(made.value as Hex);
    return made.value as Hex;
  }

  /** The agent sees each head; then the next block is made. */
  async run(agent: AssertionWatcher, blocks: number): Promise<void> {
    for (let block = 0; block < blocks; block++) {
      await agent.onHead(this.transport.head, now);
      this.transport.mineBlock();
    }
  }

  state(id: Hex): number {
    return this.assertion(id).state;
  }

  /** The books of the jury count the questions that disputes have opened. */
  override checkBooks(): void {
    if (this.claims === undefined) return; // the parent checks before this scene is whole
    const disputed = this.claims.filter((id) => this.state(id) > states.asserted);
    const questions = disputed.map((id) => this.assertion(id).question);
    this.ids.splice(0, this.ids.length, ...questions.filter((question) => question > 0n));
    super.checkBooks();
  }

  actions(id?: Hex): string[] {
    return this.notes
      .filter((note) => id === undefined || note.id === id)
      .map(({ action }) => action);
  }
}
