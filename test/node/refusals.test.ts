/**
 * What the oracle contracts refuse, as a wallet meets it: viem decodes the contract's own error from
 * calls and estimates of a real node, and a transaction sent all the same changes nothing.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  keccak256,
  toHex as textToHex,
  zeroAddress,
  zeroHash,
} from 'viem';
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devnet, feedIdOfName } from '../../scripts/genesis-networks.ts';
import { demonstrationAccounts, testAccounts } from '../../src/node/accounts.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { targetOf } from '../contracts/artifacts.ts';
import { hashOf } from '../contracts/oracle-scene.ts';
import type { Target } from '../support/contract-chain.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess } from '../support/process.ts';

const oracle = targetOf('CommitRevealOracle');
const stakes = targetOf('StakeRegistry');
const jury = targetOf('SchellingOracle');
const assertions = targetOf('OptimisticOracle');
const signed = targetOf('SignedAggregator');

const windows = { period: 20, commitBlocks: 6, sealBlocks: 2, revealBlocks: 6, disputeBlocks: 4 };
const feeds = devnet.feeds
  .slice(0, 1)
  .map((feed) => ({ ...feed, configuration: { ...feed.configuration, ...windows } }));
const feed = feedIdOfName('BTC/USD');
const noFeed: Hex = `0x${'07'.repeat(32)}`;
const value = 6_400_000_000_000n;
const beyond = 2n ** 191n;
const weakSalt: Hex = `0x${'7'.padStart(64, '0')}`;
const oak = 10n ** 18n;

const signer = ({ privateKey }: { readonly privateKey: Uint8Array }): PrivateKeyAccount =>
  privateKeyToAccount(`0x${toHex(privateKey)}`);
const reporters = demonstrationAccounts().map(signer);
const stranger = signer(testAccounts()[0]);
const reporter = (index: number): PrivateKeyAccount => reporters[index] as PrivateKeyAccount;
const saltOf = (index: number): Hex => keccak256(textToHex(`salt ${index}`));
const commitOf = (index: number, round: bigint, hidden: bigint, salt: Hex): Hex =>
  hashOf(feed, round, reporter(index).address, hidden, salt);

interface Call {
  readonly by: PrivateKeyAccount;
  readonly to: Target;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly money?: bigint;
}
type Refused = Call & { readonly error: string };

const folder = mkdtempSync(join(tmpdir(), 'dodona-refusals-'));
let node: NodeProcess;

function clients() {
  const chain = defineChain({
    id: devnet.chainId,
    name: 'testnet',
    nativeCurrency: { name: 'OAK', symbol: 'OAK', decimals: 18 },
    rpcUrls: { default: { http: [node.url] } },
  });
  const transport = http(undefined, { retryCount: 0 });
  return {
    client: createPublicClient({ chain, transport, cacheTime: 0 }),
    wallet: createWalletClient({ chain, transport }),
  };
}

const contractCall = ({ by, to, name, args, money = 0n }: Call) => ({
  account: by,
  ...{ address: to.address, abi: to.abi, functionName: name, args, value: money },
});

/** The contract's error that viem finds behind a failure. */
function errorName(failure: unknown): string | undefined {
  const found = (failure as BaseError).walk?.((e) => e instanceof ContractFunctionRevertedError);
  return (found as ContractFunctionRevertedError | undefined)?.data?.errorName;
}

/** Sends all of them in one block; whether each succeeded. */
async function send(calls: readonly Call[]): Promise<readonly string[]> {
  const { client, wallet } = clients();
  const hashes: Hex[] = [];
  for (const call of calls) {
    hashes.push(await wallet.writeContract({ ...contractCall(call), gas: 2_000_000n }));
  }
  await node.rpc('evm_mine');
  const receipts = await Promise.all(hashes.map((hash) => client.getTransactionReceipt({ hash })));
  return receipts.map(({ status }) => status);
}

async function succeed(calls: readonly Call[]): Promise<void> {
  expect(await send(calls)).toEqual(calls.map(() => 'success'));
}

/** Everything that a refused call could have changed. */
async function books(): Promise<unknown> {
  const { client } = clients();
  const read = ({ address, abi }: Target, functionName: string, args: readonly unknown[]) =>
    client.readContract({ address, abi, functionName, args });
  const people = [...reporters, stranger].map(({ address }) => address);
  const contracts = [oracle, stakes, jury, assertions, signed];
  return Promise.all([
    ...[1n, 2n].map((round) => read(oracle, 'getRound', [feed, round])),
    ...reporters.flatMap((_, seat) =>
      [1n, 2n].map((round) => read(oracle, 'getReport', [feed, round, seat])),
    ),
    ...people.map((person) => read(oracle, 'claimable', [person])),
    ...people.map((person) => read(stakes, 'accountOf', [person])),
    ...contracts.map(({ address }) => client.getBalance({ address })),
  ]);
}

/** Each is refused by name in a call and in an estimate; sent all the same, they change nothing. */
async function refuse(refused: readonly Refused[]): Promise<void> {
  const { client } = clients();
  const before = await books();
  for (const call of refused) {
    const request = contractCall(call);
    const asked = await client.simulateContract(request).catch(errorName);
    const estimated = await client.estimateContractGas(request).catch(errorName);
    expect([call.name, asked, estimated]).toEqual([call.name, call.error, call.error]);
  }
  expect(await send(refused)).toEqual(refused.map(() => 'reverted'));
  expect(await books()).toEqual(before);
}

