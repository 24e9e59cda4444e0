/**
 * Everything PBFT remembers between steps, and the turn that one step works in. Heights in flight:
 * one. Each map is bounded by the number of members or of peers.
 */

import type { Block, HeaderEntry } from '../../primitives/block.ts';
import type { Hex } from '../../primitives/bytes.ts';
import type { Header } from '../../primitives/header.ts';
import type { Effect, Environment, PeerId, TimerName, WaitingTransaction } from '../protocol.ts';
import { type Committee, firstCommittee, placeOf } from './committee.ts';
import type {
  Certificate,
  Evidence,
  Message,
  NewView,
  PrePrepare,
  StatusMessage,
  ViewChange,
  Vote,
} from './messages.ts';
import type { PbftParameters } from './parameters.ts';
import { restore } from './records.ts';
import { createTally, type Tally } from './statistics.ts';
import { VoteBook } from './votes.ts';

export interface Peer {
  readonly id: PeerId;
  /** Height of its head, as far as it said. */
  height: number;
  /** What the connection proved: nobody takes a member's place by repeating its messages. */
  readonly key: Uint8Array | undefined;
  /** Place of that key among the members, who are told votes. */
  member: number | undefined;
  /** A status came from there: what is said to it arrives. */
  isHeard: boolean;
  /** Left alone by state transfer until then, wall milliseconds. */
  restUntil: number;
  /** Transactions it may still forward before the next tick. */
  requestsLeft: number;
  /** Messages of it that are still looked at before the next tick. */
  messagesLeft: number;
}

/** Where a view began: there it is bound to what its NEW-VIEW proves, above it is free. */
export interface ViewStart {
  readonly height: number;
  readonly required: Header | undefined;
}

/** What this member has bound itself to; durable before it is said. */
export interface Promises {
  /** Votes are cast in this view alone, and in none below it ever again. */
  view: number;
  /** Its NEW-VIEW is known; false between VIEW-CHANGE and NEW-VIEW. */
  entered: boolean;
  start: ViewStart;
  prepare: Vote | undefined;
  commit: Vote | undefined;
  /** The highest view in which a block of the height in flight was prepared here. */
  prepared: (Certificate & { readonly height: number }) | undefined;
}

export interface Proposal {
  readonly id: Hex;
  readonly block: Block;
  /** When it was taken up here, wall milliseconds. */
  readonly since: number;
}

/** State transfer from one peer: headers it named, then their bodies. */
export interface Transfer {
  readonly peer: PeerId;
  /** Undefined while the bodies it gave are being applied. */
  readonly request: number | undefined;
  /** Headers whose bodies were asked for; none while headers are. */
  readonly asked: readonly Header[];
  /** Headers whose bodies come later. */
  readonly queue: readonly Header[];
}

export interface PbftState {
  readonly parameters: PbftParameters;
  readonly environment: Environment;
  /** Canonical hash of the genesis file, 32 bytes. */
  readonly genesisId: Uint8Array;
  /** A contract keeps the list of members, and may change it with every block. */
  readonly isGoverned: boolean;
  /** Who may vote at the height in flight. */
  committee: Committee;
  /** Index of this node among them; undefined for one that only follows. */
  self: number | undefined;
  /** The published head: durable and executed. */
  head: HeaderEntry;
  readonly promises: Promises;
  /** The message that began this view, for members that missed it. */
  newView: NewView | undefined;
  /** The block this view is about at the height in flight. */
  proposal: Proposal | undefined;
  /** A block was asked of the ledger and has not come. */
  isProposing: boolean;
  /** Results of execution at this height: a fault code, or undefined for a valid block. */
  readonly verdicts: Map<Hex, string | undefined>;
  checking: Hex | undefined;
  readonly prepares: VoteBook;
  readonly commits: VoteBook;
  /** Latest of each member, this one included. */
  readonly changes: Map<number, ViewChange>;
  /** Latest of each primary, perhaps for a view or height not reached yet. */
  readonly proposals: Map<number, PrePrepare>;
  heldNewView: NewView | undefined;
  readonly evidence: Map<number, Evidence>;
  readonly statuses: Map<number, StatusMessage & { readonly seenMs: number }>;
  /** Sealed blocks given to the host in this order, with the view of their seal, not applied yet. */
  readonly applying: Map<Hex, { readonly entry: HeaderEntry; readonly view: number }>;
  /** Execution disagrees with a quorum: this replica votes no more. */
  hasDiverged: boolean;
  readonly peers: Map<PeerId, Peer>;
  transfer: Transfer | undefined;
  /** The body of a block that the new view must propose, by request. */
  fetch: { readonly request: number; readonly header: Header } | undefined;
  /** Request for the status of a peer, while nothing moves. */
  inquiry: number | undefined;
  nextRequest: number;
  readonly timers: Map<TimerName, number>;
  waiting: number;
  waitingSince: number;
  heightSince: number;
  viewSince: number;
  /** When a quorum was seen to have left the views below this one. */
  quorumSince: number | undefined;
  /** Views given up since the last block. */
  failedViews: number;
  viewChanges: number;
  readonly tally: Tally;
  /** Height at the last tick: what stands still is said again. */
  tickHeight: number;
  /** Milliseconds from work to proposal, of the last blocks of this view. */
  pace: number[];
  /** The best paid transaction, watched until it goes in. */
  watched: { readonly hash: Hex; readonly since: number; readonly height: number } | undefined;
  /** The transaction that waits longest, and the blocks of this view that had room for it. */
  oldest: (WaitingTransaction & { readonly since: number; roomyBlocks: number }) | undefined;
  /** Arrival of the last one that a primary was left for: each is held against one primary only. */
  judgedSequence: number;
  /** The block asked for was to hold transactions that wait. */
  isForWaiting: boolean;
  /** When such a block came out empty. */
  lastEmptyAt: number;
}

