/**
 * Ethereum's transactions, unchanged: legacy (EIP-155), EIP-2930 and EIP-1559.
 * Decoding is strict and recovers the sender; the chain's own rules stand in the ledger.
 */

import { bigintToBytes, concat, emptyBytes, minimalBytes } from './bytes.ts';
import type { Crypto } from './crypto.ts';
import {
  DecodeError,
  decodeRlp,
  encodeRlp,
  type RlpItem,
  rlpBytes,
  rlpInteger,
  rlpList,
} from './rlp.ts';

/** Order of secp256k1 (SEC 2). */
export const secp256k1Order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const halfOrder = secp256k1Order / 2n;

export interface AccessListEntry {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes each. */
  readonly storageKeys: readonly Uint8Array[];
}

/** What a sender decides; amounts in acorns (10^-18 OAK). */
export interface TransactionFields {
  readonly type: 0 | 1 | 2;
  /** Undefined only for legacy transactions from before EIP-155, which this chain refuses. */
  readonly chainId: bigint | undefined;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** For types 0 and 1 the gas price, in both fields. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  /** 20 bytes, or undefined to create a contract. */
  readonly to: Uint8Array | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly AccessListEntry[];
}

export interface Signature {
  readonly yParity: 0 | 1;
  readonly r: bigint;
  readonly s: bigint;
}

export interface Transaction extends TransactionFields, Signature {
  /** The bytes that were hashed, gossiped and stored. */
  readonly raw: Uint8Array;
  /** Keccak-256 of `raw`. */
  readonly hash: Uint8Array;
}

/** A transaction with its sender recovered: what the ledger and the pool work on. */
export interface SignedTransaction extends Transaction {
  /** 20 bytes. */
  readonly sender: Uint8Array;
}

function accessListItem(list: readonly AccessListEntry[]): RlpItem {
  return list.map((entry) => [entry.address, [...entry.storageKeys]]);
}

function payload(fields: TransactionFields): RlpItem[] {
  const head = fields.type === 0 ? [] : [minimalBytes(fields.chainId ?? 0n)];
  const fees =
    fields.type === 2
      ? [minimalBytes(fields.maxPriorityFeePerGas), minimalBytes(fields.maxFeePerGas)]
      : [minimalBytes(fields.maxFeePerGas)];
  const items: RlpItem[] = [
    ...head,
    minimalBytes(fields.nonce),
    ...fees,
    minimalBytes(fields.gasLimit),
    fields.to ?? emptyBytes,
    minimalBytes(fields.value),
    fields.data,
  ];
  if (fields.type !== 0) items.push(accessListItem(fields.accessList));
  return items;
}

function envelope(type: 0 | 1 | 2, items: RlpItem): Uint8Array {
  const encoded = encodeRlp(items);
  return type === 0 ? encoded : concat(Uint8Array.of(type), encoded);
}

/** The 32 bytes that the sender signs. */
export function signingHash(fields: TransactionFields, crypto: Crypto): Uint8Array {
  const items = payload(fields);
  if (fields.type === 0 && fields.chainId !== undefined) {
    items.push(minimalBytes(fields.chainId), emptyBytes, emptyBytes);
  }
  return crypto.keccak256(envelope(fields.type, items));
}

/** The raw transaction of signed fields. */
export function encodeTransaction(fields: TransactionFields, signature: Signature): Uint8Array {
  const parity = BigInt(signature.yParity);
  let v = parity;
  if (fields.type === 0)
    v = fields.chainId === undefined ? 27n + parity : fields.chainId * 2n + 35n + parity;
  return envelope(fields.type, [
    ...payload(fields),
    minimalBytes(v),
    minimalBytes(signature.r),
    minimalBytes(signature.s),
  ]);
}

function decodeTo(item: RlpItem | undefined): Uint8Array | undefined {
  const bytes = rlpBytes(item, 'to');
  if (bytes.length === 0) return undefined;
  return rlpBytes(item, 'to', 20);
}

function decodeAccessList(item: RlpItem | undefined): AccessListEntry[] {
  return rlpList(item, 'access list').map((entry) => {
    const [address, keys] = rlpList(entry, 'access list entry', 2);
    return {
      address: rlpBytes(address, 'access list address', 20),
      storageKeys: rlpList(keys, 'storage keys').map((key) => rlpBytes(key, 'storage key', 32)),
    };
  });
}

