/** A chain on an in-memory store for the ledger's tests: mines, applies and undoes blocks. */

import { readAccount } from '../../src/ledger/account.ts';
import { buildGenesis } from '../../src/ledger/genesis-block.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { Block, HeaderEntry } from '../../src/primitives/block.ts';
import { concat, fromHex, toHex, u64ToBytes } from '../../src/primitives/bytes.ts';
import { bodyOperations, headerOperations } from '../../src/primitives/chain-records.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { type Genesis, parseGenesis } from '../../src/primitives/genesis.ts';
import { headerId } from '../../src/primitives/header.ts';
import {
  decodeTransaction,
  encodeTransaction,
  type SignedTransaction,
  type TransactionFields,
} from '../../src/primitives/transaction.ts';
import type { Vm } from '../../src/vm/world.ts';
import { MemoryStore } from './support.ts';

export const chainId = 31337n;
export const oak = 10n ** 18n;
export const oracleFund = fromHex(`${'0'.repeat(36)}4f11`);
export const miner = fromHex('1111111111111111111111111111111111111111');

/** A distinct account for each number. */
export function account(index: number): Uint8Array {
  return concat(fromHex('aa'.repeat(12)), u64ToBytes(index));
}

/** For tests of transfers: a contract would be a mistake. */
export const transfersOnly: Vm = {
  run: () => {
    throw new Error('a transfer must not need the VM');
  },
};

export function testGenesis(
  balances: ReadonlyMap<Uint8Array, bigint>,
  options: { readonly reward?: bigint; readonly gasLimit?: number } = {},
): Genesis {
  const allocations = [...balances].map(([address, balance]) => [
    `0x${toHex(address)}`,
    String(balance),
  ]);
  return parseGenesis(
    {
      name: 'test',
      chainId: Number(chainId),
      time: 1_700_000_000,
      bits: '0x207fffff',
      gasLimit: options.gasLimit ?? 30_000_000,
      consensus: { protocol: 'pow' },
      reward: String(options.reward ?? 8n * oak),
      oracleFund: `0x${toHex(oracleFund)}`,
      allocations: Object.fromEntries(allocations),
      contracts: [],
      forks: [{ height: 0, gasTable: 1 }],
      bootstrap: [],
    },
    crypto,
  );
}

export type Fields = Partial<TransactionFields> & {
  readonly from: Uint8Array;
  readonly nonce: bigint;
};

/** Takes any sender's word for it: signatures have tests of their own. */
export class TrustingSigner {
  readonly #senders = new Map<string, Uint8Array>();
  /** How often a transaction had to be decoded again. */
  recovered = 0;

  sign({ from, ...fields }: Fields): SignedTransaction {
    const complete: TransactionFields = {
      type: 2,
      chainId,
      gasLimit: 21_000n,
      maxFeePerGas: 3_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
      to: account(99),
      value: 1n,
      data: new Uint8Array(0),
      accessList: [],
      ...fields,
    };
    // Each sender gets its own r, so that equal fields still are different transactions.
    const r = BigInt(`0x${toHex(from)}`);
    const raw = encodeTransaction(complete, { yParity: 0, r, s: 1n });
    this.#senders.set(toHex(raw), from);
    return { ...decodeTransaction(raw, crypto), sender: from };
  }

  recover = (raw: Uint8Array): SignedTransaction | undefined => {
    this.recovered += 1;
    const sender = this.#senders.get(toHex(raw));
    return sender === undefined ? undefined : { ...decodeTransaction(raw, crypto), sender };
  };
}

export interface Mined {
  readonly block: Block;
  readonly entry: HeaderEntry;
  readonly parent: HeaderEntry;
}

export class TestChain {
  readonly store = new MemoryStore();
  readonly signer = new TrustingSigner();
  readonly genesis: Genesis;
  readonly ledger: Ledger;
  readonly blocks: Mined[] = [];
  head: HeaderEntry;

  constructor(
    genesis: Genesis,
    vm: Vm = transfersOnly,
    modules: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    this.genesis = genesis;
    const { entry, operations } = buildGenesis(genesis, modules, vm, crypto);
    this.store.apply(operations);
    this.head = entry;
    const { recover } = this.signer;
    this.ledger = new Ledger({ genesis, reader: this.store, vm, crypto, recover });
  }

  balance(address: Uint8Array): bigint {
    return readAccount(this.store, address, crypto).balance;
  }

  nonce(address: Uint8Array): bigint {
    return readAccount(this.store, address, crypto).nonce;
  }

  propose(options: { readonly empty?: boolean; readonly beneficiary?: Uint8Array } = {}): Block {
    return this.ledger.propose(this.head, {
      time: this.head.header.time + 15,
      bits: 0x207fffff,
      beneficiary: options.beneficiary ?? miner,
      extraData: new Uint8Array(32),
      empty: options.empty ?? false,
    });
  }

  /** The place of `block` on the head. */
  place(block: Block): HeaderEntry {
    const id = headerId(block.header, crypto);
    return { id, header: block.header, height: this.head.height + 1, work: this.head.work + 2n };
  }

  execute(block: Block): ReturnType<Ledger['execute']> {
    return this.ledger.execute(block, this.head, this.place(block));
  }

  /** Stores and applies `block`; the pool hears of it. */
  apply(block: Block): Mined {
    const entry = this.place(block);
    this.store.apply([...headerOperations(entry), ...bodyOperations(entry.id, block)]);
    const result = this.ledger.execute(block, this.head, entry);
    if (!result.ok) throw new Error(`${result.code}: ${result.detail}`);
    this.store.apply(result.operations);
    const mined = { block, entry, parent: this.head };
    this.blocks.push(mined);
    this.head = entry;
    this.ledger.headChanged({ applied: result.transactions, reverted: [] });
    return mined;
  }

  mine(options: { readonly empty?: boolean; readonly beneficiary?: Uint8Array } = {}): Mined {
    return this.apply(this.propose(options));
  }

  /** Undoes the head; header and body stay stored, as in a node. */
  undo(): SignedTransaction[] {
    const mined = this.blocks.pop();
    if (mined === undefined) throw new Error('only the genesis block is left');
    const result = this.ledger.revert(mined.block, mined.entry, mined.parent);
    this.store.apply(result.operations);
    this.head = mined.parent;
    return [...result.transactions];
  }

  /** The store without headers, records and bodies, which outlive their place on the chain. */
  dumpState(): string[] {
    const kept = new Set([...'hgrb'].map((letter) => toHex(new TextEncoder().encode(letter))));
    return this.store.dump().filter((line) => !kept.has(line.slice(0, 2)));
  }
}
