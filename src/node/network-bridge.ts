/**
 * Between the executor's notices and the network host: senders are recovered by a verifier on the
 * way in, sizes and codecs are checked by the rooms on both sides.
 */

import { protocols } from '../consensus/protocols.ts';
import type { Network } from '../network/host.ts';
import { publicKeyOfPeer } from '../network/identity.ts';
import type { NetworkHandlers } from '../network/types.ts';
import { toHex } from '../primitives/bytes.ts';
import { limits } from '../primitives/limits.ts';
import { DecodeError } from '../primitives/rlp.ts';
import {
  type ExchangeKind,
  exchangeCodecs,
  type Status,
  transactionBatchCodec,
} from '../primitives/wire.ts';
import type { ExecutorApi, ExecutorNotice, OpenedChain, RecoveredSenders } from './executor-api.ts';
import { pack, unpack } from './packed.ts';
import type { Caller } from './port.ts';
import { countSigned, type VerifierApi } from './verifier.ts';

export interface BridgeParts {
  readonly executor: Caller<ExecutorApi>;
  readonly verifier: Caller<VerifierApi>;
  readonly opened: Pick<OpenedChain, 'protocol'>;
  /** Requests under way by number, so that a cancelled one frees its place at once. */
  readonly requests: Map<number, AbortController>;
  /** What the last durable head says: this node's status, and the keys of members. */
  readonly live: { readonly status: Status; readonly memberKeys: ReadonlySet<string> };
  /** Whether members vote by direct messages; where miners make blocks, there are none. */
  readonly hasMembers: boolean;
}

/** A verifier that died ends the node by itself; what waited for it has nothing more to say. */
function threadGone(): void {}

/** The Ed25519 key that a peer proved when it connected; undefined for another kind of key. */
function keyOf(peer: string): Uint8Array | undefined {
  try {
    return publicKeyOfPeer(peer);
  } catch {
    return undefined;
  }
}

/** An own block that cannot be published still reaches peers that ask for headers. */
function notPublished(): void {}

/** Feeds what peers send to the executor. `network` is asked for late: it needs these handlers. */
export function networkHandlers(parts: BridgeParts, network: () => Network): NetworkHandlers {
  const { executor, verifier, live } = parts;
  /** Of joined peers, in hexadecimal. */
  const keys = new Map<string, string>();
  const gossipTransactions = async (bytes: Uint8Array, delivery: number): Promise<void> => {
    let batch: readonly Uint8Array[];
    try {
      batch = transactionBatchCodec.decode(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      network().verdict(delivery, 'reject');
      return;
    }
    const packed = pack(batch);
    const recovered = await verifier.call('recover', packed);
    // A signature that belongs to nobody can never become valid: the sender knew it.
    if (countSigned(recovered) < batch.length) {
      network().verdict(delivery, 'reject');
      return;
    }
    executor.tell('gossipedTransactions', delivery, packed, recovered);
  };
  const directMessage = async (peer: string, bytes: Uint8Array): Promise<void> => {
    const recovered = await verifier.call('recoverCargo', parts.opened.protocol, bytes);
    executor.tell('directMessage', peer, bytes, recovered);
  };
  const cargo = protocols[parts.opened.protocol]?.cargo;
  return {
    status: () => live.status,
    joined: (peer, status) => {
      const key = keyOf(peer);
      if (key !== undefined) keys.set(peer, toHex(key));
      executor.tell('joined', peer, status, key);
    },
    left: (peer) => {
      keys.delete(peer);
      executor.tell('left', peer);
    },
    gossip: (peer, topic, bytes, delivery) => {
      if (topic === 'blocks') executor.tell('gossipedBlock', peer, delivery, bytes);
      else void gossipTransactions(bytes, delivery).catch(threadGone);
    },
    query: (_peer, kind, query) => executor.call('serve', kind, query),
    ...(parts.hasMembers
      ? {
          message: (peer, bytes) => {
            const isMember = live.memberKeys.has(keys.get(peer) ?? '');
            const isCargo = cargo?.isIn(bytes) === true;
            // Strangers may say how high they stand; nothing else is decoded or recovered for them.
            if (!isMember && (isCargo || bytes.length > limits.statusSizeBytesMax)) return;
            // Votes do not wait behind recoveries; their order with other messages means nothing.
            if (isCargo) void directMessage(peer, bytes).catch(threadGone);
            else executor.tell('directMessage', peer, bytes, undefined);
          },
        }
      : {}),
  };
}

/** Raw transactions inside an answer, whose senders can be recovered before execution. */
function rawTransactions(kind: ExchangeKind, bytes: Uint8Array): readonly Uint8Array[] {
  if (kind === 'transactions') return exchangeCodecs.transactions.answer.decode(bytes);
  if (kind !== 'bodies') return [];
  return exchangeCodecs.bodies.answer.decode(bytes).flatMap(({ transactions }) => transactions);
}

async function recoverAnswer(
  verifier: Caller<VerifierApi>,
  kind: ExchangeKind,
  bytes: Uint8Array,
): Promise<RecoveredSenders | undefined> {
  try {
    const raw = rawTransactions(kind, bytes);
    return raw.length === 0 ? undefined : await verifier.call('recover', pack(raw));
  } catch (error) {
    // The executor decodes again and blames the peer; there is nothing to recover here.
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

const failureReasons = ['timeout', 'disconnected', 'refused', 'malformed'] as const;

/** Carries out the network notices of the executor; the others are not for the network. */
export function carryToNetwork(parts: BridgeParts, network: Network, notice: ExecutorNotice): void {
  switch (notice.kind) {
    case 'broadcast':
      network.publish('blocks', notice.bytes).catch(notPublished);
      break;
    case 'send':
      // What cannot go out now is said again by the protocol.
      for (const peer of notice.peers) network.send(peer, notice.bytes);
      break;
    case 'broadcastTransactions':
      network.publishTransactions(unpack(notice.raw));
      break;
    case 'verdict':
      network.verdict(notice.delivery, notice.verdict);
      break;
    case 'report':
      network.report(notice.peer, notice.code);
      break;
    case 'request':
      void request(parts, network, notice).catch(threadGone);
      break;
    case 'cancel':
      parts.requests.get(notice.request)?.abort();
      break;
    default:
      break;
  }
}

async function request(
  { executor, verifier, requests }: BridgeParts,
  network: Network,
  notice: Extract<ExecutorNotice, { kind: 'request' }>,
): Promise<void> {
  const { peer, exchange, query, deadlineMs } = notice;
  const controller = new AbortController();
  requests.set(notice.request, controller);
  let reply: Parameters<ExecutorApi['answered']>[3];
  try {
    const bytes = await network.request(peer, exchange, query, deadlineMs, controller.signal);
    reply = { bytes, recovered: await recoverAnswer(verifier, exchange, bytes) };
  } catch (error) {
    const code = (error as { code?: string }).code;
    reply = { reason: failureReasons.find((reason) => reason === code) ?? 'refused' };
  } finally {
    requests.delete(notice.request);
  }
  if (controller.signal.aborted) return;
  executor.tell('answered', notice.request, peer, exchange, reply);
}
