/**
 * The oracle commands that the README's tours leave out, on a node whose blocks come when something
 * waits: jurors by hand, signed reports, and what agents say before they begin.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeAbiParameters, type Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devnet } from '../../scripts/genesis-networks.ts';
import { demonstrationAccounts, testAccounts } from '../../src/node/accounts.ts';
import { runCommandLine } from '../../src/node/command-line.ts';
import { nodeHandlers } from '../../src/node/commands/handlers.ts';
import type { Surroundings } from '../../src/node/settings.ts';
import { calldata, view } from '../../src/oracle/contracts.ts';
import { httpTransport } from '../../src/oracle/transport.ts';
import { type Outgoing, Wallet } from '../../src/oracle/wallet.ts';
import { checksumAddress } from '../../src/primitives/keys.ts';
import { targetOf } from '../contracts/artifacts.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess } from '../support/process.ts';

const oak = 10n ** 18n;
const folder = mkdtempSync(join(tmpdir(), 'dodona-oracle-commands-'));
const datadir = join(folder, 'node');
const surroundings: Surroundings = {
  environment: {},
  cores: 2,
  homeDirectory: folder,
  readFile: () => '',
};
const [owner] = testAccounts();
const [only] = demonstrationAccounts();
const juror = checksumAddress(only.address);
const signer = privateKeyToAccount(`0x${'51'.repeat(32)}`);
const jury = targetOf('SchellingOracle');
const aggregator = targetOf('SignedAggregator');
let node: NodeProcess;

/** Mines as long as something waits, until `work` is done. */
async function minedMeanwhile<Value>(work: Promise<Value>): Promise<Value> {
  let isDone = false;
  const end = (): void => {
    isDone = true;
  };
  void work.then(end, end);
  while (!isDone) {
    const { pending } = await node.rpc<{ pending: string }>('txpool_status');
    if (Number(pending) > 0) await node.rpc('evm_mine');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return work;
}

async function dodona(...words: readonly string[]) {
  const output: string[] = [];
  const errors: string[] = [];
  const terminal = {
    write: (text: string) => void output.push(text),
    writeError: (text: string) => void errors.push(text),
    askSecret: () => Promise.reject(new Error('nobody answers')),
  };
  const there = ['--datadir', datadir, '--rpc.port', new URL(node.url).port];
  const running = runCommandLine([...words, ...there], surroundings, terminal, nodeHandlers());
  const code = await minedMeanwhile(running);
  return { code, output: output.join(''), errors: errors.join('') };
}

async function mine(blocks: number): Promise<void> {
  for (let block = 0; block < blocks; block++) await node.rpc('evm_mine');
}

async function send(outgoing: Outgoing): Promise<void> {
  const wallet = new Wallet(httpTransport(node.url), owner.privateKey, devnet.chainId);
  await minedMeanwhile(wallet.send(outgoing));
  await mine(1);
}

beforeAll(async () => {
  // One reporter is the whole jury, so that every seat is its.
  const reporters = [{ address: juror as Hex, stake: 1_000n * oak }];
  const pace = { intervalMs: 60_000, transactionMs: 60_000 };
  const changes = { reporters, jury: { ...devnet.jury, enrolled: 900n * oak } };
  const genesis = writeNetwork(folder, fastDevnet(pace, changes));
  node = await NodeProcess.start({ genesis, datadir, mine: false });
  await mine(5);
});
afterAll(async () => {
  await node?.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('a juror by hand', () => {
  it('votes, reveals, is told what is wrong, and leaves', async () => {
    const from = ['--from', juror];
    expect((await dodona('oracle', 'vote', 'latest', 'true')).errors).toContain('nobody asked');
    expect((await dodona('oracle', 'question')).output).toBe('No question was asked lately.\n');
    const made = await dodona('oracle', 'assert', 'The oak is older.', '--json');
    const { id } = JSON.parse(made.output) as { id: string };
    expect((await dodona('oracle', 'dispute-assertion', id)).output).toContain('question');
    expect((await dodona('oracle', 'dispute-assertion', id)).errors).toMatch(
      /AlreadyDisputed\(\): somebody was first/,
    );
    const listed = (await dodona('oracle', 'question')).output;
    const question = listed.split(' ')[0] as string;
    expect(listed).toMatch(/^0x[0-9a-f]{64} (waiting|drawing)\n$/);
    expect((await dodona('oracle', 'vote', 'latest', 'true', ...from)).errors).toContain('no seat');
    await mine(3);
    await send({ to: jury.address, data: calldata(jury.abi, 'draw', [BigInt(question), 64]) });
    const strange = await dodona('oracle', 'vote', 'latest', 'maybe', ...from);
    expect(strange).toMatchObject({ code: 2, output: '' });
    const voted = await dodona('oracle', 'vote', question, 'true', ...from);
    expect(voted.output).toMatch(/^Committed outcome 1 for 3 of 3 seats; reveal it in heights/);
    const twice = await dodona('oracle', 'vote', question, 'false', ...from);
    expect(twice.errors).toContain('has voted already');
    expect((await dodona('oracle', 'reveal', question, ...from)).errors).toContain('WrongStatus');
    expect((await dodona('oracle', 'reveal', question)).errors).toContain('nothing to reveal');
    const facts = JSON.parse((await dodona('oracle', 'question', question, '--json')).output);
    while ((await node.head()).number < facts.revealFrom - 1) await mine(1);
    const shown = await dodona('oracle', 'reveal', question, ...from);
    expect(shown.output).toBe('Revealed outcome 1 for 3 seats\n');
    while ((await node.head()).number < facts.revealUntil - 1) await mine(1);
    await send({ to: jury.address, data: calldata(jury.abi, 'tally', [BigInt(question)]) });
    const cost = await dodona('oracle', 'appeal', question, 'false', '--dry-run');
    expect(cost.output).toBe('An appeal for outcome 2 costs 14.00 OAK\n');
    expect((await dodona('oracle', 'appeal', question, 'false')).output).toMatch(
      /^Paid 14\.00 OAK/,
    );
    const left = await dodona('oracle', 'leave', '100', ...from);
    expect(left.output).toMatch(/^100\.00 OAK of 0x\w+ left; .* from height \d+ on\n$/);
    expect((await dodona('oracle', 'unlock', ...from)).errors).toContain('LeavePending');
    await mine(14);
    expect((await dodona('oracle', 'unlock', ...from)).output).toMatch(/^Unlocked/);
  });
});

describe('a signed report', () => {
  it('is brought to its feed from a file, once', async () => {
    const terms = {
      decimals: 2,
      heartbeat: 60,
      deviationBps: 50,
      minAnswer: 1n,
      maxAnswer: 10_000n,
    };
    const create = calldata(aggregator.abi, 'createFeed', ['GOLD', terms]);
    await send({ to: aggregator.address, data: create, value: 10n * oak });
    const listed = (await node.rpc('oracle_feeds')) as { name: string; feed: Hex }[];
    const feed = listed.find(({ name }) => name === 'GOLD')?.feed as Hex;
    const configure = calldata(aggregator.abi, 'setConfig', [feed, [signer.address], 0]);
    await send({ to: aggregator.address, data: configure });
    const read = <Result>(name: string, args: readonly unknown[]) =>
      view<Result>(httpTransport(node.url), aggregator.address, aggregator.abi, name, args);
    const [, digest] = await read<[Hex, Hex]>('configOf', [feed]);
    const block = (await node.rpc('eth_getBlockByNumber', 'latest', false)) as { timestamp: Hex };
    const report = encodeAbiParameters(
      [{ type: 'uint32' }, { type: 'bytes32' }, { type: 'int192[]' }],
      [Number(block.timestamp), `0x${'00'.repeat(32)}`, [4_250n]],
    );
    const hash = await read<Hex>('reportHash', [digest, 1, report]);
    const file = join(folder, 'report.json');
    const signatures = [await signer.sign({ hash })];
    writeFileSync(file, JSON.stringify({ digest, epochAndRound: 1, report, signatures }));
    const sent = await dodona('oracle', 'transmit', feed, file);
    expect(sent.output).toMatch(/^GOLD is 42\.50? now, by 0x[0-9a-f]{64}\n$/);
    expect((await dodona('oracle', 'transmit', feed, file)).errors).toContain('StaleReport()');
    expect((await dodona('oracle', 'transmit', 'BTC/USD', file)).errors).toMatch(
      /BTC\/USD is a commit-reveal feed/,
    );
    writeFileSync(file, '{}');
    expect((await dodona('oracle', 'transmit', feed, file)).errors).toContain('epochAndRound');
  });
});

describe('an agent', () => {
  it.each([
    [
      'report',
      'has no seat',
      '[[feed]]\nname = "BTC/USD"\nminimum_sources = 1\nstray_bps = 200\n[[feed.source]]\ncsv = "prices.csv"\ncolumn = "own"\n',
    ],
    ['report', 'agent.toml', 'colour = "green"\n'],
    ['serve', 'agent.toml', 'default = "perhaps"\n'],
    ['watch', 'agent.toml', 'bond_total = "much"\n'],
  ])('to %s says what keeps it from beginning: %s', async (command, reason, text) => {
    writeFileSync(join(folder, 'prices.csv'), 'time,own\n1,64000\n');
    const file = join(folder, 'agent.toml');
    writeFileSync(file, text);
    const { code, errors } = await dodona('oracle', command, file);
    expect(code).toBe(2);
    expect(errors).toContain(reason);
  });
});
