/** Reports through JSON-RPC: promised, committed, and revealed even when the node died in between. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPublicClient, createWalletClient, defineChain, type Hex, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, describe, expect, it } from 'vitest';
import { devnet } from '../../scripts/genesis-networks.ts';
import { demonstrationAccounts, testAccounts } from '../../src/node/accounts.ts';
import { ReporterAgent } from '../../src/oracle/agent.ts';
import { OracleClient } from '../../src/oracle/client.ts';
import { ReportBook } from '../../src/oracle/report-book.ts';
import type { PriceSource } from '../../src/oracle/sources.ts';
import { httpTransport } from '../../src/oracle/transport.ts';
import { Wallet } from '../../src/oracle/wallet.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { checksumAddress } from '../../src/primitives/keys.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess, until } from '../support/process.ts';

const windows = { period: 20, commitBlocks: 6, sealBlocks: 2, revealBlocks: 6, disputeBlocks: 1 };
const feeds = devnet.feeds.map((feed) => ({
  ...feed,
  configuration: { ...feed.configuration, ...windows },
}));

const folder = mkdtempSync(join(tmpdir(), 'dodona-reporter-'));
const genesis = writeNetwork(
  folder,
  fastDevnet({ intervalMs: 60_000, transactionMs: 60_000 }, { feeds }),
);
const datadir = join(folder, 'node');
const start = () => NodeProcess.start({ genesis, datadir, mine: false });
let node: NodeProcess;
afterAll(async () => {
  await node.kill();
  rmSync(folder, { recursive: true, force: true });
});

interface Round {
  readonly phase: string;
  readonly value?: string;
  readonly seats: readonly { reporter: string; state: string; value?: string }[];
}

async function seatState(reporter: string): Promise<string | undefined> {
  const round = await node.rpc<Round>('oracle_round', 'BTC/USD', 1);
  return round.seats.find((seat) => seat.reporter === reporter.toLowerCase())?.state;
}

/** Whether a transaction of `address` waits for its block. */
async function isSending(address: string): Promise<boolean> {
  const [sent, mined] = await Promise.all(
    ['pending', 'latest'].map((tag) => node.rpc('eth_getTransactionCount', address, tag)),
  );
  return sent !== mined;
}

/** A block with what `sender` sends; after five seconds without: it tries again at the next head. */
async function mineFrom(sender: string): Promise<void> {
  const patience = Date.now() + 5_000;
  while (!(await isSending(sender)) && Date.now() < patience) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await node.rpc('evm_mine');
}

/** Mines until `look` sees what `sender` is to bring about, or time alone; at most 60 blocks. */
async function mineUntil(
  what: string,
  look: () => Promise<boolean>,
  sender?: string,
): Promise<void> {
  for (let block = 0; block < 60; block++) {
    if (await look()) return;
    await (sender === undefined ? node.rpc('evm_mine') : mineFrom(sender));
  }
  throw new Error(`60 blocks without ${what}`);
}

/** Mines until what is sent next is in block `height`. */
const mineTo = (height: number): Promise<void> =>
  mineUntil(`height ${height}`, async () => (await node.head()).number >= height - 1);

const reporters = demonstrationAccounts();
const reporter = checksumAddress(reporters[0].address);

