/**
 * Two nodes that execute the same blocks and share nothing: one keeps its machine with all it has
 * compiled for ever, the other takes a new machine for every block. Receipts, gas and state roots of
 * each block must be the same; a fault of the machine is thrown.
 */

import { readAccount } from '../../../src/ledger/account.ts';
import { BlockExecution, createBlockContext, type Execution } from '../../../src/ledger/execute.ts';
import { buildGenesis } from '../../../src/ledger/genesis-block.ts';
import { createdAddress } from '../../../src/ledger/transactions.ts';
import { bigintToBytes, equalBytes, toHex } from '../../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../../src/primitives/crypto.ts';
import type { Genesis } from '../../../src/primitives/genesis.ts';
import { keys } from '../../../src/primitives/store.ts';
import type { SignedTransaction } from '../../../src/primitives/transaction.ts';
import { encodeCreation } from '../../../src/vm/creation.ts';
import { createVm } from '../../../src/vm/vm.ts';
import type { Vm } from '../../../src/vm/world.ts';
import { account, oak, TrustingSigner, testGenesis } from '../../ledger/chain.ts';
import { MemoryStore } from '../../ledger/support.ts';
import { type Pick, pickBytes, pickerFrom, pickOf } from '../pick.ts';
import { puppet } from '../puppet.ts';
import { damaged, hostCallModule, randomCalldata } from './hostile-input.ts';

const senderCount = 4;
const blocksPerChain = 12;
const transactionsPerBlock = 8;
const gasLimitMax = 3_000_000;

class Node {
  readonly store = new MemoryStore();
  readonly genesis: Genesis;
  vm: Vm;

  constructor(genesis: Genesis, vm: Vm) {
    this.genesis = genesis;
    this.vm = vm;
    this.store.apply(buildGenesis(genesis, new Map(), vm, crypto).operations);
  }

  /** Executes and applies; transactions that are invalid here are left out. */
  execute(height: number, transactions: readonly SignedTransaction[]): Execution {
    const parts = { genesis: this.genesis, reader: this.store, vm: this.vm, crypto };
    const facts = {
      height,
      time: 1_700_000_000 + 15 * height,
      beneficiary: account(77),
      baseFeePerGas: 1_000_000_000n,
    };
    const running = new BlockExecution(parts, createBlockContext(parts, facts));
    for (const transaction of transactions) running.add(transaction);
    const execution = running.finish();
    this.store.apply(execution.operations);
    this.store.apply([
      { key: keys.canonical(height), value: crypto.sha256(bigintToBytes(BigInt(height), 8)) },
    ]);
    return execution;
  }
}

export interface ChainReport {
  /** Everything that all nodes must agree on, hashed. */
  readonly digest: string;
  readonly transactions: number;
  readonly succeeded: number;
  readonly creations: number;
  /** Creations that were accepted. */
  readonly created: number;
}

/** Valid modules to damage; the first must be the puppet. */
export type Corpus = readonly [Uint8Array, ...Uint8Array[]];

export class TwinNodes {
  private readonly corpus: Corpus;
  /** Lives through all chains, so that its caches have seen other modules and other blocks. */
  private readonly warm: Vm = createVm({ crypto });

  constructor(corpus: Corpus) {
    this.corpus = corpus;
  }

  /** One short chain of random blocks. @throws Error naming the block in which the nodes differ. */
  run(seed: number): ChainReport {
    const attacker = new Attacker(pickerFrom(seed), this.corpus);
    const balances = attacker.senders.map((sender) => [sender, 1_000_000n * oak] as const);
    const genesis = testGenesis(new Map(balances));
    const nodes = [new Node(genesis, this.warm), new Node(genesis, createVm({ crypto }))] as const;
    let digest: Uint8Array = new Uint8Array(32);
    const counts = { transactions: 0, succeeded: 0, creations: 0, created: 0 };
    for (let height = 1; height <= blocksPerChain; height++) {
      const transactions = attacker.block();
      nodes[1].vm = createVm({ crypto });
      const [one, other] = nodes.map((node) => node.execute(height, transactions));
      if (one === undefined || other === undefined) throw new Error('two nodes');
      if (
        !equalBytes(one.stateRoot, other.stateRoot) ||
        !equalBytes(one.receiptsRoot, other.receiptsRoot) ||
        one.gasUsed !== other.gasUsed
      ) {
        throw new Error(`seed ${seed}, block ${height}: a warm and a new machine differ`);
      }
      digest = crypto.sha256(Uint8Array.from([...digest, ...one.stateRoot, ...one.receiptsRoot]));
      attacker.learn(one, nodes[0].store);
      for (const [index, { status }] of one.receipts.entries()) {
        counts.transactions += 1;
        counts.succeeded += status;
        if (one.transactions[index]?.to !== undefined) continue;
        counts.creations += 1;
        counts.created += status;
      }
    }
    return { digest: toHex(digest), ...counts };
  }
}

