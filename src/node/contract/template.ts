/** What `dodona contract new` writes: a counter with an owner, and its tests. */

/** Files of a new project by name. */
export function templateFiles(name: string): Readonly<Record<string, string>> {
  return {
    'contract.ts': `/** ${name}: a counter that anybody raises and its owner resets. */

import { Address, Indexed, require, sender, U256, u256 } from "dodona";

@storage class State {
  static owner: Address;
  static count: U256;
}

@event declare function Raised(by: Indexed<Address>, count: U256): void;
@error declare function NotOwner(caller: Address): void;

@constructor
export function create(start: U256): void {
  State.owner = sender();
  State.count = start;
}

@view
export function count(): U256 {
  return State.count;
}

@call
export function raise(step: U256): U256 {
  require(step > u256(0), "nothing to add");
  State.count = State.count + step;
  Raised(sender(), State.count);
  return State.count;
}

@call
export function reset(): void {
  if (sender() != State.owner) NotOwner(sender());
  State.count = u256(0);
}
`,
    'contract.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestChain } from 'dodona/harness';

const source = await TestChain.build(import.meta.dirname);

test('counts and says so', async () => {
  const chain = new TestChain();
  const counter = await chain.deploy(source, [10n]);
  const { value, events } = counter.send('raise', [5n]);
  assert.equal(value, 15n);
  assert.equal(events[0].name, 'Raised');
  assert.equal(counter.call('count'), 15n);
  assert.throws(() => counter.send('raise', [0n]), { reason: 'nothing to add' });
});

test('is reset by its owner alone', async () => {
  const chain = new TestChain();
  const [, stranger] = chain.accounts;
  const counter = await chain.deploy(source, [10n]);
  assert.throws(() => counter.send('reset', [], { from: stranger }), { errorName: 'NotOwner' });
  counter.send('reset');
  assert.equal(counter.call('count'), 0n);
});
`,
    'package.json': '{ "private": true, "type": "module" }\n',
  };
}
