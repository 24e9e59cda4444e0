/**
 * What nodes say to each other, to the byte: gossip announcements and the four requests.
 * Both hosts encode and decode every message with these functions, so that the simulation
 * exercises the same codecs as production. Decoders enforce every size and count limit.
 */

import type { Block } from './block.ts';
import { concat, fromHex, type Hex, minimalBytes, toHex } from './bytes.ts';
import type { Crypto } from './crypto.ts';
import { decodeHeader, encodeHeader, type Header, headerSizeBytes } from './header.ts';
import { limits } from './limits.ts';
import { type CoinbaseRecord, decodeRecord, encodeRecord } from './record.ts';
import {
  DecodeError,
  decodeRlp,
  encodeRlp,
  type RlpItem,
  rlpBytes,
  rlpInteger,
  rlpList,
  rlpNumber,
} from './rlp.ts';

/** A new block as it is gossiped: enough to rebuild it from the pool. */
export interface BlockAnnouncement {
  readonly header: Header;
  readonly record: CoinbaseRecord;
  /** Eight bytes for each transaction, in order. */
  readonly shortIds: readonly Uint8Array[];
  readonly seal?: Uint8Array;
}

export interface Status {
  readonly genesisId: Uint8Array;
  readonly headId: Hex;
  readonly height: number;
  readonly work: bigint;
  /** Lowest height whose body can be asked for. */
  readonly earliestBody: number;
}

export interface HeadersQuery {
  /** Ids of the asker's chain, newest first, exponentially spaced. */
  readonly locator: readonly Hex[];
  /** Last id wanted, or all zeros for none. */
  readonly stop: Hex;
  readonly max: number;
}

export interface BodiesQuery {
  readonly ids: readonly Hex[];
}

export interface TransactionsQuery {
  readonly id: Hex;
  readonly indexes: readonly number[];
}

/** A block without its header. */
export interface Body {
  readonly record: CoinbaseRecord;
  readonly transactions: readonly Uint8Array[];
  readonly seal?: Uint8Array;
}

/** Queries and answers by kind: one entry is one request protocol. */
export interface Exchanges {
  status: { query: Status; answer: Status };
  headers: { query: HeadersQuery; answer: readonly Header[] };
  bodies: { query: BodiesQuery; answer: readonly Body[] };
  transactions: { query: TransactionsQuery; answer: readonly Uint8Array[] };
}
export type ExchangeKind = keyof Exchanges;
export const exchangeKinds: readonly ExchangeKind[] = [
  'status',
  'headers',
  'bodies',
  'transactions',
];

export interface Codec<Value> {
  encode(value: Value): Uint8Array;
  /** @throws DecodeError */
  decode(bytes: Uint8Array): Value;
}

/** First eight bytes of SHA-256(block id ‖ transaction hash). */
export function shortId(id: Hex, transactionHash: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.sha256(concat(fromHex(id), transactionHash)).slice(0, 8);
}

const idItem = (id: Hex): Uint8Array => fromHex(id);
const readId = (item: RlpItem | undefined, name: string): Hex => toHex(rlpBytes(item, name, 32));
const numberItem = (value: number): Uint8Array => minimalBytes(BigInt(value));

function atMost<Item>(items: readonly Item[], max: number, name: string): readonly Item[] {
  if (items.length > max)
    throw new DecodeError(`${items.length} ${name}, at most ${max} are allowed`);
  return items;
}

/** RLP of at most `sizeBytesMax` bytes and `limits.messageItemsMax` items. */
function decodeMessage(bytes: Uint8Array, sizeBytesMax: number, name: string): RlpItem {
  if (bytes.length > sizeBytesMax) {
    throw new DecodeError(`${name} has ${bytes.length} bytes, at most ${sizeBytesMax} are allowed`);
  }
  return decodeRlp(bytes, limits.messageItemsMax);
}

const decodeQuery = (bytes: Uint8Array, name: string): RlpItem =>
  decodeMessage(bytes, limits.requestSizeBytesMax, name);
const decodeAnswer = (bytes: Uint8Array, name: string): RlpItem =>
  decodeMessage(bytes, limits.bodiesAnswerSizeBytesMax, name);

/** A copy: a pool that kept views would keep every message that a transaction came in. */
const readTransaction = (item: RlpItem): Uint8Array => rlpBytes(item, 'transaction').slice();

function optionalSeal(item: RlpItem | undefined): { seal?: Uint8Array } {
  return item === undefined ? {} : { seal: rlpBytes(item, 'seal').slice() };
}

export const announcementCodec: Codec<BlockAnnouncement> = {
  encode: (value) =>
    encodeRlp([
      encodeHeader(value.header),
      encodeRecord(value.record),
      [...value.shortIds],
      ...(value.seal === undefined ? [] : [value.seal]),
    ]),
  decode: (bytes) => {
    const message = decodeMessage(bytes, limits.gossipBlockSizeBytesMax, 'announcement');
    const items = rlpList(message, 'announcement');
    if (items.length !== 3 && items.length !== 4)
      throw new DecodeError('announcement needs 3 or 4 items');
    return {
      header: decodeHeader(rlpBytes(items[0], 'header', headerSizeBytes)),
      record: decodeRecord(rlpBytes(items[1], 'record')),
      shortIds: rlpList(items[2], 'short ids').map((item) => rlpBytes(item, 'short id', 8).slice()),
      ...optionalSeal(items[3]),
    };
  },
};