/** Makes transactions; knows what was created. */
class Attacker {
  readonly senders: readonly Uint8Array[] = Array.from({ length: senderCount }, (_, index) =>
    account(index),
  );
  private readonly pick: Pick;
  private readonly corpus: Corpus;
  private readonly signer = new TrustingSigner();
  private readonly nonces = new Map<Uint8Array, bigint>();
  private readonly contracts: Uint8Array[] = [];
  private isFirstBlock = true;

  constructor(pick: Pick, corpus: Corpus) {
    this.pick = pick;
    this.corpus = corpus;
  }

  private get addresses(): Uint8Array[] {
    const precompiles = [1, 2, 3, 4, 0x100].map((number) => bigintToBytes(BigInt(number), 20));
    const blockIds = Uint8Array.from(
      Buffer.from('0000f90827f1c53a10cb7a02335b175320002935', 'hex'),
    );
    const recent = this.contracts.slice(-6);
    return [...this.contracts.slice(0, 2), ...recent, ...precompiles, blockIds, account(5)];
  }

  private get creation(): Uint8Array {
    return encodeCreation(
      this.corpus[0],
      pickOf(this.pick, [new Uint8Array(0), puppet.store(1n, 2n)]),
    );
  }

  private creationData(): Uint8Array {
    const { pick } = this;
    const kind = pick(8);
    if (kind === 0) return pickBytes(pick, pick(60));
    if (kind === 1) return damaged(pick, this.creation);
    const wasm =
      kind < 5 ? damaged(pick, pickOf(pick, this.corpus), 8) : hostCallModule(pick, this.addresses);
    return encodeCreation(wasm, pickBytes(pick, pick(3) === 0 ? pick(40) : 0));
  }

  private sign(to: Uint8Array | undefined, data: Uint8Array, gasLimit: number): SignedTransaction {
    const { pick } = this;
    const from = pickOf(pick, this.senders);
    const nonce = this.nonces.get(from) ?? 0n;
    this.nonces.set(from, nonce + 1n);
    const value = pick(4) === 0 ? BigInt(pick(1_000)) : 0n;
    return this.signer.sign({ from, nonce, to, data, value, gasLimit: BigInt(gasLimit) });
  }

  block(): SignedTransaction[] {
    const { pick } = this;
    if (this.isFirstBlock) {
      this.isFirstBlock = false;
      return [0, 1].map(() => this.sign(undefined, this.creation, gasLimitMax));
    }
    return Array.from({ length: transactionsPerBlock }, () => {
      if (pick(3) === 0) return this.sign(undefined, this.creationData(), gasLimitMax);
      const scenery = { addresses: this.addresses, creation: this.creation };
      const data = randomCalldata(pick, scenery);
      const gasLimit = 60_000 + pick(pick(2) === 0 ? 100_000 : gasLimitMax);
      return this.sign(pickOf(pick, this.addresses), data, gasLimit);
    });
  }

  /** What was executed decides the contracts there are, and the node's state the nonces. */
  learn({ transactions, receipts }: Execution, store: MemoryStore): void {
    for (const sender of this.senders) {
      this.nonces.set(sender, readAccount(store, sender, crypto).nonce);
    }
    for (const [index, { sender, nonce, to }] of transactions.entries()) {
      if (to !== undefined || receipts[index]?.status !== 1) continue;
      this.contracts.push(createdAddress(sender, nonce, crypto));
    }
  }
}
