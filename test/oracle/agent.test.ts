/** The reporter agent against the real contracts, on a chain that mines when it is told to. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hex } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import { afterAll, describe, expect, it } from 'vitest';
import { ReporterAgent, type ReportsWhen } from '../../src/oracle/agent.ts';
import type { AgentAction, AgentNote } from '../../src/oracle/agent-hand.ts';
import { OracleClient } from '../../src/oracle/client.ts';
import { findJury } from '../../src/oracle/jury.ts';
import { ReportBook } from '../../src/oracle/report-book.ts';
import type { PriceSource } from '../../src/oracle/sources.ts';
import { Wallet } from '../../src/oracle/wallet.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { formatMetrics } from '../../src/primitives/metrics.ts';
import {
  chainId,
  OracleScene,
  oracle,
  registry,
  stakes,
  weightUnit,
} from '../contracts/oracle-scene.ts';
import {
  PoolScene,
  pair,
  registry as poolRegistry,
  token0,
  unit,
} from '../contracts/pool-scene.ts';
import { ChainTransport } from '../support/chain-transport.ts';

const keyOf = (index: number): Hex => `0x${(0xfeed00 + index).toString(16).padStart(64, '0')}`;
const folder = mkdtempSync(join(tmpdir(), 'dodona-agent-'));
afterAll(() => rmSync(folder, { recursive: true }));
let books = 0;

interface Making {
  readonly when?: ReportsWhen;
  readonly isDry?: boolean;
  readonly price?: () => bigint;
}

/** Five reporters of equal stake; windows of 20, 6 and 20 blocks, a round every 60. */
class AgentScene {
  readonly scene: OracleScene;
  readonly transport: ChainTransport;
  readonly client: OracleClient;
  readonly notes: AgentNote[] = [];
  price = 6_000_000n;

  constructor(heartbeat = 3_600, hasJury = true) {
    const juror = { address: privateKeyToAddress(keyOf(8)), stake: 100_000n * weightUnit };
    this.scene = new OracleScene(
      Array.from({ length: 5 }, (_, index) => ({
        address: privateKeyToAddress(keyOf(index)),
        stake: 20n * weightUnit,
      })),
      { heartbeat, deviationBps: 50 },
      ['BTC/USD'],
      hasJury ? [juror] : [],
    );
    this.transport = new ChainTransport(this.scene.chain);
    this.client = new OracleClient(this.transport, { registry: registry.address });
  }

  async agent(index: number, making: Making = {}): Promise<ReporterAgent> {
    const { when = 'every-round', isDry = false } = making;
    const source: PriceSource = {
      name: 'own',
      read: async () => making.price?.() ?? this.price,
    };
    books += 1;
    return new ReporterAgent(
      {
        client: this.client,
        wallet: new Wallet(this.transport, fromHex(keyOf(index)), chainId),
        book: isDry ? undefined : await ReportBook.open(join(folder, `${books}.json`)),
        note: (note) => this.notes.push(note),
      },
      {
        name: String(index),
        chainId,
        feeds: [
          {
            feed: await this.client.feed('BTC/USD'),
            ...{ sources: [source], minimumSources: 1, strayBps: 200, when },
          },
        ],
        patienceBlocks: index,
        claimFrom: 10n ** 40n,
      },
    );
  }

  agents(count: number, making: Making = {}): Promise<ReporterAgent[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => this.agent(index, making)));
  }

  /** Each agent sees each head before the next block is made, until `height` is the head. */
  async runTo(height: number, agents: readonly ReporterAgent[]): Promise<void> {
    while (this.transport.head < height) {
      for (const agent of agents) {
        await agent.onHead(this.transport.head, this.scene.chain.time);
      }
      this.transport.mineBlock();
    }
  }

  actions(reporter: string, action: AgentAction): AgentNote[] {
    return this.notes.filter((note) => note.reporter === reporter && note.action === action);
  }
}

