/**
 * The executor: protocol, ledger and pool in one thread, the only writer of the database. It is
 * the production host of the driver; everything it wants from the world leaves as a notice.
 */

import { Driver } from '../consensus/driver.ts';
import type { DriverHost, HeadChange } from '../consensus/host.ts';
import { mineTimer } from '../consensus/pow/mining.ts';
import { answerQuery } from '../consensus/pow/serve.ts';
import type { Answer, Query } from '../consensus/protocol.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { SealOutcome } from '../mining/desk.ts';
import type { Solution } from '../mining/template.ts';
import type { Block } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { encodeHeader, headerId } from '../primitives/header.ts';
import { limits } from '../primitives/limits.ts';
import { encodeRecord, recordCommitment } from '../primitives/record.ts';
import { DecodeError } from '../primitives/rlp.ts';
import { type ExchangeKind, exchangeCodecs, type Status } from '../primitives/wire.ts';
import type { LevelStore } from '../storage/level-store.ts';
import { type OpenedLedger, openChain } from './chain-files.ts';
import type {
  ExecutorApi,
  ExecutorNotice,
  ExecutorOptions,
  OpenedChain,
  RecoveredSenders,
} from './executor-api.ts';
import { createSigningIdentity } from './native-ed25519.ts';
import { type Packed, pack, unpack } from './packed.ts';
import { SenderCache } from './verifier.ts';

/** The protocol of the genesis file; what its messages hold is known to it alone. */
type NodeDriver = Driver<unknown, unknown, unknown>;

/** Gossiped deliveries count from 1; a direct message waits for no verdict. */
const directDelivery = 0;

interface Running {
  readonly store: LevelStore;
  readonly opened: OpenedLedger;
  readonly driver: NodeDriver;
  readonly ledger: Ledger;
}

export class Executor implements ExecutorApi {
  readonly #crypto: Crypto;
  readonly #notify: (notice: ExecutorNotice) => void;
  readonly #senders: SenderCache;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #templates = new Map<string, Block>();
  #outgoing: { readonly message: unknown; readonly peers: string[] } | undefined;
  #templateCounter = 0;
  #headWaiters: (() => void)[] = [];
  #mining: Promise<void> = Promise.resolve();
  #running: Running | undefined;

  constructor(crypto: Crypto, notify: (notice: ExecutorNotice) => void) {
    this.#crypto = crypto;
    this.#notify = notify;
    this.#senders = new SenderCache(crypto);
  }

  async open(options: ExecutorOptions): Promise<OpenedChain> {
    const opened = await openChain(options.database, options.genesisFile, this.#crypto);
    const { genesis, protocol, store } = opened;
    let ledger: Ledger | undefined;
    const driver: NodeDriver = new Driver(
      {
        protocol,
        host: this.#host(store, protocol.message.encode),
        machine: (reader) => {
          ledger = opened.createLedger(reader, (raw) => this.#senders.known(raw));
          return ledger;
        },
        stored: { reader: store, head: opened.head, headers: opened.headers },
        crypto: this.#crypto,
      },
      protocol.parseParameters(genesis.consensus.parameters),
      {
        self: 'local',
        beneficiary: options.beneficiary,
        extraData: new Uint8Array(32),
        identity: createSigningIdentity(options.identitySeed),
      },
    );
    if (ledger === undefined) throw new Error('the driver built no state machine');
    this.#running = { store, opened, driver, ledger };
    driver.dispatch({ kind: 'started' });
    return {
      head: opened.head,
      genesisId: opened.genesisId,
      status: this.#status(opened.head),
      finality: protocol.finality,
      makers: protocol.makers,
      protocol: protocol.name,
      memberKeys: driver.status().consortium?.members.map(({ key }) => key) ?? [],
    };
  }

  joined(peer: string, status: Status, key: Uint8Array | undefined): void {
    this.#parts.driver.dispatch({ kind: 'joined', peer, status, key });
  }

  left(peer: string): void {
    this.#parts.driver.dispatch({ kind: 'left', peer });
  }

  gossipedBlock(peer: string, delivery: number, bytes: Uint8Array): void {
    this.#receive(peer, delivery, bytes, () =>
      this.#notify({ kind: 'verdict', delivery, verdict: 'reject' }),
    );
  }

  directMessage(peer: string, bytes: Uint8Array, recovered: RecoveredSenders | undefined): void {
    if (recovered !== undefined) this.#senders.remember(recovered);
    this.#receive(peer, directDelivery, bytes, () =>
      this.#notify({ kind: 'report', peer, code: 'malformed' }),
    );
  }