/** Mines until the next block is `height`. */
async function mineTo(height: number): Promise<void> {
  while ((await node.head()).number < height - 1) await node.rpc('evm_mine');
}

const on = (to: Target) => (by: PrivateKeyAccount, name: string, args: readonly unknown[]) => ({
  ...{ by, to, name, args },
});
const ofOracle = on(oracle);
const commit = (index: number, round: bigint, hidden: bigint, salt: Hex): Call =>
  ofOracle(reporter(index), 'commit', [feed, round, commitOf(index, round, hidden, salt)]);
const reveal = (index: number, round: bigint, shown: bigint, salt: Hex): Call =>
  ofOracle(reporter(index), 'reveal', [feed, round, shown, salt]);

beforeAll(async () => {
  const pace = { intervalMs: 60_000, transactionMs: 60_000 };
  const genesis = writeNetwork(folder, fastDevnet(pace, { feeds }));
  node = await NodeProcess.start({ genesis, datadir: join(folder, 'node'), mine: false });
});
afterAll(async () => {
  await node.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('the oracle contracts, through a wallet', () => {
  it('refuse what is out of place while commitments are taken', async () => {
    const hash = commitOf(0, 1n, value, saltOf(0));
    await refuse([
      { ...ofOracle(reporter(0), 'commit', [noFeed, 1n, hash]), error: 'UnknownFeed' },
      { ...ofOracle(stranger, 'commit', [feed, 1n, hash]), error: 'NotReporter' },
      { ...commit(0, 2n, value, saltOf(0)), error: 'WrongPhase' },
      { ...reveal(0, 1n, value, saltOf(0)), error: 'WrongPhase' },
      { ...ofOracle(reporter(0), 'takeSeat', [feed]), error: 'AlreadySeated' },
      { ...ofOracle(stranger, 'takeSeat', [feed]), error: 'StakeTooLow' },
      { ...ofOracle(stranger, 'claim', []), error: 'NothingToClaim' },
      { ...on(stakes)(stranger, 'deposit', []), error: 'ZeroAmount' },
      { ...on(jury)(stranger, 'enroll', [1n]), error: 'StakeTooLow' },
      {
        ...on(signed)(stranger, 'transmit', [noFeed, noFeed, 1, '0x', []]),
        error: 'UnknownFeed',
      },
      {
        ...on(assertions)(stranger, 'assertTruth', [
          ...['0x01', stranger.address, zeroAddress, 20n, 1n, zeroHash, 0n],
        ]),
        ...{ money: 1n, error: 'BondTooLow' },
      },
    ]);
    await succeed([
      commit(0, 1n, value, saltOf(0)),
      commit(1, 1n, value, weakSalt),
      commit(2, 1n, beyond, saltOf(2)),
      commit(3, 1n, value, saltOf(3)),
      commit(4, 1n, value, saltOf(4)),
    ]);
  });

  it('refuse reveals that are not what was committed', async () => {
    await mineTo(9);
    await refuse([
      { ...commit(0, 1n, value, saltOf(0)), error: 'WrongPhase' },
      { ...reveal(0, 1n, value + 1n, saltOf(0)), error: 'CommitMismatch' },
      { ...reveal(1, 1n, value, weakSalt), error: 'SaltTooWeak' },
      { ...reveal(2, 1n, beyond, saltOf(2)), error: 'ValueOutOfRange' },
      { ...ofOracle(stranger, 'reveal', [feed, 1n, value, saltOf(0)]), error: 'NoCommit' },
    ]);
    await succeed([0, 3, 4].map((index) => reveal(index, 1n, value, saltOf(index))));
    await refuse([{ ...reveal(0, 1n, value, saltOf(0)), error: 'AlreadyRevealed' }]);
  });

  it('refuse a second end, an early settlement and a late dispute', async () => {
    await mineTo(15);
    const end = (name: string, ...rest: unknown[]): Call =>
      ofOracle(stranger, name, [feed, 1n, ...rest]);
    await succeed([end('finalize')]);
    await refuse([
      { ...end('finalize'), error: 'AlreadyFinal' },
      { ...end('settle', 64), error: 'NotSettleable' },
      { ...end('disputeRound'), money: 1n, error: 'WrongValue' },
      { ...end('resolveDispute'), error: 'NotDisputed' },
    ]);
    await mineTo(20);
    await refuse([{ ...end('disputeRound'), money: 2n * oak, error: 'DisputeClosed' }]);
    await succeed([end('settle', 64), commit(0, 2n, value, saltOf(0))]);
    await refuse([{ ...end('settle', 64), error: 'AlreadySettled' }]);
  });

  it('refuse a second claim and a salt that was used before', async () => {
    const claim = ofOracle(reporter(0), 'claim', []);
    await succeed([claim]);
    await refuse([{ ...claim, error: 'NothingToClaim' }]);
    await mineTo(29);
    await refuse([{ ...reveal(0, 2n, value, saltOf(0)), error: 'SaltReused' }]);
  });
});
