/**
 * A short chain of real blocks, transactions and receipts in memory, and the `ChainReader` over it:
 * what format tests and transport tests read. Its state is a map; its calls answer what a test says.
 */

import type { AccountState, CallOutcome, CallRequest, ChainReader } from '../../src/api/backend.ts';
import type { StoredReceipt } from '../../src/ledger/receipts.ts';
import type { Block, HeaderEntry } from '../../src/primitives/block.ts';
import { concat, emptyBytes, fromHex, type Hex, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { headerId } from '../../src/primitives/header.ts';
import { addressOfPrivateKey, signTransaction } from '../../src/primitives/keys.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import { encodeReceipt, type Log } from '../../src/primitives/receipt.ts';
import { recordCommitment } from '../../src/primitives/record.ts';
import {
  decodeTransaction,
  recoverSender,
  type SignedTransaction,
  type TransactionFields,
} from '../../src/primitives/transaction.ts';
import { workOfBits } from '../../src/primitives/work.ts';

export const chainId = 31_337;
/** First account of the well-known test mnemonic. */
export const privateKey = fromHex(
  'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
);
export const sender = addressOfPrivateKey(privateKey);
export const recipient = fromHex('70997970c51812dc3a010c7d01b50e0d17dc79c8');
export const contract = fromHex('5fbdb2315678afecb367f032d93f642f64180aa3');
export const baseFee = 875_000_000n;
const bits = 0x207fffff;

/** keccak256("Transfer(address,address,uint256)") and a padded address. */
export const topics = [
  nobleCrypto.keccak256(utf8('Transfer(address,address,uint256)')),
  concat(new Uint8Array(12), sender),
] as const;

const common = {
  chainId: BigInt(chainId),
  gasLimit: 100_000n,
  maxFeePerGas: 2_000_000_000n,
  maxPriorityFeePerGas: 1_000_000_000n,
  to: recipient,
  value: 10n ** 18n,
  data: emptyBytes,
  accessList: [],
} satisfies Omit<TransactionFields, 'type' | 'nonce'>;

export function signed(
  fields: Partial<TransactionFields> & Pick<TransactionFields, 'type' | 'nonce'>,
): SignedTransaction {
  const whole: TransactionFields = { ...common, ...fields };
  if (whole.type !== 2) Object.assign(whole, { maxPriorityFeePerGas: whole.maxFeePerGas });
  const raw = signTransaction(whole, privateKey, nobleCrypto);
  return recoverSender(decodeTransaction(raw, nobleCrypto), nobleCrypto);
}

/** One block of every kind of transaction. */
export const transactions: readonly SignedTransaction[] = [
  signed({ type: 0, nonce: 0n }),
  signed({
    type: 1,
    nonce: 1n,
    to: contract,
    accessList: [{ address: contract, storageKeys: [new Uint8Array(32).fill(7)] }],
  }),
  signed({ type: 2, nonce: 2n, to: undefined, data: fromHex('ef57410100000000'), value: 0n }),
  signed({ type: 2, nonce: 3n, to: contract, data: fromHex('a9059cbb'), value: 0n }),
];

const logs: readonly Log[] = [
  { address: contract, topics: [...topics], data: new Uint8Array(32).fill(1) },
  { address: recipient, topics: [topics[0]], data: emptyBytes },
];

interface StoredBlock {
  readonly entry: HeaderEntry;
  readonly block: Block;
  readonly transactions: readonly SignedTransaction[];
  readonly receipts: readonly StoredReceipt[];
}

function receiptsOf(list: readonly SignedTransaction[], failed: number): StoredReceipt[] {
  return list.map((transaction, index) => ({
    receipt: {
      transactionHash: transaction.hash,
      status: index === failed ? 0 : 1,
      cumulativeGasUsed: 21_000 * (index + 1),
      logs: index === 1 || index === 3 ? [...logs] : [],
    },
    hint: index === failed ? 'memory access out of bounds' : undefined,
  }));
}

/** A block on `parent` with these transactions; `salt` makes siblings differ. */
export function makeBlock(
  parent: StoredBlock | undefined,
  list: readonly SignedTransaction[],
  salt = 0,
): StoredBlock {
  const height = (parent?.entry.height ?? -1) + 1;
  const receipts = receiptsOf(list, 2);
  const record = {
    height,
    stateRoot: new Uint8Array(32).fill(0x51),
    transactionsRoot: merkleRoot(
      list.map(({ raw }) => raw),
      nobleCrypto,
    ),
    receiptsRoot: merkleRoot(
      receipts.map(({ receipt }) => encodeReceipt(receipt)),
      nobleCrypto,
    ),
    beneficiary: recipient,
    gasLimit: 30_000_000,
    gasUsed: 21_000 * list.length,
    baseFeePerGas: baseFee,
    extraData: new Uint8Array(32),
    extranonce: new Uint8Array(16).fill(salt),
  };
  const header = {
    version: 0x20000000,
    previous: parent === undefined ? new Uint8Array(32) : fromHex(parent.entry.id),
    commitment: recordCommitment(record, nobleCrypto),
    time: 1_750_000_000 + 15 * height,
    bits,
    nonce: 7 + height,
  };
  const entry: HeaderEntry = {
    id: headerId(header, nobleCrypto),
    header,
    height,
    work: (parent?.entry.work ?? 0n) + workOfBits(bits),
  };
  const block = { header, record, transactions: list.map(({ raw }) => raw) };
  return { entry, block, transactions: list, receipts };
}

/** Blocks in memory of which one branch is applied; tests change `applied` to reorganise. */
export class MemoryChain {
  readonly blocks = new Map<Hex, StoredBlock>();
  applied: StoredBlock[] = [];
  readonly accounts = new Map<Hex, AccountState>();
  answerCall: (request: CallRequest) => CallOutcome = () => ({
    status: 'success',
    output: emptyBytes,
    gasUsed: 21_000n,
  });
  isExpired = false;

  constructor() {
    const genesis = this.append(makeBlock(undefined, []));
    const full = this.append(makeBlock(genesis, transactions));
    this.append(makeBlock(full, []));
    this.accounts.set(toHex(sender), {
      nonce: 4n,
      balance: 5n * 10n ** 18n,
      codeHash: nobleCrypto.keccak256(emptyBytes),
    });
  }

  append(block: StoredBlock): StoredBlock {
    this.blocks.set(block.entry.id, block);
    this.applied.push(block);
    return block;
  }

  get head(): StoredBlock {
    return this.applied.at(-1) as StoredBlock;
  }

  reader(): ChainReader {
    return {
      network,
      crypto: nobleCrypto,
      head: () => this.head.entry,
      safe: () => (this.applied[1] as StoredBlock).entry,
      finalized: () => (this.applied[0] as StoredBlock).entry,
      canonical: (height) => this.applied[height]?.entry.id,
      header: (id) => this.blocks.get(id)?.entry,
      block: (id) => this.blocks.get(id)?.block,
      recover: (raw) => recoverSender(decodeTransaction(raw, nobleCrypto), nobleCrypto),
      membersAt: () => undefined,
      receipts: (id) => this.blocks.get(id)?.receipts,
      transactionLocation: (hash) => {
        for (const { entry, transactions: list } of this.applied) {
          const index = list.findIndex((one) => toHex(one.hash) === toHex(hash));
          if (index >= 0) return { id: entry.id, height: entry.height, index };
        }
        return undefined;
      },
      state: (id) => (id === this.head.entry.id ? this.#state() : undefined),
      nextBaseFee: () => baseFee - 1n,
      subsidy: () => 7n * 10n ** 18n,
      expired: () => this.isExpired,
    };
  }

  #state(): ReturnType<ChainReader['state']> {
    const empty = { nonce: 0n, balance: 0n, codeHash: nobleCrypto.keccak256(emptyBytes) };
    return {
      account: (address) => this.accounts.get(toHex(address)) ?? empty,
      code: (address) => (toHex(address) === toHex(contract) ? fromHex('0061736d') : emptyBytes),
      storage: (_, slot) => (slot[31] === 1 ? new Uint8Array(32).fill(9) : new Uint8Array(32)),
      call: (request) => this.answerCall(request),
      estimateGas: (request) => {
        const result = this.answerCall(request);
        return result.status === 'success'
          ? { ok: true, gas: result.gasUsed }
          : // As in a block that holds half as much.
            { ok: false, result, gas: request.gas / 2n };
      },
      proveAccount: () => ({
        path: new Uint8Array(32),
        value: undefined,
        proof: { siblings: [], end: { kind: 'empty' } },
      }),
      proveSlot: () => undefined,
    };
  }
}

export const network = {
  name: 'test',
  chainId,
  genesisHash: new Uint8Array(32).fill(3),
  development: true,
  clientVersion: 'dodona/0.0.0/test',
} as const;
