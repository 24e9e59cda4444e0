/** Reads of mined transactions and their receipts by hash. */

import type { ChainReader, TransactionLocation } from '../backend.ts';
import { hexData, type Json } from '../format.ts';
import { bytes, countParams, type Params } from '../parameters.ts';
import { receiptsJson, transactionJson } from './blocks.ts';

function locate(reader: ChainReader, params: Params): TransactionLocation | undefined {
  countParams(params, 1);
  return reader.transactionLocation(bytes(params[0], 'transactionHash', 32));
}

export const transactionReads = {
  eth_getTransactionByHash: (reader: ChainReader, params: Params): Json | null => {
    const location = locate(reader, params);
    if (location === undefined) return null;
    return transactionJson(reader, reader.header(location.id), location.index);
  },
  /** Null until mined: clients take a receipt without a block for a broken node. */
  eth_getTransactionReceipt: (reader: ChainReader, params: Params): Json | null => {
    const location = locate(reader, params);
    if (location === undefined) return null;
    return receiptsJson(reader, reader.header(location.id), location.index)?.[0] ?? null;
  },
  eth_getRawTransactionByHash: (reader: ChainReader, params: Params): string | null => {
    const location = locate(reader, params);
    const raw =
      location === undefined ? undefined : reader.block(location.id)?.transactions[location.index];
    return raw === undefined ? null : hexData(raw);
  },
  /** Why a mined transaction failed, in words; known only to nodes that executed it. */
  dodona_transactionHint: (reader: ChainReader, params: Params): string | null => {
    const location = locate(reader, params);
    if (location === undefined) return null;
    return reader.receipts(location.id)?.[location.index]?.hint ?? null;
  },
};
