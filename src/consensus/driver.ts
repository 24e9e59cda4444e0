/**
 * The one driver of both hosts: it steps a protocol, writes its records before its messages leave,
 * executes one block a turn, holds a reorganisation back until it is complete, and rebuilds the
 * pool after it. Hosts supply disk, network, timers and hash power.
 */

import type { Block, HeaderEntry } from '../primitives/block.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { headerId } from '../primitives/header.ts';
import { limits } from '../primitives/limits.ts';
import { Overlay } from '../primitives/overlay.ts';
import type { Member } from '../primitives/seal.ts';
import { keys, type StoreReader, type WriteOperation } from '../primitives/store.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import { workOfBits } from '../primitives/work.ts';
import { createChainView } from './chain-view.ts';
import type { DriverHost, DriverOptions, StateMachine, StoredChain } from './host.ts';
import { OwnTransactions, partsOf, rebroadcastTimer } from './own-transactions.ts';
import type { ChainView, Effect, Event, Protocol, ProtocolStatus } from './protocol.ts';

type Task =
  | { readonly kind: 'apply' | 'revert'; readonly id: Hex }
  | { readonly kind: 'propose'; readonly effect: Extract<Effect<never>, { kind: 'propose' }> }
  | { readonly kind: 'check'; readonly block: Block };

interface Executed {
  readonly entry: HeaderEntry;
  readonly transactions: readonly SignedTransaction[];
  readonly members?: readonly Member[] | undefined;
}

type Inner<Message> =
  Event<Message> extends infer Each
    ? Each extends { readonly now: number }
      ? Omit<Each, 'now'>
      : never
    : never;

export class Driver<Parameters, State, Message> {
  readonly #protocol: Protocol<Parameters, State, Message>;
  readonly #state: State;
  readonly #host: DriverHost<Message>;
  readonly #machine: StateMachine;
  readonly #options: DriverOptions;
  readonly #overlay: Overlay;
  readonly #crypto: Crypto;
  readonly chain: ChainView;

  /** What the staged state is; runs ahead of `#published` while work is queued. */
  #head: HeaderEntry;
  #published: HeaderEntry;
  #events: Inner<Message>[] = [];
  #stepping = false;
  #tasks: Task[] = [];
  #turnScheduled = false;
  #reverted: Executed[] = [];
  #applied: Executed[] = [];
  readonly #own: OwnTransactions;
  #stopped = false;