  #receive(peer: string, delivery: number, bytes: Uint8Array, malformed: () => void): void {
    const { driver, opened } = this.#parts;
    let message: unknown;
    try {
      message = opened.protocol.message.decode(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      malformed();
      return;
    }
    driver.dispatch({ kind: 'received', peer, delivery, message });
  }

  gossipedTransactions(delivery: number, batch: Packed, recovered: RecoveredSenders): void {
    this.#senders.remember(recovered);
    this.#parts.driver.receiveTransactions(delivery, unpack(batch));
  }

  answered(
    request: number,
    peer: string,
    kind: ExchangeKind,
    reply: Parameters<ExecutorApi['answered']>[3],
  ): void {
    this.#parts.driver.dispatch({
      kind: 'answered',
      request,
      peer,
      answer: this.#decodeAnswer(kind, reply),
    });
  }

  #decodeAnswer(kind: ExchangeKind, reply: Parameters<ExecutorApi['answered']>[3]): Answer {
    if ('reason' in reply) return { kind: 'failed', reason: reply.reason };
    if (reply.recovered !== undefined) this.#senders.remember(reply.recovered);
    try {
      return { kind, value: exchangeCodecs[kind].answer.decode(reply.bytes) } as Answer;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { kind: 'failed', reason: 'malformed' };
    }
  }

  serve(kind: ExchangeKind, bytes: Uint8Array): Uint8Array {
    const { driver } = this.#parts;
    const query = { kind, value: exchangeCodecs[kind].query.decode(bytes) } as Query;
    const answer = answerQuery(driver.chain, query, this.#status(driver.head));
    return exchangeCodecs[kind].answer.encode(answer as never);
  }

  submit(raw: Packed, recovered: RecoveredSenders): ReturnType<ExecutorApi['submit']> {
    this.#senders.remember(recovered);
    const results = this.#parts.driver.submitAll(unpack(raw));
    const hashes = results.flatMap((result) => (result.ok ? [result.hash] : []));
    if (hashes.length > 0) this.#notify({ kind: 'pending', hashes: pack(hashes) });
    return results.map((result) =>
      result.ok ? undefined : { code: result.code, message: result.message },
    );
  }

  pendingNonce(address: Uint8Array): bigint {
    return this.#parts.ledger.pool.pendingNonce(address);
  }

  poolTransaction(hash: Uint8Array): ReturnType<ExecutorApi['poolTransaction']> {
    return this.#parts.ledger.pool.get(toHex(hash));
  }

  poolStatus(): ReturnType<ExecutorApi['poolStatus']> {
    return this.#parts.ledger.pool.counts();
  }

  poolContent(): ReturnType<ExecutorApi['poolContent']> {
    return this.#parts.ledger.pool.content();
  }

  status(): ReturnType<ExecutorApi['status']> {
    return this.#parts.driver.status();
  }

  sealed(template: string, { extranonce, nonce, version }: Solution): SealOutcome {
    const block = this.#templates.get(template);
    if (block === undefined) return 'unknown';
    const { driver } = this.#parts;
    const record = { ...block.record, extranonce };
    const commitment = recordCommitment(record, this.#crypto);
    const header = { ...block.header, commitment, nonce, version };
    const id = headerId(header, this.#crypto);
    if (driver.chain.hasBody(id)) return 'duplicate';
    driver.dispatch({ kind: 'sealed', block: { ...block, header, record } });
    return driver.chain.hasBody(id) ? 'accepted' : 'rejected';
  }

  setMining(enabled: boolean): void {
    this.#parts.driver.dispatch({ kind: 'mining', enabled });
  }

  /** One block for each call: calls that come together wait for each other. */
  mineNow(): Promise<void> {
    const mined = this.#mining.then(() => {
      const head = new Promise<void>((done) => this.#headWaiters.push(done));
      this.#parts.driver.dispatch({ kind: 'elapsed', timer: mineTimer });
      return head;
    });
    this.#mining = mined.catch(() => {});
    return mined;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#running?.driver.stop();
    await this.#running?.store.close();
    this.#running = undefined;
  }

  get #parts(): Running {
    if (this.#running === undefined) throw new Error('the chain is not open');
    return this.#running;
  }

  #status(head: { id: string; height: number; work: bigint }): Status {
    const genesisId = this.#parts.opened.genesis.hash;
    return { genesisId, headId: head.id, height: head.height, work: head.work, earliestBody: 0 };
  }

  #seal(block: Block | undefined): void {
    if (block === undefined) {
      this.#notify({ kind: 'seal', work: undefined });
      return;
    }
    this.#templateCounter += 1;
    const template = String(this.#templateCounter);
    this.#templates.set(template, block);
    for (const old of this.#templates.keys()) {
      if (this.#templates.size <= limits.templatesKept) break;
      this.#templates.delete(old);
    }
    const header = encodeHeader(block.header);
    const record = encodeRecord(block.record);
    this.#notify({ kind: 'seal', work: { template, header, record } });
  }

  #headChanged({ members, ...change }: HeadChange): void {
    const block = this.#parts.driver.chain.block(change.head.id);
    this.#notify({
      kind: 'head',
      ...change,
      status: this.#status(change.head),
      transactions: block?.transactions.length ?? 0,
      gasUsed: block?.record.gasUsed ?? 0,
      memberKeys: members?.map(({ key }) => toHex(key)),
    });
    const waiters = this.#headWaiters;
    this.#headWaiters = [];
    for (const done of waiters) done();
  }

  /** What goes to several peers in one step is encoded once, and crosses to the network's thread once. */
  #send(peer: string, message: unknown, encode: (message: unknown) => Uint8Array): void {
    const last = this.#outgoing;
    if (last !== undefined && last.message === message) {
      last.peers.push(peer);
      return;
    }
    const group = { message, peers: [peer] };
    this.#outgoing = group;
    queueMicrotask(() => {
      if (this.#outgoing === group) this.#outgoing = undefined;
      this.#notify({ kind: 'send', peers: group.peers, bytes: encode(message) });
    });
  }

  #host(store: LevelStore, encode: (message: unknown) => Uint8Array): DriverHost<unknown> {
    const notify = this.#notify;
    const clearTimer = (name: string): void => {
      clearTimeout(this.#timers.get(name));
      this.#timers.delete(name);
    };
    return {
      now: () => Date.now(),
      random: () => Math.random(),
      write: (operations, sync, done) => {
        store.write(operations, { sync }).then(done, (error: unknown) => {
          // Without its disk the node must not go on: the thread dies and the node stops.
          setImmediate(() => {
            throw error;
          });
        });
      },
      defer: (task) => void setImmediate(task),
      send: (peer, message) => this.#send(peer, message, encode),
      broadcast: (message) => notify({ kind: 'broadcast', bytes: encode(message) }),
      broadcastTransactions: (raw) => notify({ kind: 'broadcastTransactions', raw: pack(raw) }),
      verdict: (delivery, verdict) => notify({ kind: 'verdict', delivery, verdict }),
      request: (request, peer, query, deadlineMs) =>
        notify({
          kind: 'request',
          request,
          peer,
          exchange: query.kind,
          query: exchangeCodecs[query.kind].query.encode(query.value as never),
          deadlineMs,
        }),
      cancel: (request) => notify({ kind: 'cancel', request }),
      setTimer: (name, afterMs) => {
        clearTimer(name);
        const fire = (): void => {
          this.#timers.delete(name);
          this.#running?.driver.dispatch({ kind: 'elapsed', timer: name });
        };
        this.#timers.set(name, setTimeout(fire, afterMs));
      },
      clearTimer,
      seal: (block) => this.#seal(block),
      report: (peer, code) => notify({ kind: 'report', peer, code }),
      alarm: (code, detail) => notify({ kind: 'alarm', code, detail }),
      headChanged: (change) => this.#headChanged(change),
    };
  }
}