describe('reports through JSON-RPC', () => {
  it('are revealed by a node that was killed after the commit', async () => {
    node = await start();
    const submitted = await node.rpc<Record<string, unknown>>('oracle_submitReport', {
      feed: 'BTC/USD',
      value: '6400000000000',
      reporter,
    });
    expect(submitted).toMatchObject({ round: 1, commitFrom: 1, revealFrom: 9, revealUntil: 15 });
    expect(BigInt(submitted.penaltyIfMissed as string)).toBe(2n * 10n ** 18n);
    for (const { address } of reporters.slice(1, 3)) {
      const other = { feed: 'BTC/USD', value: '6400000000000', reporter: checksumAddress(address) };
      await node.rpc('oracle_submitReport', other);
    }
    await node.rpc('evm_mine');
    expect(await seatState(reporter)).toBe('committed');
    await node.kill();
    node = await start();
    await mineTo(9);
    for (const { address } of reporters.slice(0, 3)) {
      const sender = checksumAddress(address);
      await mineUntil('a reveal', async () => (await seatState(sender)) === 'revealed', sender);
    }
  });

  it('cannot be given twice for one round', async () => {
    const other = { feed: 'BTC/USD', value: '6500000000000', reporter, round: 1 };
    await expect(node.rpc('oracle_submitReport', other)).rejects.toThrow(/closed|already/);
  });

  it('end in an answer', async () => {
    await mineTo(17);
    const hasAnswer = async (): Promise<boolean> =>
      (await node.rpc<Round>('oracle_round', 'BTC/USD', 1)).value === '6400000000000';
    await mineUntil('an answer', hasAnswer, reporter);
    const reading = await node.rpc<Record<string, unknown>>('oracle_read', 'BTC/USD');
    expect(reading).toMatchObject({ value: '6400000000000', round: '1', reports: 3 });
  });

  it('are counted at /metrics', async () => {
    const response = await fetch(`${node.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const { number } = await node.head();
    expect(text).toContain(`dodona_head_height ${number}\n`);
    for (const name of ['dodona_peers{', 'process_resident_memory_bytes ', 'dodona_pool_']) {
      expect(text).toContain(`\n${name}`);
    }
    const reveals = text.match(/^dodona_reporter_actions_total\{.*action="reveal"\} 1$/gm);
    expect(reveals).toHaveLength(3);
  });

  it('are refused by name where the node has no key, no seat or no feed', async () => {
    const stranger = '0x00000000000000000000000000000000000000bb';
    const ask = (report: Record<string, unknown>) =>
      node.rpc('oracle_submitReport', { feed: 'BTC/USD', value: '1', ...report });
    await expect(ask({ reporter: stranger })).rejects.toThrow(/no key/);
    await expect(
      ask({ reporter: checksumAddress(testAccounts()[3]?.address as Uint8Array) }),
    ).rejects.toThrow(/NotReporter/);
    await expect(ask({ feed: 'X/Y', reporter })).rejects.toThrow(/BTC\/USD/);
  });

  it('can be prepared for a wallet that the node knows nothing of', async () => {
    const last = reporters.at(-1) as { readonly privateKey: Uint8Array };
    const account = privateKeyToAccount(`0x${toHex(last.privateKey)}`);
    const chain = defineChain({
      id: devnet.chainId,
      name: 'testnet',
      nativeCurrency: { name: 'OAK', symbol: 'OAK', decimals: 18 },
      rpcUrls: { default: { http: [node.url] } },
    });
    const wallet = createWalletClient({ account, chain, transport: http() });
    const client = createPublicClient({ chain, transport: http(), pollingInterval: 50 });
    interface Unsigned {
      readonly to: Hex;
      readonly data: Hex;
    }
    await mineUntil('commits of round 2', async () => {
      const round = await node.rpc<Round>('oracle_round', 'BTC/USD', 2);
      return round.phase === 'commit';
    });
    const prepared = await node.rpc<{ round: number; commit: Unsigned; reveal: Unsigned }>(
      'oracle_prepareReport',
      { feed: 'BTC/USD', value: '6410000000000', reporter: account.address },
    );
    expect(prepared.round).toBe(2);
    const send = async ({ to, data }: Unsigned) => {
      const hash = await wallet.sendTransaction({ to, data });
      await node.rpc('evm_mine');
      const receipt = await until('the receipt', () =>
        client.getTransactionReceipt({ hash }).catch(() => undefined),
      );
      expect(receipt.status).toBe('success');
    };
    await send(prepared.commit);
    await mineUntil('reveals of round 2', async () => {
      const round = await node.rpc<Round>('oracle_round', 'BTC/USD', 2);
      return round.phase === 'reveal';
    });
    await send(prepared.reveal);
    const round = await node.rpc<Round>('oracle_round', 'BTC/USD', 2);
    const seat = round.seats.find((entry) => entry.reporter === account.address.toLowerCase());
    expect(seat).toMatchObject({ state: 'revealed', value: '6410000000000' });
  });
});

describe('an agent of two feeds', () => {
  it('reveals in one while a source of the other never answers', async () => {
    const account = reporters[3] as { readonly privateKey: Uint8Array; address: Uint8Array };
    const transport = httpTransport(node.url);
    const client = new OracleClient(transport, {
      registry: '0x0d0d000000000000000000000000000000000002',
    });
    const slow: PriceSource = { name: 'silent', read: () => new Promise(() => {}) };
    const quick: PriceSource = { name: 'quick', read: async () => 6_400_000_000_000n };
    const reported = async (name: string, source: PriceSource) => ({
      feed: await client.feed(name),
      sources: [source],
      minimumSources: 1,
      strayBps: 200,
    });
    const agent = new ReporterAgent(
      {
        client,
        wallet: new Wallet(transport, account.privateKey, devnet.chainId),
        book: await ReportBook.open(join(folder, 'agent', 'reports.json')),
        note: () => {},
      },
      {
        name: 'agent',
        chainId: devnet.chainId,
        feeds: [await reported('BTC/USD', slow), await reported('BTC/USDx', quick)],
        patienceBlocks: 5,
        claimFrom: 1n,
      },
    );
    const address = checksumAddress(account.address).toLowerCase();
    const round = (await client.currentRound(await client.feed('BTC/USDx'))) + 1;
    for (const [phase, wanted] of [
      ['commit', 'committed'],
      ['reveal', 'revealed'],
    ]) {
      const look = () => node.rpc<Round>('oracle_round', 'BTC/USDx', round);
      await mineUntil(`${phase}s`, async () => (await look()).phase === phase);
      const isDone = async (): Promise<boolean> => {
        void agent.onHead((await node.head()).number, 0);
        const { seats } = await look();
        return seats.some((seat) => seat.reporter === address && seat.state === wanted);
      };
      await mineUntil(`${wanted} beside the silent source`, isDone, address);
    }
  });
});

describe('blocks on demand', () => {
  it('are as many as were asked for, also at once', async () => {
    const { number } = await node.head();
    await Promise.all([1, 2, 3].map(() => node.rpc('evm_mine')));
    expect((await node.head()).number).toBe(number + 3);
  });
});

describe('the report book', () => {
  it('belongs to one process', async () => {
    const { mkdirSync, writeFileSync } = await import('node:fs');
    const file = join(folder, 'shared', 'reports.json');
    mkdirSync(join(folder, 'shared'));
    // Process 1 is alive on every machine and is never this one; process 2^22 + 1 never is.
    writeFileSync(`${file}.lock`, '1');
    await expect(ReportBook.open(file)).rejects.toMatchObject({ code: 'book-in-use' });
    writeFileSync(`${file}.lock`, '4194305');
    await expect(ReportBook.open(file)).resolves.toBeDefined();
  });

  it('never forgets the promise it has just taken, whatever rounds came before', async () => {
    const book = await ReportBook.open(join(folder, 'many', 'reports.json'));
    for (let round = 100; round < 170; round++) {
      await book.promise({ feed: '0x01', round, value: 1n });
    }
    expect(book.get('0x01', 100)).toBeUndefined();
    await book.promise({ feed: '0x01', round: 5, value: 7n });
    await expect(book.promise({ feed: '0x01', round: 5, value: 8n })).rejects.toMatchObject({
      code: 'already-promised',
    });
  });

  it('works again after the disk did', async () => {
    const { mkdirSync, rmdirSync } = await import('node:fs');
    const file = join(folder, 'sick', 'reports.json');
    const book = await ReportBook.open(file);
    mkdirSync(`${file}.new`);
    await expect(book.promise({ feed: '0x01', round: 1, value: 1n })).rejects.toThrow();
    expect(book.get('0x01', 1)).toBeUndefined();
    rmdirSync(`${file}.new`);
    await book.promise({ feed: '0x01', round: 1, value: 2n });
    expect((await ReportBook.open(file)).get('0x01', 1)?.value).toBe(2n);
  });

  it('is durable, keeps one value a round and names a damaged file', async () => {
    const file = join(folder, 'book', 'reports.json');
    const book = await ReportBook.open(file);
    await book.promise({ feed: '0x01', round: 7, value: -5n });
    await book.promise({ feed: '0x01', round: 7, value: -5n });
    await expect(book.promise({ feed: '0x01', round: 7, value: -6n })).rejects.toMatchObject({
      code: 'already-promised',
    });
    const again = await ReportBook.open(file);
    expect(again.get('0x01', 7)?.value).toBe(-5n);
    expect(again.get('0x01', 8)).toBeUndefined();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file, '{');
    await expect(ReportBook.open(file)).rejects.toThrow(file);
  });
});
