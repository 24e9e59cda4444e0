/**
 * Claims on a whole node: a true one is settled, a false one is disputed by the watching agent of
 * another account and refuted by a jury of agents, and every acorn is where it should be.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devnet } from '../../scripts/genesis-networks.ts';
import { type Account, demonstrationAccounts, testAccounts } from '../../src/node/accounts.ts';
import { AssertionClient } from '../../src/oracle/assertions.ts';
import { tableClaims } from '../../src/oracle/claim-sources.ts';
import { OracleClient } from '../../src/oracle/client.ts';
import { type ContractAddress, calldata, view } from '../../src/oracle/contracts.ts';
import { JurorAgent } from '../../src/oracle/juror.ts';
import { findJury, type JuryClient } from '../../src/oracle/jury.ts';
import { Judge } from '../../src/oracle/jury-judge.ts';
import { parseJuryPolicy } from '../../src/oracle/jury-policy.ts';
import { OpenQuestions } from '../../src/oracle/jury-questions.ts';
import { optimisticAbi } from '../../src/oracle/optimistic-abi.ts';
import { parsePriceTable } from '../../src/oracle/sources.ts';
import { httpTransport, type Transport } from '../../src/oracle/transport.ts';
import { VoteBook } from '../../src/oracle/vote-book.ts';
import { Wallet } from '../../src/oracle/wallet.ts';
import { AssertionWatcher, type WatchNote } from '../../src/oracle/watcher.ts';
import { addresses } from '../contracts/artifacts.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess } from '../support/process.ts';

const oak = 10n ** 18n;
const bond = 6n * oak;
const juryFee = 3n * oak;
const wrong = 'BTC/USD >= 21000 at 2023-03-11T12:00:00Z';
const right = 'BTC/USD >= 19000 at 2023-03-11T12:00:00Z';
const time = Date.UTC(2023, 2, 11, 12) / 1000;
const oracle = addresses.OptimisticOracle as ContractAddress;

const folder = mkdtempSync(join(tmpdir(), 'dodona-claims-'));
const windows = { commitBlocks: 4, sealBlocks: 1, revealBlocks: 4, appealBlocks: 2 };
const jury = { ...devnet.jury, terms: { ...devnet.jury.terms, ...windows } };
const pace = { intervalMs: 60_000, transactionMs: 60_000 };
const [first, second] = testAccounts() as [Account, Account];
let node: NodeProcess;
let transport: Transport;
let client: AssertionClient;
let court: JuryClient;
const jurors: JurorAgent[] = [];
const watchers: AssertionWatcher[] = [];
const notes: WatchNote[] = [];

function walletOf({ privateKey }: { readonly privateKey: Uint8Array }): Wallet {
  return new Wallet(transport, privateKey, devnet.chainId);
}

function watcherOf(wallet: Wallet, note: (note: WatchNote) => void): AssertionWatcher {
  const limits = { bondPerAssertion: bond, bondTotal: bond, claimFrom: 1n, marginBps: 50 };
  const sources = [tableClaims(parsePriceTable(`time,own\n${time},20371.04\n`), 'own')];
  const quantities = [{ name: 'BTC/USD', minimumSources: 1, strayBps: 200, sources }];
  return new AssertionWatcher(
    { client, wallet, note },
    { limits: { ...limits, warnBlocks: 2, early: 'report' }, quantities, dryRun: false },
  );
}

/** All agents see the head; then a block with what they sent. */
async function step(): Promise<void> {
  const { number } = await node.head();
  for (const watcher of watchers) await watcher.onHead(number, time + 3_600);
  for (const juror of jurors) await juror.onHead(number);
  await node.rpc('evm_mine');
}

