import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestChain } from 'dodona/harness';

const source = await TestChain.build(import.meta.dirname);
const supply = 1_000n * 10n ** 18n;

async function scene() {
  const chain = new TestChain();
  const [owner, friend, stranger] = chain.accounts;
  const token = await chain.deploy(source, ['Oak Token', 'OAKT', supply]);
  return { chain, token, owner, friend, stranger };
}

test('the deployer holds the supply', async () => {
  const { token, owner } = await scene();
  assert.equal(token.call('name'), 'Oak Token');
  assert.equal(token.call('symbol'), 'OAKT');
  assert.equal(token.call('decimals'), 18);
  assert.equal(token.call('totalSupply'), supply);
  assert.equal(token.call('balanceOf', [owner]), supply);
});

test('a transfer moves tokens and says so', async () => {
  const { token, owner, friend } = await scene();
  const { value, events } = token.send('transfer', [friend, 5n]);
  assert.equal(value, true);
  assert.equal(events[0].name, 'Transfer');
  assert.deepEqual(events[0].args, { from: owner, to: friend, value: 5n });
  assert.equal(token.call('balanceOf', [friend]), 5n);
  assert.equal(token.call('balanceOf', [owner]), supply - 5n);
});

test('nobody spends more than there is', async () => {
  const { token, friend, stranger } = await scene();
  assert.throws(() => token.send('transfer', [stranger, 1n], { from: friend }), {
    errorName: 'ERC20InsufficientBalance',
    args: [friend, 0n, 1n],
  });
  assert.throws(() => token.send('transfer', [`0x${'00'.repeat(20)}`, 1n]), {
    errorName: 'ERC20InvalidReceiver',
  });
});

test('an allowance is spent once', async () => {
  const { token, owner, friend, stranger } = await scene();
  token.send('approve', [friend, 10n]);
  token.send('transferFrom', [owner, stranger, 7n], { from: friend });
  assert.equal(token.call('allowance', [owner, friend]), 3n);
  assert.equal(token.call('balanceOf', [stranger]), 7n);
  assert.throws(() => token.send('transferFrom', [owner, stranger, 4n], { from: friend }), {
    errorName: 'ERC20InsufficientAllowance',
    args: [friend, 3n, 4n],
  });
});

test('a method that takes no value refuses it', async () => {
  const { token, friend } = await scene();
  assert.throws(() => token.send('transfer', [friend, 1n], { value: 1n }), { data: '0x' });
});