function decodeSignature(
  parity: bigint,
  r: RlpItem | undefined,
  s: RlpItem | undefined,
): Signature {
  if (parity !== 0n && parity !== 1n)
    throw new DecodeError(`signature parity ${parity} is not 0 or 1`);
  const signature = {
    yParity: Number(parity) as 0 | 1,
    r: rlpInteger(r, 'r'),
    s: rlpInteger(s, 's'),
  };
  if (signature.r === 0n || signature.r >= secp256k1Order)
    throw new DecodeError('signature r is out of range');
  if (signature.s === 0n || signature.s > halfOrder) {
    throw new DecodeError('signature s is zero or in the upper half (EIP-2)');
  }
  return signature;
}

function decodeLegacy(raw: Uint8Array, hash: Uint8Array): Transaction {
  const items = rlpList(decodeRlp(raw), 'transaction', 9);
  const v = rlpInteger(items[6], 'v');
  const replayProtected = v >= 35n;
  if (!replayProtected && v !== 27n && v !== 28n)
    throw new DecodeError(`signature v ${v} is not valid`);
  const chainId = replayProtected ? (v - 35n) / 2n : undefined;
  const parity = replayProtected ? (v - 35n) % 2n : v - 27n;
  const price = rlpInteger(items[1], 'gas price');
  return {
    type: 0,
    chainId,
    nonce: rlpInteger(items[0], 'nonce', 8),
    gasLimit: rlpInteger(items[2], 'gas limit', 8),
    maxFeePerGas: price,
    maxPriorityFeePerGas: price,
    to: decodeTo(items[3]),
    value: rlpInteger(items[4], 'value'),
    data: rlpBytes(items[5], 'data'),
    accessList: [],
    ...decodeSignature(parity, items[7], items[8]),
    raw,
    hash,
  };
}

function decodeTyped(type: 1 | 2, raw: Uint8Array, hash: Uint8Array): Transaction {
  const items = rlpList(decodeRlp(raw.subarray(1)), 'transaction', type === 1 ? 11 : 12);
  const rest = type === 1 ? items.slice(3) : items.slice(4);
  const priority = rlpInteger(items[2], type === 1 ? 'gas price' : 'max priority fee');
  return {
    type,
    chainId: rlpInteger(items[0], 'chain id'),
    nonce: rlpInteger(items[1], 'nonce', 8),
    maxPriorityFeePerGas: priority,
    maxFeePerGas: type === 1 ? priority : rlpInteger(items[3], 'max fee'),
    gasLimit: rlpInteger(rest[0], 'gas limit', 8),
    to: decodeTo(rest[1]),
    value: rlpInteger(rest[2], 'value'),
    data: rlpBytes(rest[3], 'data'),
    accessList: decodeAccessList(rest[4]),
    ...decodeSignature(rlpInteger(rest[5], 'y parity'), rest[6], rest[7]),
    raw,
    hash,
  };
}

/**
 * Decodes a raw transaction of type 0, 1 or 2.
 * @throws DecodeError naming the field, also for types 3 (blobs) and 4 (set code) by name.
 */
export function decodeTransaction(raw: Uint8Array, crypto: Crypto): Transaction {
  const first = raw[0];
  if (first === undefined) throw new DecodeError('transaction is empty');
  const hash = crypto.keccak256(raw);
  if (first >= 0xc0) return decodeLegacy(raw, hash);
  if (first === 1 || first === 2) return decodeTyped(first, raw, hash);
  if (first === 3)
    throw new DecodeError('transaction type 3 (blobs, EIP-4844) is not supported: use type 2');
  if (first === 4)
    throw new DecodeError('transaction type 4 (set code, EIP-7702) is not supported: use type 2');
  throw new DecodeError(`transaction type ${first} is unknown: use type 0, 1 or 2`);
}

/** The last 20 bytes of Keccak-256 of a 64-byte public key. */
export function addressOfPublicKey(publicKey: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.keccak256(publicKey).slice(12);
}

/**
 * Recovers the sender of a decoded transaction.
 * @throws DecodeError when no key can have made the signature.
 */
export function recoverSender(transaction: Transaction, crypto: Crypto): SignedTransaction {
  const signature = concat(bigintToBytes(transaction.r, 32), bigintToBytes(transaction.s, 32));
  const publicKey = crypto.recover(
    signingHash(transaction, crypto),
    signature,
    transaction.yParity,
  );
  if (publicKey === undefined) throw new DecodeError('signature does not belong to any key');
  return { ...transaction, sender: addressOfPublicKey(publicKey, crypto) };
}