/** A gossiped batch of raw transactions. */
export const transactionBatchCodec: Codec<readonly Uint8Array[]> = {
  encode: (value) => encodeRlp([...value]),
  decode: (bytes) => {
    const message = decodeMessage(bytes, limits.gossipTransactionsSizeBytesMax, 'batch');
    const items = rlpList(message, 'transactions');
    return atMost(items, limits.gossipTransactionsMax, 'transactions').map(readTransaction);
  },
};

const statusCodec: Codec<Status> = {
  encode: (value) =>
    encodeRlp([
      Uint8Array.of(1),
      value.genesisId,
      idItem(value.headId),
      numberItem(value.height),
      minimalBytes(value.work),
      numberItem(value.earliestBody),
    ]),
  decode: (bytes) => {
    const items = rlpList(decodeQuery(bytes, 'status'), 'status', 6);
    if (rlpNumber(items[0], 'status version') !== 1)
      throw new DecodeError('status version is not 1');
    return {
      genesisId: rlpBytes(items[1], 'genesis id', 32).slice(),
      headId: readId(items[2], 'head id'),
      height: rlpNumber(items[3], 'height'),
      work: rlpInteger(items[4], 'work'),
      earliestBody: rlpNumber(items[5], 'earliest body'),
    };
  },
};

const headersQueryCodec: Codec<HeadersQuery> = {
  encode: (value) =>
    encodeRlp([value.locator.map(idItem), idItem(value.stop), numberItem(value.max)]),
  decode: (bytes) => {
    const items = rlpList(decodeQuery(bytes, 'headers query'), 'headers query', 3);
    const locator = rlpList(items[0], 'locator').map((item) => readId(item, 'locator id'));
    return {
      locator: atMost(locator, limits.locatorHashesMax, 'locator ids'),
      stop: readId(items[1], 'stop'),
      max: Math.min(rlpNumber(items[2], 'max'), limits.headersPerAnswerMax),
    };
  },
};

const headersCodec: Codec<readonly Header[]> = {
  encode: (value) => encodeRlp(value.map(encodeHeader)),
  decode: (bytes) =>
    atMost(
      rlpList(decodeAnswer(bytes, 'headers'), 'headers'),
      limits.headersPerAnswerMax,
      'headers',
    ).map((item) => decodeHeader(rlpBytes(item, 'header', headerSizeBytes))),
};

const bodiesQueryCodec: Codec<BodiesQuery> = {
  encode: (value) => encodeRlp([value.ids.map(idItem)]),
  decode: (bytes) => {
    const [ids] = rlpList(decodeQuery(bytes, 'bodies query'), 'bodies query', 1);
    const list = rlpList(ids, 'ids').map((item) => readId(item, 'id'));
    return { ids: atMost(list, limits.bodiesPerAnswerMax, 'ids') };
  },
};

const bodiesCodec: Codec<readonly Body[]> = {
  encode: (value) =>
    encodeRlp(
      value.map((body) => [
        encodeRecord(body.record),
        [...body.transactions],
        ...(body.seal === undefined ? [] : [body.seal]),
      ]),
    ),
  decode: (bytes) =>
    atMost(
      rlpList(decodeAnswer(bytes, 'bodies'), 'bodies'),
      limits.bodiesPerAnswerMax,
      'bodies',
    ).map((item) => {
      const parts = rlpList(item, 'body');
      if (parts.length !== 2 && parts.length !== 3)
        throw new DecodeError('body needs 2 or 3 items');
      return {
        record: decodeRecord(rlpBytes(parts[0], 'record')),
        transactions: rlpList(parts[1], 'transactions').map(readTransaction),
        ...optionalSeal(parts[2]),
      };
    }),
};

const transactionsQueryCodec: Codec<TransactionsQuery> = {
  encode: (value) => encodeRlp([idItem(value.id), value.indexes.map(numberItem)]),
  decode: (bytes) => {
    const [id, indexes] = rlpList(
      decodeQuery(bytes, 'transactions query'),
      'transactions query',
      2,
    );
    return {
      id: readId(id, 'block id'),
      indexes: rlpList(indexes, 'indexes').map((item) => rlpNumber(item, 'index')),
    };
  },
};

const transactionsCodec: Codec<readonly Uint8Array[]> = {
  encode: (value) => encodeRlp([...value]),
  decode: (bytes) =>
    rlpList(decodeAnswer(bytes, 'transactions'), 'transactions').map(readTransaction),
};

/** Codecs of every request by kind. */
export const exchangeCodecs: {
  readonly [Kind in ExchangeKind]: {
    readonly query: Codec<Exchanges[Kind]['query']>;
    readonly answer: Codec<Exchanges[Kind]['answer']>;
  };
} = {
  status: { query: statusCodec, answer: statusCodec },
  headers: { query: headersQueryCodec, answer: headersCodec },
  bodies: { query: bodiesQueryCodec, answer: bodiesCodec },
  transactions: { query: transactionsQueryCodec, answer: transactionsCodec },
};

/** Announces a block: the short ids come from the hashes of its transactions. */
export function announce(block: Block, id: Hex, crypto: Crypto): BlockAnnouncement {
  return {
    header: block.header,
    record: block.record,
    shortIds: block.transactions.map((raw) => shortId(id, crypto.keccak256(raw), crypto)),
    ...(block.seal === undefined ? {} : { seal: block.seal }),
  };
}
