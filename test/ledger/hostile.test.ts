/**
 * Contracts that want to hurt: each attack goes through a block, ends within its gas, pays for all of
 * it, and leaves the state as it was. The same block gives the same receipts on another node.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import { readAccount, readSlot } from '../../src/ledger/account.ts';
import { decodeReceipts, type StoredReceipt } from '../../src/ledger/receipts.ts';
import { createdAddress } from '../../src/ledger/transactions.ts';
import { bigintToBytes, emptyBytes, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { keys } from '../../src/primitives/store.ts';
import { encodeCreation } from '../../src/vm/creation.ts';
import { createVm } from '../../src/vm/vm.ts';
import { compilePuppet, puppet } from '../support/puppet.ts';
import { account, oak, TestChain, testGenesis } from './chain.ts';

const attacker = account(1);
const balances = new Map([0, 1].map((index) => [account(index), 1_000n * oak]));
const target = createdAddress(account(0), 0n, crypto);
const gasLimit = 25_000_000n;

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compilePuppet();
});

/** The target deployed, with 5 OAK and 7 in slot 1. */
class Scene extends TestChain {
  constructor() {
    super(testGenesis(balances), createVm({ crypto }));
    const first = { to: undefined, data: encodeCreation(wasm, puppet.store(1n, 7n)) };
    expect(this.run(account(0), { ...first, value: 5n * oak }).receipt.status).toBe(1);
  }

  run(
    from: Uint8Array,
    fields: {
      readonly to: Uint8Array | undefined;
      readonly data: Uint8Array;
      readonly value?: bigint;
    },
  ): StoredReceipt {
    const complete = { gasLimit, value: 0n, ...fields, from, nonce: this.nonce(from) };
    const result = this.ledger.submit(this.signer.sign(complete).raw);
    if (!result.ok) throw new Error(result.message);
    const { entry } = this.mine();
    const receipts = decodeReceipts(this.store.get(keys.receipts(entry.id)) as Uint8Array);
    expect(receipts).toHaveLength(1);
    return receipts[0] as StoredReceipt;
  }

  attack(data: Uint8Array): StoredReceipt {
    return this.run(attacker, { to: target, data });
  }

  /** All that an attack on the target could change, but for who paid and who earned. */
  facts(): unknown[] {
    const { nonce, balance, codeHash } = readAccount(this.store, target, crypto);
    const slots = [1, 2, 3].map((slot) =>
      toHex(readSlot(this.store, target, bigintToBytes(BigInt(slot), 32), crypto)),
    );
    return [nonce, balance, toHex(codeHash), slots];
  }
}

const write = puppet.store(2n, 9n);
const batch = puppet.batch;

/** `times` calls of the target by itself, one in the other, around `inner`. */
function nested(times: number, inner: Uint8Array, around: readonly Uint8Array[] = []): Uint8Array {
  let data = inner;
  for (let each = 0; each < times; each++) {
    data = batch(...around, puppet.call(target, data));
  }
  return data;
}

describe('attacks that end in a trap', () => {
  it.each<[string, () => Uint8Array]>([
    ['an endless loop', () => batch(write, puppet.loop())],
    ['endless recursion', () => batch(write, puppet.recurse(2n ** 31n - 1n))],
    ['growth without end', () => batch(write, puppet.grow(0xffff_ffffn))],
    ['a pointer outside the memory', () => batch(write, puppet.readArgumentsAt(0xffff_fff0n))],
    [
      'an abort after a log and a payment',
      () =>
        batch(
          write,
          puppet.log(1, new Uint8Array(64)),
          puppet.call(target, emptyBytes, { value: 1n }),
          puppet.abort(),
        ),
    ],
    [
      'a log flood',
      () => {
        const flood = puppet.log(4, new Uint8Array(8_000));
        return batch(write, ...Array(4).fill(flood), puppet.loop());
      },
    ],
    [
      'a write in a static call, all gas given',
      () => batch(write, puppet.staticCall(target, write), puppet.loop()),
    ],
  ])('%s takes all gas and changes nothing', (_, data) => {
    const scene = new Scene();
    const before = scene.facts();
    const { receipt, hint } = scene.attack(data());
    expect(receipt).toMatchObject({ status: 0, logs: [], cumulativeGasUsed: Number(gasLimit) });
    expect(hint).toBeTruthy();
    expect(scene.facts()).toEqual(before);
  });
});

