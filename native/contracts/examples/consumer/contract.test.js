/** The loan desk on a real feed: contracts of the genesis, a pair of two tokens and its TWAP. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TestChain, TestContract } from 'dodona/harness';
import { getContractAddress } from 'viem';

const artifact = (name) =>
  JSON.parse(
    readFileSync(new URL(`../../../../genesis/artifacts/${name}.json`, import.meta.url), 'utf8'),
  );
const token = await TestChain.build(`${import.meta.dirname}/../erc20`);
const source = await TestChain.build(import.meta.dirname);
const unit = 10n ** 18n;

/** A pair at 2.5 with an hour of history, and a desk for prices of an hour that are sure to 1 %. */
async function scene() {
  const chain = new TestChain();
  const [owner] = chain.accounts;
  const coins = [];
  for (const name of ['Oak', 'Elm']) {
    coins.push(await chain.deploy(token, [name, name.toUpperCase(), 1_000_000n * unit]));
  }
  const [base, quote] = coins.sort((left, right) =>
    left.address.toLowerCase() < right.address.toLowerCase() ? -1 : 1,
  );
  const factory = await chain.deploy(artifact('PairFactory'));
  // Registry and oracle name each other: the oracle is the contract after the registry.
  const oracle = getContractAddress({ from: owner, nonce: 4n });
  const registry = await chain.deploy(artifact('OracleRegistry'), [[oracle]]);
  const twap = await chain.deploy(artifact('TwapOracle'), [registry.address, factory.address]);
  assert.equal(twap.address, oracle);
  const guard = await chain.deploy(artifact('CorruptionGuard'), [registry.address, owner, 0]);
  const pool = factory.send('createPair', [base.address, quote.address]).value;
  const pair = new TestContract(chain, 'AmmPair', artifact('AmmPair').abi, pool);
  base.send('transfer', [pool, 100n * unit]);
  quote.send('transfer', [pool, 250n * unit]);
  pair.send('mint', [owner]);
  const feed = twap.send('createFeed', [pool, 300, 8], { value: 10n * unit }).value;
  const trade = () => {
    base.send('transfer', [pool, unit / 1_000n]);
    pair.send('swap', [0n, unit / 1_000n, owner, '0x']);
  };
  chain.mine(120);
  trade();
  chain.mine(120);
  const proxy = registry.call('proxyOf', [feed]);
  const desk = await chain.deploy(source, [proxy, 3_600n, 100n, guard.address]);
  return { chain, desk, pair, quote };
}

test('a price in order is worth what the feed says, at its low end', async () => {
  const { desk } = await scene();
  const [price] = desk.call('price');
  assert.ok(price > 249n * 10n ** 16n && price <= 25n * 10n ** 17n);
  assert.equal(desk.call('worth', [4n * unit]) <= 4n * price, true);
  assert.ok(desk.call('worth', [4n * unit]) > (4n * price * 99n) / 100n);
});

test('a price that is too old is none', async () => {
  const { chain, desk } = await scene();
  chain.mine(121);
  assert.throws(() => desk.call('price'), { errorName: 'Stale' });
});

test('a pair that somebody moved gives no price to lend on', async () => {
  const { chain, desk, pair, quote } = await scene();
  quote.send('transfer', [pair.address, 250n * unit]);
  pair.send('sync');
  chain.warp(45); // by time 2.5 % more, by blocks 0.8 %: less sure than the desk wants
  assert.throws(() => desk.call('price'), { errorName: 'PriceUnsure' });
  chain.warp(600);
  assert.throws(() => desk.call('worth', [unit]), { errorName: 'SourcesDiverge' });
});

test('no loan on a price that no stake stands behind', async () => {
  const { desk } = await scene();
  assert.throws(() => desk.call('loanFor', [unit]), { errorName: 'TooMuchAtRisk' });
});
