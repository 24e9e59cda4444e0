/** Contracts through the ledger: fees of each outcome, receipts, undo, genesis, calls, estimates. */

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeAccount, readAccount, readSlot } from '../../src/ledger/account.ts';
import { type CallMessage, callMessage, estimateGas } from '../../src/ledger/calls.ts';
import type { LedgerParts } from '../../src/ledger/execute.ts';
import { intrinsicGas, nextBaseFee } from '../../src/ledger/fees.ts';
import { buildGenesis } from '../../src/ledger/genesis-block.ts';
import { buildBlock } from '../../src/ledger/propose.ts';
import { decodeReceipts, type StoredReceipt } from '../../src/ledger/receipts.ts';
import { createdAddress } from '../../src/ledger/transactions.ts';
import { concat, fromHex, reverseBytes, toHex, u64ToBytes } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { type Genesis, GenesisError } from '../../src/primitives/genesis.ts';
import { keys } from '../../src/primitives/store.ts';
import type { SignedTransaction } from '../../src/primitives/transaction.ts';
import { encodeCreation } from '../../src/vm/creation.ts';
import { createVm } from '../../src/vm/vm.ts';
import { LocalFault, type Vm } from '../../src/vm/world.ts';
import { compileContract } from '../support/assembly-script.ts';
import { account, type Fields, type Mined, miner, oak, TestChain, testGenesis } from './chain.ts';
import { counterSource } from './counter-source.ts';
import { MemoryStore } from './support.ts';

const historyAddress = fromHex('0000f90827f1c53a10cb7a02335b175320002935');
const owner = account(0);
const rich = new Map([0, 1, 2].map((index) => [account(index), 1_000n * oak]));
const word = (value: number): Uint8Array => concat(new Uint8Array(24), u64ToBytes(value));
const command = (code: number, ...parts: Uint8Array[]): Uint8Array =>
  concat(Uint8Array.of(code), ...parts);

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compileContract(counterSource);
});

/** A chain with the contract deployed by its first transaction, counter at 7. */
class ContractChain extends TestChain {
  readonly contract = createdAddress(owner, 0n, crypto);

  constructor(genesis: Genesis = testGenesis(rich), vm: Vm = createVm({ crypto })) {
    super(genesis, vm);
  }

  deploy(): StoredReceipt {
    const data = encodeCreation(wasm, word(7));
    return this.run({ from: owner, to: undefined, value: 0n, data, gasLimit: 3_000_000n });
  }

  /** Mines one transaction and returns its receipt. */
  run(fields: Omit<Fields, 'nonce'>): StoredReceipt {
    const nonce = this.nonce(fields.from);
    const complete = { gasLimit: 1_000_000n, value: 0n, to: this.contract, ...fields, nonce };
    const result = this.ledger.submit(this.signer.sign(complete).raw);
    if (!result.ok) throw new Error(result.message);
    return this.onlyReceipt(this.mine());
  }

  /** Mines one transaction past the pool. */
  include(transaction: SignedTransaction): StoredReceipt {
    const parts = { genesis: this.genesis, reader: this.store, vm: createVm({ crypto }), crypto };
    const offered = [transaction];
    const candidates = () => ({ next: () => offered.pop(), skip: () => {} });
    const time = this.head.header.time + 15;
    const options = { time, bits: 0x207fffff, beneficiary: miner, extraData: new Uint8Array(32) };
    return this.onlyReceipt(this.apply(buildBlock(parts, this.head, options, candidates).block));
  }

  private onlyReceipt({ entry }: Mined): StoredReceipt {
    const receipts = decodeReceipts(this.store.get(keys.receipts(entry.id)) as Uint8Array);
    if (receipts.length !== 1) throw new Error(`${receipts.length} receipts`);
    return receipts[0] as StoredReceipt;
  }

  counter(): number {
    return readSlot(this.store, this.contract, word(0), crypto)[31] as number;
  }
}

function deployed(): ContractChain {
  const chain = new ContractChain();
  expect(chain.deploy().receipt.status).toBe(1);
  return chain;
}

