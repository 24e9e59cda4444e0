/**
 * The chain as one read request sees it: everything comes from one snapshot, the head included,
 * so that no request sees half of a block.
 */

import type { ChainReader, NetworkInfo, StateView } from '../api/backend.ts';
import { readBlock, readCanonical, readHeader } from '../consensus/chain-view.ts';
import { parseParameters } from '../consensus/pbft/parameters.ts';
import { accountPath, readAccount, readSlot } from '../ledger/account.ts';
import { callMessage, estimateGas } from '../ledger/calls.ts';
import { nextBaseFee, subsidy } from '../ledger/fees.ts';
import { decodeReceipts } from '../ledger/receipts.ts';
import { proveState } from '../ledger/state-tree.ts';
import { stateAt } from '../ledger/undo.ts';
import type { HeaderEntry } from '../primitives/block.ts';
import { emptyBytes, type Hex, toHex, u64FromBytes } from '../primitives/bytes.ts';
import { decodeRecordEntry } from '../primitives/chain-records.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { Genesis } from '../primitives/genesis.ts';
import type { CoinbaseRecord } from '../primitives/record.ts';
import { decodeMembers, type Member, membersRecordName } from '../primitives/seal.ts';
import { slotPath } from '../primitives/state-proof.ts';
import { keys, type StoreReader } from '../primitives/store.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import type { Vm } from '../vm/world.ts';
import type { OpenedChain } from './executor-api.ts';
import { finalityPoint } from './finality.ts';

export interface ReaderParts {
  readonly genesis: Genesis;
  readonly network: NetworkInfo;
  readonly finality: OpenedChain['finality'];
  readonly crypto: Crypto;
  readonly vm: Vm;
  recover(raw: Uint8Array): SignedTransaction;
}

/** Blocks of peak work that must lie above a block for each tag. */
const safeBlocks = 6;
const finalizedBlocks = 60;

export class SnapshotReader implements ChainReader {
  readonly network: NetworkInfo;
  readonly crypto: Crypto;
  readonly #parts: ReaderParts;
  readonly #store: StoreReader;
  readonly #head: HeaderEntry;
  readonly #expired: () => boolean;

  /** @param expired whether the request's time is used up */
  constructor(store: StoreReader, parts: ReaderParts, expired: () => boolean) {
    this.network = parts.network;
    this.crypto = parts.crypto;
    this.#parts = parts;
    this.#store = store;
    this.#expired = expired;
    const id = store.get(keys.meta('head'));
    const head = id === undefined ? undefined : readHeader(store, toHex(id));
    if (head === undefined) throw new Error('the database names no head: run db check');
    this.#head = head;
  }

  head(): HeaderEntry {
    return this.#head;
  }

  safe(): HeaderEntry {
    return this.#final(safeBlocks);
  }

  finalized(): HeaderEntry {
    return this.#final(finalizedBlocks);
  }

  /** What a quorum has sealed is final at once; work only makes it ever less likely to go. */
  #final(blocks: number): HeaderEntry {
    const isImmediate = this.#parts.finality === 'immediate';
    return isImmediate ? this.#head : finalityPoint(this, this.#head, blocks);
  }

  canonical(height: number): Hex | undefined {
    return readCanonical(this.#store, height);
  }

  header(id: Hex): HeaderEntry | undefined {
    return readHeader(this.#store, id);
  }

  block(id: Hex): ReturnType<ChainReader['block']> {
    return readBlock(this.#store, id);
  }

  recover(raw: Uint8Array): SignedTransaction {
    return this.#parts.recover(raw);
  }

  receipts(id: Hex): ReturnType<ChainReader['receipts']> {
    const stored = this.#store.get(keys.receipts(id));
    return stored === undefined ? undefined : decodeReceipts(stored);
  }

  transactionLocation(hash: Uint8Array): ReturnType<ChainReader['transactionLocation']> {
    const stored = this.#store.get(keys.transaction(hash));
    if (stored === undefined) return undefined;
    const id = toHex(stored.subarray(0, 32));
    const height = this.header(id)?.height;
    return height === undefined ? undefined : { id, height, index: u64FromBytes(stored, 32) };
  }

  membersAt(height: number): readonly Member[] | undefined {
    const { protocol, parameters } = this.#parts.genesis.consensus;
    if (protocol !== 'pbft' || height < 1) return undefined;
    // Block zero commits to the genesis file, which names them, instead of to the list.
    if (height === 1) return parseParameters(parameters).members;
    const parent = this.canonical(height - 1);
    if (parent === undefined) return undefined;
    const name = membersRecordName(this.#record(parent).extraData);
    const stored = this.#store.get(keys.protocol(name));
    return stored === undefined ? undefined : decodeMembers(stored);
  }

  nextBaseFee(): bigint {
    return nextBaseFee(this.#record(this.#head.id));
  }

  subsidy(height: number): bigint {
    return subsidy(this.#parts.genesis, height).beneficiary;
  }

  expired(): boolean {
    return this.#expired();
  }

  state(id: Hex): StateView | undefined {
    const entry = this.header(id);
    if (entry === undefined || this.canonical(entry.height) !== id) return undefined;
    const reader = stateAt(this.#store, this.#head.id, entry.height, this.crypto);
    return reader === undefined ? undefined : this.#view(reader, entry);
  }

  #record(id: Hex): CoinbaseRecord {
    const stored = this.#store.get(keys.record(id));
    if (stored === undefined) throw new Error(`the record of block ${id} is missing: run db check`);
    return decodeRecordEntry(stored).record;
  }

  #view(reader: StoreReader, entry: HeaderEntry): StateView {
    const { crypto, genesis, vm } = this.#parts;
    const prove = (path: Uint8Array): ReturnType<StateView['proveAccount']> => ({
      path,
      value: reader.get(keys.state(path)),
      proof: proveState(reader, path, crypto),
    });
    return {
      account: (address) => readAccount(reader, address, crypto),
      code: (address) => {
        const { codeHash } = readAccount(reader, address, crypto);
        return reader.get(keys.code(codeHash)) ?? emptyBytes;
      },
      storage: (address, slot) => readSlot(reader, address, slot, crypto),
      call: (request) =>
        callMessage({ genesis, reader, vm, crypto }, this.#contextAfter(entry), request),
      estimateGas: (request) =>
        estimateGas({ genesis, reader, vm, crypto }, this.#contextAfter(entry), request),
      proveAccount: (address) => prove(accountPath(address, crypto)),
      proveSlot: (address, slot) => prove(slotPath(address, slot, crypto)),
    };
  }

  /** The block that would follow `entry`: calls run in it. */
  #contextAfter(entry: HeaderEntry): {
    height: number;
    time: number;
    beneficiary: Uint8Array;
    baseFeePerGas: bigint;
  } {
    const record = this.#record(entry.id);
    return {
      height: entry.height + 1,
      time: entry.header.time,
      beneficiary: record.beneficiary,
      baseFeePerGas: nextBaseFee(record),
    };
  }
}
