import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestChain } from 'dodona/harness';

const source = await TestChain.build(import.meta.dirname);
const oak = 10n ** 18n;

async function scene() {
  const chain = new TestChain();
  const [ada, ben, cleo, stranger] = chain.accounts;
  const wallet = await chain.deploy(source, [[ada, ben, cleo], 2]);
  return { chain, wallet, ada, ben, cleo, stranger };
}

test('money goes out when two of three have confirmed', async () => {
  const { chain, wallet, ada, ben, stranger } = await scene();
  const { events } = chain.transfer(wallet.address, 5n * oak);
  assert.deepEqual(events[0].args, { from: ada, amount: 5n * oak });
  const { value: id } = wallet.send('propose', [stranger, 2n * oak, '0x']);
  assert.equal(id, 0n);
  assert.throws(() => wallet.send('execute', [id]), {
    errorName: 'NotConfirmed',
    args: [0n, 1, 2],
  });
  wallet.send('confirm', [id], { from: ben });
  const before = chain.balance(stranger);
  wallet.send('execute', [id], { from: ben });
  assert.equal(chain.balance(stranger) - before, 2n * oak);
  assert.equal(chain.balance(wallet.address), 3n * oak);
  assert.throws(() => wallet.send('execute', [id]), { errorName: 'AlreadyExecuted' });
});

test('nobody counts twice, strangers never', async () => {
  const { wallet, ada, stranger } = await scene();
  wallet.send('propose', [stranger, 0n, '0x']);
  assert.throws(() => wallet.send('confirm', [0n]), {
    errorName: 'AlreadyConfirmed',
    args: [0n, ada],
  });
  assert.throws(() => wallet.send('confirm', [0n], { from: stranger }), { errorName: 'NotOwner' });
  assert.throws(() => wallet.send('confirm', [1n]), { errorName: 'Panic' });
  assert.equal(wallet.call('confirmations', [0n]), 1);
});

test('a call that fails can be tried again', async () => {
  const { chain, wallet, ben, stranger } = await scene();
  wallet.send('propose', [stranger, oak, '0x']);
  wallet.send('confirm', [0n], { from: ben });
  assert.throws(() => wallet.send('execute', [0n]), { reason: 'the call failed' });
  chain.transfer(wallet.address, oak);
  wallet.send('execute', [0n]);
  assert.equal(chain.balance(wallet.address), 0n);
});

test('owners are checked at the beginning', async () => {
  const chain = new TestChain();
  const [ada, ben] = chain.accounts;
  await assert.rejects(chain.deploy(source, [[ada, ben], 3]), { name: 'ContractRevert' });
  await assert.rejects(chain.deploy(source, [[ada, ada], 1]), { reason: 'an owner stands twice' });
});