describe('transactions to contracts', () => {
  it('deploy at the address of nonce and sender, with nonce 1 and code as it came', () => {
    const chain = deployed();
    const { nonce, codeHash } = readAccount(chain.store, chain.contract, crypto);
    expect(nonce).toBe(1n);
    expect(toHex(codeHash)).toBe(toHex(crypto.keccak256(wasm)));
    expect(chain.store.get(keys.code(codeHash))).toEqual(wasm);
    expect(chain.counter()).toBe(7);
  });

  it('succeed with logs and pay for what they use', () => {
    const chain = deployed();
    const { receipt, hint } = chain.run({ from: account(1), data: command(0) });
    expect([receipt.status, hint]).toEqual([1, undefined]);
    expect(receipt.logs).toHaveLength(1);
    expect(chain.counter()).toBe(8);
    const { record } = chain.blocks.at(-1)?.block ?? expect.fail();
    const price = record.baseFeePerGas + 10n ** 9n;
    expect(chain.balance(account(1))).toBe(1_000n * oak - BigInt(record.gasUsed) * price);
  });

  it('revert: writes and logs are gone, unused gas comes back, the nonce rises', () => {
    const chain = deployed();
    const { receipt } = chain.run({ from: account(1), data: command(1), value: 5n });
    expect(receipt).toMatchObject({ status: 0, logs: [] });
    expect(receipt.cumulativeGasUsed).toBeLessThan(100_000);
    expect([chain.counter(), chain.balance(chain.contract)]).toEqual([7, 0n]);
    expect(chain.nonce(account(1))).toBe(1n);
  });

  it('trap: all gas is used and the receipt says why, outside of the root', () => {
    const chain = deployed();
    const { receipt, hint } = chain.run({ from: account(1), data: command(2) });
    expect(receipt).toMatchObject({ status: 0, cumulativeGasUsed: 1_000_000 });
    expect(hint).toBeTruthy();
    expect(chain.counter()).toBe(7);
  });

  it.each([
    ['data that is no creation data', fromHex('6080604052'), 'EVM bytecode'],
    ['a damaged module', encodeCreation(fromHex('0061736d01000000ff')), 'unknown section 255'],
  ])('fail as creations with %s, using all gas; the pool refuses them', (_, data, words) => {
    const chain = new ContractChain();
    const fields = { from: owner, nonce: 0n, to: undefined, value: 0n, data, gasLimit: 90_000n };
    const transaction = chain.signer.sign(fields);
    const refusal = chain.ledger.submit(transaction.raw);
    expect(refusal).toMatchObject({ ok: false, code: 'creation-refused' });
    expect(JSON.stringify(refusal)).toContain(words);
    // A miner without this rule may include it all the same.
    const { receipt, hint } = chain.include(transaction);
    expect(receipt).toMatchObject({ status: 0, cumulativeGasUsed: 90_000 });
    expect(hint).toContain(words);
    expect(chain.nonce(owner)).toBe(1n);
  });

  it('read ids of ancestors at the address of EIP-2935', () => {
    const chain = deployed();
    for (let count = 0; count < 3; count++) chain.mine();
    const asked = chain.blocks[1]?.entry ?? expect.fail();
    const data = command(3, historyAddress, word(asked.height));
    const parts = { genesis: chain.genesis, reader: chain.store, vm: createVm({ crypto }), crypto };
    const result = callMessage(parts, facts(chain), { ...plainCall(chain), data });
    expect(toHex(result.output)).toBe(toHex(reverseBytes(fromHex(asked.id))));
  });

  it('are undone with everything they stored, code included', () => {
    const commands = fc.array(fc.constantFrom(0, 1, 2, 6), { maxLength: 6 });
    fc.assert(
      fc.property(commands, (codes) => {
        const chain = new ContractChain();
        const dumps = [chain.dumpState()];
        chain.deploy();
        for (const code of codes) {
          dumps.push(chain.dumpState());
          chain.run({ from: account(1), data: command(code) });
        }
        while (chain.blocks.length > 0) {
          chain.undo();
          expect(chain.dumpState()).toEqual(dumps[chain.blocks.length]);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('keep the code of a second deployment when the second is undone', () => {
    const chain = deployed();
    chain.deploy();
    chain.undo();
    expect(chain.store.get(keys.code(crypto.keccak256(wasm)))).toEqual(wasm);
  });

  it('leave out of a block what this machine cannot run, and drop it', () => {
    const real = createVm({ crypto });
    const breaking: Vm = {
      run: (world, block, transaction, message) => {
        const outcome = real.run(world, block, transaction, message);
        if (message.input[0] === 6) throw new LocalFault('the engine refused');
        return outcome;
      },
    };
    const chain = new ContractChain(testGenesis(rich), breaking);
    chain.deploy();
    for (const [index, code] of [6, 0].entries()) {
      const data = command(code);
      const fields = { from: account(1 + index), to: chain.contract, data, gasLimit: 200_000n };
      chain.ledger.submit(chain.signer.sign({ ...fields, nonce: 0n }).raw);
    }
    const { block } = chain.mine();
    expect(block.transactions).toHaveLength(1);
    expect([chain.counter(), chain.nonce(account(1)), chain.ledger.waiting()]).toEqual([8, 0n, 0]);
  });

  it('conserve money whatever contracts do', () => {
    const step = fc.record({
      from: fc.integer({ min: 0, max: 2 }),
      code: fc.constantFrom(0, 1, 2, 4, 6),
      value: fc.bigInt({ min: 0n, max: 5n }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const chain = deployed();
        for (const { from, code, value } of steps) {
          const data = command(code, account(77), word(3));
          chain.run({ from: account(from), data, value });
        }
        let expected = 3_000n * oak;
        for (const { block } of chain.blocks) {
          expected += 8n * oak - BigInt(block.record.gasUsed) * block.record.baseFeePerGas;
        }
        let total = 0n;
        for (const [key, value] of chain.store.entries) {
          if (key.startsWith('73') && value[0] === 0xc0 + value.length - 1) {
            total += decodeAccount(value).balance;
          }
        }
        expect(total).toBe(expected);
      }),
      { numRuns: 15 },
    );
  });
});

function facts(chain: TestChain): Parameters<typeof callMessage>[1] {
  const stored = chain.blocks.at(-1)?.block.record ?? expect.fail();
  const baseFeePerGas = nextBaseFee(stored);
  const { height, header } = chain.head;
  return { height: height + 1, time: header.time + 15, beneficiary: miner, baseFeePerGas };
}

function plainCall(chain: ContractChain): CallMessage {
  return {
    from: account(1),
    to: chain.contract,
    gas: 10_000_000n,
    gasPrice: 0n,
    value: 0n,
    data: command(0),
    accessList: [],
  };
}

describe('calls', () => {
  let chain: ContractChain;
  let parts: LedgerParts;
  beforeAll(() => {
    chain = deployed();
    parts = { genesis: chain.genesis, reader: chain.store, vm: createVm({ crypto }), crypto };
  });
  const call = (change: Partial<CallMessage> = {}) =>
    callMessage(parts, facts(chain), { ...plainCall(chain), ...change });
  const estimate = (change: Partial<CallMessage> = {}) =>
    estimateGas(parts, facts(chain), { ...plainCall(chain), ...change });

  it('answer what a transaction would, and change nothing', () => {
    const dump = chain.store.dump();
    const result = call();
    expect(result).toMatchObject({ status: 'success', output: word(8) });
    expect(result.logs).toHaveLength(1);
    expect(chain.store.dump()).toEqual(dump);
    const data = command(0);
    chain.run({ from: account(1), data });
    expect(Number(result.gasUsed)).toBe(chain.blocks.at(-1)?.block.record.gasUsed);
    chain.undo();
  });

  it('answer reverts with their data and traps with a hint', () => {
    expect(call({ data: command(1) })).toMatchObject({ status: 'reverted', output: command(1) });
    const trapped = call({ data: command(2) });
    expect([trapped.status, trapped.gasUsed]).toEqual(['failed', 10_000_000n]);
    expect(trapped.hint).toBeTruthy();
  });

  it('refuse in the words of wallets what cannot run', () => {
    const poor = account(60);
    expect(call({ gas: 20_000n }).hint).toMatch(/^intrinsic gas too low/);
    expect(call({ from: poor, value: 1n }).hint).toMatch(/^insufficient funds/);
    expect(call({ from: poor, gasPrice: 1n }).hint).toMatch(/^insufficient funds/);
    expect(call({ from: poor })).toMatchObject({ status: 'success' });
  });

  it('may come from a contract', () => {
    expect(call({ from: chain.contract })).toMatchObject({ status: 'success' });
  });

  it('estimate exactly 21,000 for a plain transfer', () => {
    const to = account(70);
    expect(estimate({ to, data: new Uint8Array(0), value: 1n })).toEqual({
      ok: true,
      gas: 21_000n,
    });
  });

  /** A loop of 260,000 rounds below `depth` calls of the contract to itself. */
  const nested = (depth: number): Uint8Array =>
    depth === 0
      ? command(5, fromHex('00040000'))
      : command(7, chain.contract, word(0), nested(depth - 1));

  it.each([
    ['a counter', () => command(0)],
    ['a payment', () => command(4, account(71), word(0))],
    ['a loop', () => command(5, fromHex('00010000'))],
    ['a call inside, which keeps back a 64th', () => nested(1)],
    ['calls twelve deep, which keep back a sixth', () => nested(12)],
  ])('estimate what suffices and little more: %s', (_, data) => {
    const result = estimate({ data: data() });
    if (!result.ok) throw new Error(result.result.hint);
    expect(call({ data: data(), gas: result.gas }).status).toBe('success');
    const less = (result.gas * 97n) / 100n;
    expect(call({ data: data(), gas: less }).status).not.toBe('success');
  });

  it('give the outcome instead of an estimate when nothing suffices', () => {
    expect(estimate({ data: command(1) })).toMatchObject({
      ok: false,
      result: { status: 'reverted', output: command(1) },
    });
    const data = command(5, fromHex('00100000'));
    const least = intrinsicGas({ to: chain.contract, data, accessList: [] });
    expect(estimate({ data, gas: least + 10n })).toMatchObject({ ok: false });
  });
});

describe('genesis contracts', () => {
  const address = fromHex('00000000000000000000000000000000000d0d01');
  const genesisWith = (change: object = {}): Genesis => {
    const contract = { name: 'Counter', address, wasm: 'counter.wasm', ...change };
    const codeHash = crypto.keccak256(wasm);
    const constructorArguments = word(9);
    return {
      ...testGenesis(rich),
      contracts: [{ codeHash, constructorArguments, ...contract }],
    };
  };
  const build = (genesis: Genesis, modules = new Map([['counter.wasm', wasm]])) =>
    buildGenesis(genesis, modules, createVm({ crypto }), crypto);

  it('are constructed at their addresses in the state of block zero', () => {
    const { block, entry, operations } = build(genesisWith());
    const store = new MemoryStore();
    store.apply(operations);
    expect(readSlot(store, address, word(0), crypto)).toEqual(word(9));
    expect(readAccount(store, address, crypto).nonce).toBe(1n);
    expect(readAccount(store, new Uint8Array(20), crypto).nonce).toBe(0n);
    expect([entry.height, entry.work, block.header.nonce]).toEqual([0, 0n, 0]);
    expect(block.record.baseFeePerGas).toBe(10n ** 9n);
    expect(toHex(block.record.extraData)).toBe(toHex(genesisWith().hash));
    expect(build(genesisWith()).entry.id).toBe(entry.id);
  });

  it('must be the named modules and their constructors must succeed', () => {
    expect(() => build(genesisWith(), new Map())).toThrow(GenesisError);
    expect(() => build(genesisWith({ codeHash: new Uint8Array(32) }))).toThrow(/code hash/);
    const wrong = genesisWith({ constructorArguments: new Uint8Array(31) });
    expect(() => build(wrong)).toThrow(/Counter: its constructor reverted/);
  });
});
