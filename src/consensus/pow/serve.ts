/**
 * Answers to the requests of peers, from the stored chain alone. Headers come from the applied
 * chain; bodies and transactions of any stored block.
 */

import type { Header } from '../../primitives/header.ts';
import { limits } from '../../primitives/limits.ts';
import { recordSizeBytes } from '../../primitives/record.ts';
import type {
  BodiesQuery,
  Body,
  Exchanges,
  HeadersQuery,
  Status,
  TransactionsQuery,
} from '../../primitives/wire.ts';
import type { ChainView, Query } from '../protocol.ts';

/** Room for RLP prefixes beside the bytes of a transaction. */
const overheadBytes = 8;

/** The answer to `query`; `own` is what this node says of itself. */
export function answerQuery(
  chain: ChainView,
  query: Query,
  own: Status,
): Exchanges[Query['kind']]['answer'] {
  switch (query.kind) {
    case 'status':
      return own;
    case 'headers':
      return headers(chain, query.value);
    case 'bodies':
      return bodies(chain, query.value);
    case 'transactions':
      return transactions(chain, query.value);
  }
}

/** Headers after the first locator id on the applied chain; from block 1 when none is. */
function headers(chain: ChainView, query: HeadersQuery): readonly Header[] {
  let height = 0;
  for (const id of query.locator) {
    const entry = chain.header(id);
    if (entry === undefined || chain.canonical(entry.height) !== id) continue;
    height = entry.height;
    break;
  }
  const found: Header[] = [];
  const max = Math.min(query.max, limits.headersPerAnswerMax);
  while (found.length < max) {
    height += 1;
    const id = chain.canonical(height);
    const entry = id === undefined ? undefined : chain.header(id);
    if (entry === undefined) break;
    found.push(entry.header);
    if (id === query.stop) break;
  }
  return found;
}

/** An ordered prefix: it ends at the first block not held and before 4 MiB. */
function bodies(chain: ChainView, query: BodiesQuery): readonly Body[] {
  const found: Body[] = [];
  let sizeBytes = 0;
  for (const id of query.ids.slice(0, limits.bodiesPerAnswerMax)) {
    const block = chain.block(id);
    if (block === undefined) break;
    sizeBytes += recordSizeBytes + (block.seal?.length ?? 0) + overheadBytes;
    for (const raw of block.transactions) sizeBytes += raw.length + overheadBytes;
    if (sizeBytes > limits.bodiesAnswerSizeBytesMax) break;
    const { header: _, ...body } = block;
    found.push(body);
  }
  return found;
}

/** The transactions asked for; none unless the block is held and the indexes ascend within it. */
function transactions(chain: ChainView, query: TransactionsQuery): readonly Uint8Array[] {
  const block = chain.block(query.id);
  if (block === undefined) return [];
  const found: Uint8Array[] = [];
  let previous = -1;
  for (const index of query.indexes) {
    const raw = block.transactions[index];
    // A repeated index would make a small question cost many times the block.
    if (raw === undefined || index <= previous) return [];
    found.push(raw);
    previous = index;
  }
  return found;
}