  constructor(
    parts: {
      readonly protocol: Protocol<Parameters, State, Message>;
      readonly host: DriverHost<Message>;
      /** Builds the state machine over the staged view, which only this driver writes. */
      readonly machine: (reader: StoreReader) => StateMachine;
      readonly stored: StoredChain;
      readonly crypto: Crypto;
    },
    parameters: Parameters,
    options: DriverOptions,
  ) {
    this.#protocol = parts.protocol;
    this.#host = parts.host;
    this.#options = options;
    this.#crypto = parts.crypto;
    this.#head = parts.stored.head;
    this.#published = parts.stored.head;
    this.#overlay = new Overlay(parts.stored.reader);
    this.#machine = parts.machine(this.#overlay);
    this.#own = new OwnTransactions(this.#host, (hash) => this.#machine.isWaiting(hash));
    this.chain = createChainView(this.#overlay, () => this.#head, parts.stored.headers);
    this.#state = parts.protocol.create(parameters, {
      self: options.self,
      crypto: parts.crypto,
      chain: this.chain,
      pool: this.#machine,
      ...(options.identity === undefined ? {} : { identity: options.identity }),
      members: () => this.#machine.members?.(),
      recorded: (name) => this.#overlay.get(keys.protocol(name)),
      random: () => parts.host.random(),
    });
  }

  /** The head that is durable and complete: what RPC and peers are told. */
  get head(): HeaderEntry {
    return this.#published;
  }

  status(): ProtocolStatus {
    return this.#protocol.status(this.#state);
  }

  /** Nothing is stepped, executed or sent after this. */
  stop(): void {
    this.#stopped = true;
    this.#tasks = [];
    this.#events = [];
  }

  /** Feeds one event; effects are carried out before this returns, blocks execute in later turns. */
  dispatch(event: Inner<Message>): void {
    if (this.#stopped) return;
    if (event.kind === 'elapsed' && event.timer === rebroadcastTimer) {
      this.#own.announceAgain();
      return;
    }
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const stamped = { ...next, now: this.#host.now() } as Event<Message>;
        this.#carryOut(this.#protocol.step(this.#state, stamped));
      }
    } finally {
      this.#stepping = false;
    }
  }

  /** Takes a raw transaction into the pool and passes it on. */
  submit(raw: Uint8Array): ReturnType<StateMachine['submit']> {
    const [result] = this.submitAll([raw]);
    if (result === undefined) throw new Error('one transaction has one verdict');
    return result;
  }

  /** The same for several, in order; what they have in common is done once. */
  submitAll(batch: readonly Uint8Array[]): readonly ReturnType<StateMachine['submit']>[] {
    const taken: Pick<SignedTransaction, 'raw' | 'hash'>[] = [];
    const results = batch.map((raw) => {
      const result = this.#machine.submit(raw);
      if (result.ok) taken.push({ raw, hash: result.hash });
      return result;
    });
    if (taken.length === 0) return results;
    this.#own.announce(taken, this.#protocol.forwards?.(this.#state) ?? false);
    const waiting = this.#machine.waiting();
    for (const own of partsOf(
      taken.map(({ raw }) => raw),
      limits.gossipTransactionsSizeBytesMax,
    )) {
      this.dispatch({ kind: 'submitted', waiting, own });
    }
    return results;
  }

  /**
   * Judges a gossiped batch: passed on as it is when at least one transaction was new and valid,
   * ignored otherwise. The network has already rejected batches that do not decode.
   */
  receiveTransactions(delivery: number, batch: readonly Uint8Array[]): void {
    this.#take(batch, (taken) => this.#host.verdict(delivery, taken > 0 ? 'accept' : 'ignore'));
  }

  /** Adds to the pool what is new and valid; the protocol hears of it after `judge`. */
  #take(batch: readonly Uint8Array[], judge: (taken: number) => void): void {
    let taken = 0;
    for (const raw of batch) if (this.#machine.submit(raw).ok) taken += 1;
    judge(taken);
    if (taken > 0) this.dispatch({ kind: 'submitted', waiting: this.#machine.waiting() });
  }

  #carryOut(effects: readonly Effect<Message>[]): void {
    const records: WriteOperation[] = [];
    for (const effect of effects) if (effect.kind === 'record') records.push(...effect.operations);
    const promises = effects.filter(({ kind }) => kind === 'send' || kind === 'broadcast');
    const others = effects.filter(
      ({ kind }) => kind !== 'record' && kind !== 'send' && kind !== 'broadcast',
    );
    const sendAll = (): void => {
      for (const effect of promises) this.#perform(effect);
    };
    if (records.length > 0) this.#host.write(records, promises.length > 0, sendAll);
    else sendAll();
    for (const effect of others) this.#perform(effect);
  }

  #perform(effect: Effect<Message>): void {
    const host = this.#host;
    switch (effect.kind) {
      case 'record':
        break;
      case 'send':
        host.send(effect.peer, effect.message);
        break;
      case 'broadcast':
        host.broadcast(effect.message);
        break;
      case 'verdict':
        host.verdict(effect.delivery, effect.verdict);
        break;
      case 'request':
        host.request(effect.request, effect.peer, effect.query, effect.deadlineMs);
        break;
      case 'cancel':
        host.cancel(effect.request);
        break;
      case 'setTimer':
        host.setTimer(effect.timer, effect.afterMs);
        break;
      case 'clearTimer':
        host.clearTimer(effect.timer);
        break;
      case 'submit':
        this.#take(effect.transactions, () => {});
        break;
      case 'seal':
        host.seal(effect.block);
        break;
      case 'report':
        host.report(effect.peer, effect.code);
        break;
      case 'alarm':
        host.alarm(effect.code, effect.detail);
        break;
      case 'apply':
      case 'revert':
        this.#enqueue({ kind: effect.kind, id: effect.id });
        break;
      case 'propose':
        this.#enqueue({ kind: 'propose', effect });
        break;
      case 'check':
        this.#enqueue({ kind: 'check', block: effect.block });
        break;
    }
  }

  #enqueue(task: Task): void {
    this.#tasks.push(task);
    this.#scheduleTurn();
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled || this.#tasks.length === 0) return;
    this.#turnScheduled = true;
    this.#host.defer(() => {
      this.#turnScheduled = false;
      if (this.#stopped) return;
      const task = this.#tasks.shift();
      if (task !== undefined) this.#runTask(task);
      this.#scheduleTurn();
    });
  }

  #runTask(task: Task): void {
    switch (task.kind) {
      case 'propose':
        this.#propose(task.effect);
        break;
      case 'check':
        this.#check(task.block);
        break;
      case 'revert':
        this.#revert(task.id);
        this.#commitWhenComplete();
        break;
      case 'apply':
        this.#apply(task.id);
        this.#commitWhenComplete();
        break;
    }
  }

  /** Blocks that only extend the chain are written one by one, a reorganisation all at once. */
  #commitWhenComplete(): void {
    const moving = this.#tasks.some(({ kind }) => kind === 'apply' || kind === 'revert');
    if (this.#reverted.length === 0 || !moving) this.#commit();
  }

  #apply(id: Hex): void {
    const block = this.chain.block(id);
    const entry = this.chain.header(id);
    if (block === undefined || entry === undefined) {
      throw new Error(`asked to apply ${id}, which is not stored`);
    }
    if (toHex(block.header.previous) !== this.#head.id) {
      throw new Error(`asked to apply ${id} on ${this.#head.id}, which is not its parent`);
    }
    const result = this.#machine.execute(block, this.#head, entry);
    if (!result.ok) {
      this.#tasks = this.#tasks.filter(({ kind }) => kind !== 'apply' && kind !== 'revert');
      this.#host.alarm('block-refused', `${id} ${result.code}: ${result.detail}`);
      this.dispatch({ kind: 'refused', id, code: result.code, detail: result.detail });
      return;
    }
    this.#overlay.stage(result.operations);
    this.#head = entry;
    // Applying again what this reorganisation has just undone leaves nothing to tell.
    if (this.#applied.length === 0 && this.#reverted.at(-1)?.entry.id === id) this.#reverted.pop();
    else {
      const members = this.#machine.members?.();
      this.#applied.push({ entry, transactions: result.transactions, members });
    }
  }

  #revert(id: Hex): void {
    const block = this.chain.block(id);
    const entry = this.#head;
    const parent = this.chain.header(toHex(entry.header.previous));
    if (block === undefined || parent === undefined || entry.id !== id) {
      throw new Error(`asked to revert ${id}, but the head is ${entry.id}`);
    }
    const { operations, transactions } = this.#machine.revert(block, entry, parent);
    this.#overlay.stage(operations);
    this.#head = parent;
    if (this.#applied.at(-1)?.entry.id === id) this.#applied.pop();
    else this.#reverted.push({ entry, transactions });
  }

  /** Writes all that was staged in one batch and, once durable, tells everyone. */
  #commit(): void {
    const reverted = this.#reverted;
    const applied = this.#applied;
    this.#reverted = [];
    this.#applied = [];
    if (reverted.length === 0 && applied.length === 0) {
      const operations = this.#overlay.drain();
      if (operations.length > 0) this.#host.write(operations, false, () => {});
      return;
    }
    const head = this.#head;
    const undone = reverted.flatMap(({ transactions }) => transactions);
    this.#machine.headChanged({
      applied: applied.flatMap(({ transactions }) => transactions),
      reverted: undone,
    });
    // Drained only now: the pool has just read the new state through the overlay.
    this.#host.write(this.#overlay.drain(), true, () => {
      if (this.#stopped) return;
      this.#published = head;
      this.#host.headChanged({
        head,
        reverted: reverted.map(({ entry }) => entry),
        applied: applied.map(({ entry }) => entry),
        members: applied.at(-1)?.members,
      });
      if (undone.length > 0) this.#own.announce(undone, false);
      for (const { entry } of reverted) this.dispatch({ kind: 'reverted', entry });
      const waiting = this.#machine.waiting();
      for (const { entry, members } of applied) {
        const facts = { entry, waiting, ...(members === undefined ? {} : { members }) };
        this.dispatch({ kind: 'applied', ...facts });
      }
      this.dispatch({ kind: 'submitted', waiting });
    });
  }

  #propose(effect: Extract<Effect<never>, { kind: 'propose' }>): void {
    // The head moved on while this waited: the protocol asks again when it hears of it.
    if (effect.parent !== this.#head.id) return;
    const { beneficiary, extraData } = { ...this.#options, ...effect };
    const block = this.#machine.propose(this.#head, {
      time: effect.time,
      bits: effect.bits,
      empty: effect.empty,
      beneficiary,
      extraData,
    });
    this.dispatch({ kind: 'proposed', block, parent: effect.parent });
  }

  #check(block: Block): void {
    const parent = this.#head;
    const id = headerId(block.header, this.#crypto);
    const entry = {
      id,
      header: block.header,
      height: parent.height + 1,
      work: parent.work + workOfBits(block.header.bits),
    };
    const result = this.#machine.execute(block, parent, entry);
    this.dispatch({ kind: 'checked', id, fault: result.ok ? undefined : result.code });
  }
}
