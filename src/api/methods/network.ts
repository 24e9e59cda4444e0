/** What the node says about itself, its peers and its pool. */

import type { HeaderEntry } from '../../primitives/block.ts';
import { displayId } from '../../primitives/header.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import type { SignedTransaction } from '../../primitives/transaction.ts';
import type { NodeBackend, NodeStatus } from '../backend.ts';
import { formatTransaction, hexData, hexQuantity, type Json } from '../format.ts';
import { address, countParams } from '../parameters.ts';
import type { NodeMethods } from './method.ts';

type BySender = Record<string, Record<string, unknown>>;

function bySender(
  transactions: readonly SignedTransaction[],
  show: (transaction: SignedTransaction) => unknown,
): BySender {
  const senders: BySender = {};
  for (const transaction of transactions) {
    const sender = checksumAddress(transaction.sender);
    const nonces = senders[sender] ?? {};
    nonces[transaction.nonce.toString()] = show(transaction);
    senders[sender] = nonces;
  }
  return senders;
}

/** One line per transaction, worded as geth does. */
function inspect(transaction: SignedTransaction): string {
  const { to, value, gasLimit, maxFeePerGas } = transaction;
  const target = to === undefined ? 'contract creation' : checksumAddress(to);
  return `${target}: ${value} wei + ${gasLimit} gas × ${maxFeePerGas} wei`;
}

async function poolJson(
  backend: NodeBackend,
  show: (transaction: SignedTransaction) => unknown,
): Promise<Json> {
  const { pending, queued } = await backend.pool.content();
  return { pending: bySender(pending, show), queued: bySender(queued, show) };
}

const waiting = (transaction: SignedTransaction): Json => formatTransaction(transaction, undefined);

function place(entry: HeaderEntry): Json {
  return { id: displayId(entry.id), height: entry.height, time: entry.header.time };
}

async function statusJson(backend: NodeBackend): Promise<Json> {
  const status: NodeStatus = await backend.status();
  const { name, chainId, genesisHash, development, clientVersion } = backend.network;
  const mining = backend.mining?.status();
  return {
    network: name,
    chainId,
    genesis: hexData(genesisHash),
    development,
    version: clientVersion,
    protocol: status.protocol,
    finality: status.finality,
    head: { ...place(status.head), work: status.head.work.toString() },
    safe: place(status.safe),
    finalized: place(status.finalized),
    syncing: status.syncing ?? null,
    nextBits: status.nextBits ?? null,
    earliestBody: status.earliestBody,
    peers: backend.peers.peers().length,
    pool: await backend.pool.status(),
    mining: mining === undefined ? null : { enabled: mining.enabled, threads: mining.threads },
    alarms: status.alarms,
  };
}

export const networkMethods: NodeMethods = {
  eth_chainId: { access: 'public', run: ({ backend }) => hexQuantity(backend.network.chainId) },
  net_version: { access: 'public', run: ({ backend }) => String(backend.network.chainId) },
  net_listening: { access: 'public', run: () => true },
  net_peerCount: {
    access: 'public',
    run: ({ backend }) => hexQuantity(backend.peers.peers().length),
  },
  web3_clientVersion: { access: 'public', run: ({ backend }) => backend.network.clientVersion },
  eth_syncing: {
    access: 'public',
    run: async ({ backend }) => {
      const { syncing } = await backend.status();
      if (syncing === undefined) return false;
      return {
        startingBlock: '0x0',
        currentBlock: hexQuantity(syncing.current),
        highestBlock: hexQuantity(syncing.highest),
      };
    },
  },
  txpool_status: {
    access: 'public',
    run: async ({ backend }) => {
      const { pending, queued } = await backend.pool.status();
      return { pending: hexQuantity(pending), queued: hexQuantity(queued) };
    },
  },
  txpool_content: { access: 'public', run: ({ backend }) => poolJson(backend, waiting) },
  txpool_inspect: { access: 'public', run: ({ backend }) => poolJson(backend, inspect) },
  txpool_contentFrom: {
    access: 'public',
    run: async ({ backend }, params) => {
      countParams(params, 1);
      const sender = checksumAddress(address(params[0], 'address'));
      const { pending, queued } = await backend.pool.content();
      return {
        pending: bySender(pending, waiting)[sender] ?? {},
        queued: bySender(queued, waiting)[sender] ?? {},
      };
    },
  },
  dodona_status: { access: 'public', run: ({ backend }) => statusJson(backend) },
  dodona_chainTips: {
    access: 'public',
    run: async ({ backend }) =>
      (await backend.status()).tips.map((tip) => ({
        id: displayId(tip.id),
        height: tip.height,
        work: tip.work.toString(),
        branchLength: tip.branchLength,
        status: tip.status,
      })),
  },
  /** Addresses of people's machines: not for any web page that happens to be open. */
  dodona_peers: {
    access: 'local',
    run: ({ backend }) => ({
      self: backend.peers.self(),
      peers: backend.peers.peers().map((peer) => ({
        ...peer,
        height: peer.height ?? null,
        headId: peer.headId === undefined ? null : displayId(peer.headId),
        agent: peer.agent ?? null,
      })),
    }),
  },
};
