/**
 * Miners that exist: Stratum and getblocktemplate clients, each written from its protocol's text,
 * mine at one real node, and two other nodes accept what they found.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StratumCpuminer, TemplateCpuminer } from '../support/cpuminer.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess, until } from '../support/process.ts';
import { hashNumber, headerOf, StratumMiner } from '../support/stratum-miner.ts';
import { type BlockTemplate, TemplateMiner } from '../support/template-miner.ts';

const folder = mkdtempSync(join(tmpdir(), 'dodona-miners-'));
const genesis = writeNetwork(folder, fastDevnet({ intervalMs: 300, transactionMs: 100 }));
const running: NodeProcess[] = [];

interface MinerStatus {
  readonly enabled: boolean;
  readonly threads: number;
  readonly blocksFound: number;
  readonly blocks: readonly { id: string; door: string; worker: string; fate: string }[];
  readonly shares: Readonly<Record<string, number>>;
  readonly stratum: { readonly url: string; readonly connections: number };
}

async function start(name: string, bootnodes: string[] = []): Promise<NodeProcess> {
  const datadir = join(folder, name);
  const node = await NodeProcess.start({ genesis, datadir, mine: false, bootnodes });
  running.push(node);
  return node;
}

describe('a node without peers', () => {
  it('does not mine, unless on a development network, until it has one', async () => {
    const solitary = join(folder, 'solitary');
    const changes = { name: 'solitary', development: false };
    const pace = { intervalMs: 200, transactionMs: 100 };
    const network = writeNetwork(solitary, fastDevnet(pace, changes));
    const common = { genesis: network, mine: true } as const;
    const alone = await NodeProcess.start({ ...common, datadir: join(solitary, 'a') });
    running.push(alone);
    const paused = async (): Promise<unknown> =>
      (await alone.rpc<{ paused: string | null }>('miner_status')).paused;
    expect(await paused()).toMatch(/no peers/);
    expect((await alone.head()).number).toBe(0);
    const bootnodes = [await alone.address()];
    const datadir = join(solitary, 'b');
    running.push(await NodeProcess.start({ ...common, datadir, mine: false, bootnodes }));
    await until('blocks', async () => ((await alone.head()).number >= 2 ? true : undefined));
    expect(await paused()).toBeNull();
  });
});

describe('outside miners', () => {
  let a: NodeProcess;
  let others: readonly NodeProcess[];
  let miner: TemplateMiner;

  const status = (): Promise<MinerStatus> => a.rpc('miner_status');
  const stratumPort = async (): Promise<number> =>
    Number((await status()).stratum.url.split(':').at(-1));

  async function acceptedByAll(id: string): Promise<void> {
    for (const node of [a, ...others]) {
      await until(`block ${id}`, async () =>
        (await node.head()).hash === id ||
        (await node.rpc('eth_getBlockByHash', id, false)) !== null
          ? true
          : undefined,
      );
    }
  }

  /** A template on which no block has been found yet. */
  async function freshTemplate(): Promise<BlockTemplate> {
    return until('a fresh template', async () => {
      const template = await miner.template();
      const { hash } = await a.head();
      return hash === `0x${template.previousblockhash}` ? template : undefined;
    });
  }

  beforeAll(async () => {
    a = await start('a');
    miner = new TemplateMiner(a.url);
    const address = await a.address();
    others = await Promise.all([start('b', [address]), start('c', [address])]);
    await until('peers', async () => ((await a.peerIds()).length >= 2 ? true : undefined));
  });

  afterAll(async () => {
    await Promise.all(running.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('mine by getblocktemplate, with the whole block and with the coinbase alone', async () => {
    for (const isWhole of [true, false]) {
      const template = await freshTemplate();
      expect(template.transactions).toEqual([]);
      expect(template.mutable).toEqual(['submit/coinbase']);
      expect(template.coinbasetxn.data.length / 2).toBeGreaterThanOrEqual(60);
      const header = miner.mine(template);
      expect(await miner.submit(template, header, isWhole)).toBeNull();
      await acceptedByAll(miner.idOf(header));
      expect(await miner.submit(template, header, isWhole)).toMatch(/^stale/);
    }
  });

  it('learn why a block is refused', async () => {
    const template = await freshTemplate();
    const late = miner.mine(template, { time: template.curtime + 1 });
    expect(await miner.submit(template, late, true)).toBe('time-invalid');
    const unsolved = miner.mine({ ...template, target: 'f'.repeat(64) });
    const missed = Buffer.from(unsolved);
    for (let nonce = 0; miner.idOf(missed) < `0x${template.target}`; nonce++) {
      missed.writeUInt32LE(nonce, 76);
    }
    expect(await miner.submit(template, missed, true)).toBe('high-hash');
    expect(await miner.call('submitblock', ['00'])).toMatch(/^rejected/);
    await expect(miner.call('getblocktemplate', [{ mode: 'proposal' }])).rejects.toThrow('mode');
  });

  it('wait for the next block by longpoll', async () => {
    const template = await freshTemplate();
    const waiting = miner.template(template.longpollid);
    const header = miner.mine(template);
    expect(await miner.submit(template, header, true)).toBeNull();
    const next = await waiting;
    expect(`0x${next.previousblockhash}`).toBe(miner.idOf(header));
    expect(next.height).toBe(template.height + 1);
  });

  it('mine by Stratum, through a job change and a reconnection', async () => {
    let lastParent = '';
    for (const user of ['first', 'second']) {
      const stratum = await StratumMiner.open(await stratumPort());
      await stratum.login(user);
      const job = await stratum.job(({ previous }) => previous !== lastParent);
      lastParent = job.previous;
      const target = BigInt(`0x${(await miner.template()).target}`);
      const share = stratum.mine(job, job.target < target ? job.target : target);
      const header = headerOf(job, stratum.extranonce1, share);
      expect(hashNumber(Buffer.from(miner.idOf(header).slice(2), 'hex').reverse())).toBeLessThan(
        target,
      );
      expect(await stratum.submit(job, share)).toMatchObject({ result: true });
      await acceptedByAll(miner.idOf(header));
      await stratum.job(({ id }) => id !== job.id);
      expect(stratum.jobs[stratum.jobs.indexOf(job) + 1]?.clean).toBe(true);
      expect(await stratum.submit(job, share)).toMatchObject({ error: { 0: 21 } });
      stratum.close();
    }
    const { blocks, shares } = await status();
    expect(blocks.slice(0, 2)).toMatchObject([
      { door: 'stratum', worker: 'second', fate: 'on-chain' },
      { door: 'stratum', worker: 'first', fate: 'on-chain' },
    ]);
    expect(shares).toMatchObject({ 'wrong-time': 1, 'low-difficulty': 1 });
    expect(shares.stale).toBeGreaterThanOrEqual(4);
  });

  it('speak as minerd does to the byte: getblocktemplate with longpoll, then Stratum', async () => {
    const http = new TemplateCpuminer(a.url);
    await freshTemplate();
    await http.getWork();
    for (let block = 0; block < 2; block++) {
      const next = http.longpoll();
      const id = await http.mine();
      await acceptedByAll(id);
      await next;
    }
    const url = (await status()).stratum.url;
    let session: string | undefined;
    for (const user of ['rig1', 'rig2']) {
      const rig = await StratumCpuminer.open(url, user, session);
      session = rig.sessionId;
      // The job before may have been sent just ahead of the block that it lost to.
      const share = await until('an accepted share', async () => {
        const { id, refused } = await rig.mine();
        if (refused !== undefined) expect(refused).toMatch(/^stale|^job not found/);
        return refused === undefined ? id : undefined;
      });
      await acceptedByAll(share);
      rig.close();
    }
    const { blocks } = await status();
    expect(blocks.slice(0, 2).map(({ worker }) => worker)).toEqual(['rig2', 'rig1']);
  });

  it('leave the built-in miner to its switch, with as many threads as asked for', async () => {
    expect((await status()).enabled).toBe(false);
    expect(await a.rpc<MinerStatus>('miner_start', 2)).toMatchObject({ enabled: true, threads: 2 });
    const found = (await status()).blocksFound;
    await until('two blocks', async () =>
      (await status()).blocksFound >= found + 2 ? true : undefined,
    );
    expect((await status()).blocks[0]?.door).toBe('built-in');
    expect(await a.rpc<MinerStatus>('miner_stop')).toMatchObject({ enabled: false });
    const before = await a.head();
    await a.rpc('evm_mine');
    expect((await a.head()).number).toBeGreaterThan(before.number);
  });
});