beforeAll(async () => {
  const genesis = writeNetwork(folder, fastDevnet(pace, { jury }));
  node = await NodeProcess.start({ genesis, datadir: join(folder, 'node'), mine: false });
  transport = httpTransport(node.url);
  client = new AssertionClient(transport, oracle);
  const registry = addresses.OracleRegistry as ContractAddress;
  const oracles = new OracleClient(transport, { registry });
  court = (await findJury(oracles)) as JuryClient;
  const answer = { claim: wrong, outcome: 'false' };
  const policy = parseJuryPolicy({ answer: [answer] }, { readFile: () => '', startedAt: 0 });
  const questions = new OpenQuestions(court);
  for (const [index, account] of demonstrationAccounts().entries()) {
    const parts = {
      jury: court,
      client: oracles,
      questions,
      judge: await Judge.create(oracles, policy, undefined),
      wallet: walletOf(account),
      book: await VoteBook.open(join(folder, `${index}.json`)),
      note: () => {},
    };
    const options = { name: `${index}`, chainId: devnet.chainId, patienceBlocks: index };
    jurors.push(new JurorAgent(parts, { ...options, claimFrom: 1n }));
  }
});

afterAll(async () => {
  await node.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('two claims of one account', () => {
  it('end as their truth has it, with the books right', async () => {
    for (let block = 0; block < 5; block++) await node.rpc('evm_mine');
    const asserter = walletOf(first);
    const disputer = walletOf(second);
    watchers.push(
      watcherOf(asserter, () => {}),
      watcherOf(disputer, (note) => notes.push(note)),
    );
    for (const claim of [wrong, right]) {
      const data = calldata(optimisticAbi, 'assertTruthWithDefaults', [
        toHex(claim),
        asserter.address,
      ]);
      await asserter.send({ to: oracle, data, value: bond });
    }
    await node.rpc('evm_mine');
    interface Page {
      readonly assertions: readonly { id: string; claim: string; phase: string }[];
    }
    const phases = async (): Promise<Record<string, string>> => {
      const { assertions } = await node.rpc<Page>('oracle_assertions');
      return Object.fromEntries(assertions.map(({ claim, phase }) => [claim, phase]));
    };
    expect(await phases()).toEqual({ [wrong]: 'open', [right]: 'open' });
    const isOver = async (): Promise<boolean> =>
      Object.values(await phases()).every((phase) => phase === 'true' || phase === 'false');
    for (let block = 0; block < 60 && !(await isOver()); block++) await step();
    expect(await phases()).toEqual({ [wrong]: 'false', [right]: 'true' });
    for (let block = 0; block < 6; block++) await step();
    // The loser's bond paid the jury and the winner; nothing is left behind.
    const balanceOf = async (address: string): Promise<bigint> =>
      BigInt(await node.rpc<string>('eth_getBalance', address, 'latest'));
    expect(await view<bigint>(transport, oracle, optimisticAbi, 'liabilities')).toBe(0n);
    expect(await balanceOf(oracle)).toBe(0n);
    const gas = oak / 10n;
    for (const [{ address }, gain] of [
      [asserter, -bond],
      [disputer, bond - juryFee],
    ] as const) {
      const change = (await balanceOf(address)) - 10_000n * oak;
      expect(change).toBeLessThanOrEqual(gain);
      expect(change).toBeGreaterThan(gain - gas);
    }
    const actions = notes.map(({ action }) => action);
    expect(actions).toEqual(['wrong', 'right', 'dispute', 'settle', 'claim']);
    const [assertion] = (await node.rpc<Page>('oracle_assertions')).assertions;
    expect(await node.rpc('oracle_assertion', assertion?.id)).toEqual(assertion);
  });

  it('are refused by name where there are none', async () => {
    await expect(node.rpc('oracle_assertion', `0x${'00'.repeat(32)}`)).rejects.toThrow(
      /UnknownAssertion/,
    );
    await expect(node.rpc('oracle_assertions', 0, 1)).resolves.toMatchObject({ assertions: [] });
    await expect(node.rpc('oracle_assertion', '0x12')).rejects.toThrow(/64 hexadecimal/);
  });
});
