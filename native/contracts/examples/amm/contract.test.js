import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestChain } from 'dodona/harness';

const token = await TestChain.build(`${import.meta.dirname}/../erc20`);
const source = await TestChain.build(import.meta.dirname);
const unit = 10n ** 18n;

async function scene() {
  const chain = new TestChain();
  const [provider, trader] = chain.accounts;
  const oak = await chain.deploy(token, ['Oak', 'OAKT', 1_000_000n * unit]);
  const elm = await chain.deploy(token, ['Elm', 'ELMT', 1_000_000n * unit]);
  const pair = await chain.deploy(source, [oak.address, elm.address]);
  for (const coin of [oak, elm]) {
    coin.send('transfer', [trader, 1_000n * unit]);
    for (const from of [provider, trader]) {
      coin.send('approve', [pair.address, 2n ** 255n], { from });
    }
  }
  pair.send('add', [100n * unit, 400n * unit]);
  return { pair, oak, elm, provider, trader };
}

const product = (pair) => {
  const [reserve0, reserve1] = pair.call('getReserves');
  return reserve0 * reserve1;
};

test('the first provider owns all but the locked shares', async () => {
  const { pair, provider } = await scene();
  assert.equal(pair.call('totalShares'), 200n * unit);
  assert.equal(pair.call('sharesOf', [provider]), 200n * unit - 1_000n);
  pair.send('add', [10n * unit, 40n * unit]);
  assert.equal(pair.call('totalShares'), 220n * unit);
  assert.deepEqual(pair.call('getReserves'), [110n * unit, 440n * unit]);
});

test('a swap follows the formula and never lowers the product', async () => {
  const { pair, oak, elm, trader } = await scene();
  const before = product(pair);
  const charged = 10n * unit * 997n;
  const expected = (charged * 400n * unit) / (100n * unit * 1000n + charged);
  assert.equal(pair.call('quote', [oak.address, 10n * unit]), expected);
  const { value, events } = pair.send('swap', [oak.address, 10n * unit, expected], {
    from: trader,
  });
  assert.equal(value, expected);
  assert.equal(events.find(({ name }) => name === 'Swapped').args.amountOut, expected);
  assert.equal(elm.call('balanceOf', [trader]), 1_000n * unit + expected);
  assert.ok(product(pair) > before);
  const back = pair.send('swap', [elm.address, expected, 0n], { from: trader }).value;
  assert.ok(back < 10n * unit);
});

test('a swap refuses a worse price, a foreign token and unpaid money', async () => {
  const { pair, oak, trader, provider } = await scene();
  assert.throws(() => pair.send('swap', [oak.address, unit, 5n * unit], { from: trader }), {
    errorName: 'TooLittle',
  });
  assert.throws(() => pair.send('swap', [provider, unit, 0n]), { errorName: 'UnknownToken' });
  assert.throws(() => pair.send('swap', [oak.address, 2_000n * unit, 0n], { from: trader }), {
    errorName: 'ERC20InsufficientBalance',
  });
});

test('providers leave with the fees', async () => {
  const { pair, oak, elm, provider, trader } = await scene();
  for (let round = 0; round < 3; round++) {
    pair.send('swap', [oak.address, 10n * unit, 0n], { from: trader });
    pair.send('swap', [elm.address, 40n * unit, 0n], { from: trader });
  }
  pair.send('remove', [pair.call('sharesOf', [provider])]);
  assert.equal(pair.call('totalShares'), 1_000n);
  const gained = oak.call('balanceOf', [provider]) + elm.call('balanceOf', [provider]);
  assert.ok(gained > (999_000n + 999_000n) * unit);
  assert.throws(() => pair.send('remove', [1n]), { errorName: 'Panic' });
});