describe('attacks that go as deep as they can', () => {
  it('end at 128 frames, and the frames above go on', () => {
    const scene = new Scene();
    const data = nested(140, write);
    const { receipt } = scene.attack(data);
    expect(receipt.status).toBe(1);
    expect(receipt.cumulativeGasUsed).toBeLessThan(Number(gasLimit));
    // The innermost write was never reached: it lies 140 frames deep.
    expect(toHex(readSlot(scene.store, target, bigintToBytes(2n, 32), crypto))).toBe(
      '00'.repeat(32),
    );
    expect(new Scene().attack(data).receipt).toEqual(receipt);
  });

  it('with value to themselves neither make nor lose money', () => {
    const scene = new Scene();
    let data: Uint8Array = puppet.echo(emptyBytes);
    for (let depth = 0; depth < 30; depth++) data = puppet.call(target, data, { value: oak });
    const before = scene.facts();
    expect(scene.attack(data).receipt.status).toBe(1);
    expect(scene.facts()).toEqual(before);
    // More than there is: the inner call reverts, nothing moves.
    scene.attack(puppet.call(target, write, { value: 6n * oak }));
    expect(scene.facts()).toEqual(before);
  });

  it('re-enter before the first frame is done: each frame sees the writes, a revert undoes its own', () => {
    const scene = new Scene();
    const inner = batch(puppet.load(2n), puppet.store(3n, 1n), puppet.revert(new Uint8Array(8)));
    scene.attack(batch(write, puppet.call(target, inner), puppet.load(3n)));
    const slot = (key: bigint): Uint8Array =>
      readSlot(scene.store, target, bigintToBytes(key, 32), crypto);
    expect([slot(2n)[31], slot(3n)[31]]).toEqual([9, 0]);
  });
});

describe('attacks by size', () => {
  it('a revert with much data costs its bytes, the rest of the gas comes back', () => {
    const scene = new Scene();
    const before = scene.facts();
    const data = new Uint8Array(65_535).fill(1);
    const { receipt } = scene.attack(puppet.revert(data));
    expect(receipt).toMatchObject({ status: 0, logs: [] });
    // Most of it is the price of the calldata.
    expect(receipt.cumulativeGasUsed).toBeLessThan(21_000 + 16 * 65_536 + 100_000);
    expect(scene.facts()).toEqual(before);
  });

  it('giant answers are copied through every frame above, and paid in each', () => {
    const scene = new Scene();
    const revert = puppet.revert(new Uint8Array(60_000).fill(1));
    const used = [1, 2, 3].map((depth) => {
      let data = revert;
      for (let each = 0; each < depth; each++) data = puppet.call(target, data);
      const { receipt } = scene.attack(data);
      expect(receipt.status).toBe(1);
      return receipt.cumulativeGasUsed;
    });
    const [one = 0, two = 0, three = 0] = used;
    // Four copies of 60,000 bytes at 20 ink, and the frame: its price does not grow with depth.
    expect(two - one).toBeGreaterThan(4 * 1_200);
    expect(Math.abs(three - two - (two - one))).toBeLessThan(100);
  });

  it('logs are paid byte by byte and all arrive', () => {
    const scene = new Scene();
    const one = scene.attack(puppet.log(0, new Uint8Array(1_000).fill(3)));
    const two = scene.attack(puppet.log(0, new Uint8Array(2_000).fill(3)));
    expect(two.receipt.logs[0]?.data).toHaveLength(2_000);
    // Log bytes 8, calldata bytes 16 and the copies on the way.
    const difference = two.receipt.cumulativeGasUsed - one.receipt.cumulativeGasUsed;
    expect(difference).toBeGreaterThanOrEqual(24_000);
    expect(difference).toBeLessThan(25_000);
  });

  it('frames that all grow stop at the bound that they share', () => {
    const scene = new Scene();
    const { receipt, hint } = scene.attack(nested(60, puppet.grow(62n), [puppet.grow(62n)]));
    // 16 frames of 64 pages, below which calls find no memory for themselves.
    expect([receipt.status, hint]).toEqual([1, undefined]);
    expect(receipt.cumulativeGasUsed).toBeLessThan(3_000_000);
  });
});

describe('the same block elsewhere', () => {
  it('gives the same root and receipts', () => {
    const [one, other] = [new Scene(), new Scene()];
    const data = nested(20, batch(write, puppet.log(2, new Uint8Array(100)), puppet.recurse(40n)));
    const nonce = one.nonce(attacker);
    one.ledger.submit(
      one.signer.sign({ from: attacker, nonce, to: target, value: 0n, data, gasLimit }).raw,
    );
    const { block } = one.mine();
    // The other node hears of it with the block: it has to decode and run it.
    other.signer.sign({ from: attacker, nonce, to: target, value: 0n, data, gasLimit });
    other.apply(block);
    expect(other.dumpState()).toEqual(one.dumpState());
  });
});
