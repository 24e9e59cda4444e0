/** What a light client needs: raw headers, coinbase records and proofs against the state root. */

import type { HeaderEntry } from '../../primitives/block.ts';
import { concatAll } from '../../primitives/bytes.ts';
import { displayId, encodeHeader } from '../../primitives/header.ts';
import { limits } from '../../primitives/limits.ts';
import { encodeRecord } from '../../primitives/record.ts';
import { encodeStateProof } from '../../primitives/state-proof.ts';
import { workOfBits } from '../../primitives/work.ts';
import type { ChainReader, ProvenLeaf } from '../backend.ts';
import { RpcError } from '../errors.ts';
import { hexData, type Json } from '../format.ts';
import {
  address,
  countParams,
  invalid,
  list,
  looseInteger,
  optional,
  type Params,
  slot,
} from '../parameters.ts';
import { requireEntry, requireState } from './blocks.ts';

const slotsMax = 256;

/** A header with the record it commits to; `raw` and `record` are what gets hashed. */
export function headerJson(reader: ChainReader, entry: HeaderEntry): Json {
  const { header } = entry;
  const record = reader.block(entry.id)?.record;
  return {
    id: displayId(entry.id),
    height: entry.height,
    canonical: reader.canonical(entry.height) === entry.id,
    raw: hexData(encodeHeader(header)),
    version: header.version,
    previous: displayId(header.previous),
    commitment: hexData(header.commitment),
    time: header.time,
    bits: header.bits,
    nonce: header.nonce,
    work: workOfBits(header.bits).toString(),
    chainWork: entry.work.toString(),
    record: record === undefined ? null : hexData(encodeRecord(record)),
  };
}

/** `proof` is the compact encoding; `value` null with a valid proof means that the path is absent. */
function leafJson(leaf: ProvenLeaf | undefined, entry: HeaderEntry): Json {
  if (leaf === undefined) {
    throw new RpcError(
      'pruned',
      `tree nodes are kept for the head only, not for block ${entry.height}: ask for "latest"`,
    );
  }
  return {
    path: hexData(leaf.path),
    value: leaf.value === undefined ? null : hexData(leaf.value),
    proof: hexData(encodeStateProof(leaf.proof)),
  };
}

function getProof(reader: ChainReader, params: Params): Json {
  countParams(params, 3);
  const account = address(params[0], 'address');
  const slots = optional(params[1], (value, name) => list(value, name, slotsMax), 'slots') ?? [];
  const keys = slots.map((value) => slot(value, 'slots'));
  const entry = requireEntry(reader, params[2], 'block');
  const state = requireState(reader, params[2], 'block');
  return {
    header: headerJson(reader, entry),
    address: hexData(account),
    account: leafJson(state.proveAccount(account), entry),
    slots: keys.map((key) => ({
      slot: hexData(key),
      ...leafJson(state.proveSlot(account, key), entry),
    })),
  };
}

/** Raw headers of the canonical chain from a height on, 80 bytes each, as many as there are. */
function getHeaders(reader: ChainReader, params: Params): Json {
  countParams(params, 2);
  const from = looseInteger(params[0], 'from');
  const wanted = optional(params[1], looseInteger, 'count') ?? limits.rpcHeadersMax;
  if (wanted > limits.rpcHeadersMax) {
    throw invalid('count', wanted, `ask for at most ${limits.rpcHeadersMax}`);
  }
  const headers: Uint8Array[] = [];
  for (let height = from; height < from + wanted; height++) {
    const id = reader.canonical(height);
    const entry = id === undefined ? undefined : reader.header(id);
    if (entry === undefined) break;
    headers.push(encodeHeader(entry.header));
  }
  return { from, count: headers.length, headers: hexData(concatAll(headers)) };
}

export const proofReads = {
  dodona_getHeaders: getHeaders,
  dodona_getHeader: (reader: ChainReader, params: Params): Json => {
    countParams(params, 1);
    return headerJson(reader, requireEntry(reader, params[0], 'block'));
  },
  dodona_getProof: getProof,
};