describe('a round', () => {
  it('is committed, revealed, finalized and settled, and counted', async () => {
    const world = new AgentScene();
    const agents = await world.agents(5);
    await world.runTo(60, agents);
    expect(await world.client.status(await world.client.feed('BTC/USD'))).toMatchObject({
      state: 1,
      value: 6_000_000n,
      reports: 5,
    });
    const text = formatMetrics(await (agents[0] as ReporterAgent).metrics());
    for (const action of ['commit', 'reveal', 'finalize']) {
      const labels = `{reporter="0",feed="BTC/USD",action="${action}"}`;
      expect(text).toContain(`dodona_reporter_actions_total${labels} 1\n`);
    }
    expect(world.notes.filter(({ action }) => action === 'settle')).toHaveLength(1);
    expect(text).toMatch(/seconds_since_report\{reporter="0",feed="BTC\/USD"\} \d+\n/);
    expect(text).toMatch(/# TYPE dodona_reporter_balance_oak gauge\n/);
    expect(world.notes.filter(({ action }) => action === 'failed')).toEqual([]);
  });

  it('that lacked sources is silent once, also when they answered in part', async () => {
    const world = new AgentScene();
    const making = {
      price: () => {
        throw new Error('no market');
      },
    };
    await world.runTo(50, [await world.agent(0, making)]);
    expect(world.actions('0', 'silent')).toMatchObject([{ round: 1, detail: 'own: no market' }]);
    expect(world.actions('0', 'commit')).toEqual([]);
  });

  it('whose reveal did not come in time is said to be missed, once', async () => {
    const world = new AgentScene();
    const agents = await world.agents(1);
    await world.runTo(10, agents);
    await world.runTo(50, []);
    await world.runTo(58, agents);
    expect(world.actions('0', 'missed')).toMatchObject([{ round: 1 }]);
  });
});

describe('a network without a jury', () => {
  it('has its rounds finished all the same', async () => {
    const world = new AgentScene(3_600, false);
    expect(await findJury(world.client)).toBeUndefined();
    await world.runTo(60, await world.agents(5));
    expect(world.notes.filter(({ action }) => action === 'settle')).toHaveLength(1);
    expect(world.notes.filter(({ action }) => action === 'failed')).toEqual([]);
  });
});

describe('a report that no block takes', () => {
  it('is sent again for more, and not twice', async () => {
    const world = new AgentScene();
    const [agent] = await world.agents(1);
    world.transport.leastTip = 1_100_000_000n; // the usual tip is one gigaacorn
    await world.runTo(40, [agent as ReporterAgent]);
    const actions = world.notes.map(({ action }) => action);
    expect(actions).toEqual(['commit', 'replace', 'reveal', 'replace']);
    const report = await world.client.report(await world.client.feed('BTC/USD'), 1, 0);
    expect(report).toMatchObject({ state: 2, value: 6_000_000n });
  });
});

describe('an account without a seat in the round', () => {
  it('rests, and begins with the round that its seat counts for', async () => {
    const world = new AgentScene();
    const { chain, feed } = world.scene;
    const newcomer = privateKeyToAddress(keyOf(5));
    const people = [...world.scene.people(), newcomer];
    world.scene.people = () => people;
    chain.world.credit(fromHex(newcomer), 100n * weightUnit);
    chain.mustSend(newcomer, stakes, 'deposit', [], 30n * weightUnit);
    chain.mine();
    chain.mustSend(newcomer, oracle, 'takeSeat', [feed]);
    await world.runTo(64, [await world.agent(5)]);
    expect(world.notes).toMatchObject([
      { action: 'rest', round: 1, detail: 'no seat in it' },
      { action: 'commit', round: 2 },
    ]);
  });
});

describe('a dry run', () => {
  it('says once what it would do, and sends nothing', async () => {
    const world = new AgentScene();
    await world.runTo(24, [await world.agent(0, { isDry: true })]);
    expect(world.notes).toMatchObject([{ action: 'commit', detail: '6000000', sent: false }]);
    const { address } = world.scene.reporters[0] as { readonly address: Hex };
    expect(await world.transport.request('eth_getTransactionCount', [address])).toBe('0x0');
    expect(world.scene.round(1n)).toMatchObject({ reports: 0 });
  });
});

describe('an agent that reports only when it is due', () => {
  it('rests while the value is young and near, and says so', async () => {
    const world = new AgentScene();
    const agents = await world.agents(3, { when: 'due' });
    await world.runTo(60, agents);
    expect(world.actions('0', 'commit')).toHaveLength(1);
    await world.runTo(110, agents);
    expect(world.actions('0', 'rest')).toMatchObject([{ round: 2 }]);
    expect(world.actions('0', 'rest')[0]?.detail).toMatch(/^the value is \d+ s old, 0 bps off$/);
    world.price = 6_040_000n;
    await world.runTo(125, agents);
    expect(world.actions('0', 'commit')).toMatchObject([{ round: 1 }, { round: 3 }]);
  });

  it('reports before the heartbeat ends', async () => {
    const world = new AgentScene(2_700);
    const agents = await world.agents(3, { when: 'due' });
    // Round 1 is revealed at block 27, so its value is stale from block 207 on. Round 3 begins at block
    // 121: the one after it, with an answer at block 227, would come too late.
    await world.runTo(125, agents);
    const rounds = world.actions('0', 'commit').map(({ round }) => round);
    expect(rounds).toEqual([1, 3]);
  });
});

describe('two copies of one agent', () => {
  it('do not both report: the second sees the first on the chain and stops for the feed', async () => {
    const world = new AgentScene();
    const [first] = await world.agents(1);
    const copy = await world.agent(0, { price: () => 7_000_000n });
    await world.runTo(3, [first as ReporterAgent]);
    await world.runTo(70, [first as ReporterAgent, copy]);
    expect(world.actions('0', 'stopped')).toHaveLength(1);
    expect(world.actions('0', 'commit').map(({ detail }) => detail)).toEqual([
      '6000000',
      '6000000',
    ]);
    expect(world.actions('0', 'reveal')).toHaveLength(1);
    expect(formatMetrics(await copy.metrics())).toContain('dodona_reporter_stopped{');
    expect(formatMetrics(await (first as ReporterAgent).metrics())).not.toContain('stopped{');
  });
});

describe('a keeper', () => {
  it('pokes a pair without trades before the heartbeat of its feed ends', async () => {
    const scene = new PoolScene();
    const id = scene.feed({ window: 60, maxAge: 600 }, 4);
    scene.setReserves(100n * unit, 250n * unit);
    scene.sell(token0, unit / 1_000n);
    const transport = new ChainTransport(scene.chain);
    const client = new OracleClient(transport, { registry: poolRegistry.address });
    const notes: AgentNote[] = [];
    const agent = new ReporterAgent(
      {
        client,
        wallet: new Wallet(transport, fromHex(keyOf(9)), chainId),
        book: await ReportBook.open(join(folder, 'keeper.json')),
        note: (note) => notes.push(note),
      },
      {
        ...{ name: 'keeper', chainId, feeds: [], patienceBlocks: 0, claimFrom: 1n },
        kept: [await client.feed(id)],
      },
    );
    for (let block = 0; block < 40; block++) {
      await agent.onHead(transport.head, scene.chain.time);
      transport.mineBlock();
    }
    expect(notes.map(({ action }) => action)).toEqual(['poke']);
    expect(notes[0]?.detail).toBe('the newest observation is 450 s old');
    const [index] = scene.chain.read<readonly [number]>(pair, 'observationState');
    const [, height] = scene.chain.read<readonly bigint[]>(pair, 'observations', [index]);
    expect(height).toBeGreaterThan(30n);
  });
});