/** One call of `step`: the state, the clock and the effects so far. */
export interface Turn {
  readonly state: PbftState;
  readonly now: number;
  readonly effects: Effect<Message>[];
}

/** The state of a node that stands on `environment.chain` and on what it has recorded. */
export function createState(parameters: PbftParameters, environment: Environment): PbftState {
  const { chain, identity } = environment;
  const genesis = chain.block(chain.canonical(0) ?? '');
  if (genesis === undefined) throw new Error('the store has no genesis block: initialise it first');
  const committee = firstCommittee(parameters, environment);
  const { promises, newView, evidence } = restore(environment, committee);
  return {
    parameters,
    environment,
    genesisId: genesis.record.extraData,
    isGoverned: environment.members?.() !== undefined,
    committee,
    self: placeOf(committee.members, identity?.publicKey),
    head: chain.head(),
    promises,
    newView,
    proposal: undefined,
    isProposing: false,
    verdicts: new Map(),
    checking: undefined,
    prepares: new VoteBook(),
    commits: new VoteBook(),
    changes: new Map(),
    proposals: new Map(),
    heldNewView: undefined,
    evidence,
    statuses: new Map(),
    applying: new Map(),
    hasDiverged: false,
    peers: new Map(),
    transfer: undefined,
    fetch: undefined,
    inquiry: undefined,
    nextRequest: 1,
    timers: new Map(),
    waiting: 0,
    waitingSince: 0,
    heightSince: 0,
    viewSince: 0,
    quorumSince: undefined,
    failedViews: 0,
    viewChanges: 0,
    tally: createTally(),
    tickHeight: -1,
    pace: [],
    watched: undefined,
    oldest: undefined,
    judgedSequence: -1,
    isForWaiting: false,
    lastEmptyAt: Number.NEGATIVE_INFINITY,
  };
}

/** The height in flight. */
export function heightOf(state: PbftState): number {
  return state.head.height + 1;
}

/** The last block given to the host, applied or not: the next one goes on top of it. */
export function lastGiven(state: PbftState): HeaderEntry {
  return [...state.applying.values()].at(-1)?.entry ?? state.head;
}

/** The primary of a view: views are never reset, so members take turns over the chain's life. */
export function primaryOf(state: PbftState, view: number): number {
  return view % state.committee.members.length;
}

/** Whether this node leads the view it is in. */
export function isPrimary(state: PbftState): boolean {
  return state.promises.entered && primaryOf(state, state.promises.view) === state.self;
}

/** Whether this node may vote now: a member, in step with the others, nothing half applied. */
export function canVote(state: PbftState): boolean {
  return state.self !== undefined && !state.hasDiverged && state.applying.size === 0;
}

/** Says something to every member that is connected. */
export function sendMembers(turn: Turn, message: Message): void {
  for (const peer of turn.state.peers.values()) {
    if (peer.member !== undefined) turn.effects.push({ kind: 'send', peer: peer.id, message });
  }
}

/** Sets a timer for a wall instant, unless it already stands there; undefined clears it. */
export function setTimer(turn: Turn, timer: TimerName, at: number | undefined): void {
  const { timers } = turn.state;
  if (timers.get(timer) === at) return;
  if (at === undefined) {
    timers.delete(timer);
    turn.effects.push({ kind: 'clearTimer', timer });
    return;
  }
  timers.set(timer, at);
  turn.effects.push({ kind: 'setTimer', timer, afterMs: Math.max(0, at - turn.now) });
}
