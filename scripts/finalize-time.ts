/**
 * How long the ledger takes for a block that finalizes a round of 64 reporters:
 * `npx tsx scripts/finalize-time.ts [--runs 20]`. Cold is a fresh machine, which compiles the contracts
 * first; warm is one that has run them. Neither remembers the block. Prints processor time.
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Hex } from 'viem';
import { Ledger } from '../src/ledger/ledger.ts';
import { createNativeCrypto } from '../src/node/native-crypto.ts';
import { calldata, oracleAbi } from '../src/oracle/contracts.ts';
import { fromHex } from '../src/primitives/bytes.ts';
import { parseGenesis } from '../src/primitives/genesis.ts';
import { createVm } from '../src/vm/vm.ts';
import { addresses, account as contractAccount } from '../test/contracts/artifacts.ts';
import { hashOf, saltOf } from '../test/contracts/oracle-scene.ts';
import { chainId, TestChain } from '../test/ledger/chain.ts';
import { buildGenesisFile } from './build-genesis.ts';
import { devnet, feedIdOfName } from './genesis-networks.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '20' } } });
const oak = 10n ** 18n;
const feed = feedIdOfName('BTC/USD');
const oracle = addresses.CommitRevealOracle as Hex;
const reporters = Array.from({ length: 64 }, (_, index) => contractAccount(0x1000 + index));
const crypto = createNativeCrypto();

/** Reporters with seats and money in a feed with the windows of production networks. */
function network(): string {
  const [first] = devnet.feeds;
  const windows = { period: 60, commitBlocks: 20, sealBlocks: 6, revealBlocks: 20, seats: 64 };
  const configuration = { ...first?.configuration, ...windows } as NonNullable<
    typeof first
  >['configuration'];
  return buildGenesisFile({
    ...devnet,
    chainId: Number(chainId),
    allocations: reporters.map((address) => ({ address, balance: 100n * oak })),
    reporters: reporters.map((address, index) => ({ address, stake: BigInt(1_000 + index) * oak })),
    feeds: [{ name: 'BTC/USD', weight: 1, configuration }],
  });
}

const genesis = parseGenesis(JSON.parse(network()), crypto);
const modules = new Map(
  genesis.contracts.map(({ wasm }) => [
    wasm,
    new Uint8Array(readFileSync(new URL(`../genesis/${wasm}`, import.meta.url))),
  ]),
);
const chain = new TestChain(genesis, createVm({ crypto }), modules);

function submit(from: Hex, name: string, parameters: readonly unknown[]): void {
  const sender = fromHex(from);
  const data = fromHex(calldata(oracleAbi, name, parameters));
  const nonce = chain.nonce(sender);
  const call = { to: fromHex(oracle), value: 0n, data, gasLimit: 1_500_000n };
  const { raw } = chain.signer.sign({ ...call, from: sender, nonce, maxFeePerGas: 10n ** 11n });
  const refusal = chain.ledger.submit(raw);
  if ('code' in refusal) throw new Error(`${name}: ${refusal.code}`);
}

/** Mines up to the block before `height`. */
function mineTo(height: number): void {
  while (chain.head.height < height - 1) chain.mine();
}

const priceOf = (index: number): bigint => BigInt(6_400_000_000_000 + ((index * 37) % 64));
for (const [index, reporter] of reporters.entries()) {
  const salt = saltOf(reporter, 1n);
  const hash = hashOf(feed, 1n, reporter, priceOf(index), salt, { chainId });
  submit(reporter, 'commit', [feed, 1n, hash]);
}
mineTo(27);
for (const [index, reporter] of reporters.entries()) {
  submit(reporter, 'reveal', [feed, 1n, priceOf(index), saltOf(reporter, 1n)]);
}
mineTo(47);
submit(reporters[0] as Hex, 'finalize', [feed, 1n]);
const block = chain.propose();
const { recover } = chain.signer;

/** Milliseconds of processor time, all threads, that a ledger without memory of the block takes to execute it on machine `vm`. */
function executionMs(vm: ReturnType<typeof createVm>): number {
  const ledger = new Ledger({ genesis, reader: chain.store, vm, crypto, recover });
  const before = process.cpuUsage();
  const result = ledger.execute(block, chain.head, chain.place(block));
  const { user, system } = process.cpuUsage(before);
  if (!result.ok) throw new Error(`${result.code}: ${result.detail}`);
  return (user + system) / 1_000;
}

function shown(times: readonly number[]): string {
  const sorted = [...times].sort((left, right) => left - right);
  const at = (part: number): string =>
    (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1);
  return `median ${at(0.5)} ms, longest ${at(1)} ms of ${sorted.length}`;
}

const runs = Array.from({ length: Number(values.runs) });
const warm = createVm({ crypto });
executionMs(warm);
const warmTimes = runs.map(() => executionMs(warm));
const coldTimes = runs.slice(0, 5).map(() => executionMs(createVm({ crypto })));
console.log(`finalize of 64 reports, ${block.record.gasUsed} gas`);
console.log(`  warm  ${shown(warmTimes)}`);
console.log(`  cold  ${shown(coldTimes)}`);
