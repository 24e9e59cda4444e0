/**
 * Practical Byzantine Fault Tolerance (Castro and Liskov, OSDI 1999) on a chain of blocks: each
 * event goes to the file that decides about it, then views and the height in flight move on.
 */

import { limits } from '../../primitives/limits.ts';
import type { Effect, Event, PeerId, Protocol } from '../protocol.ts';
import { placeOf } from './committee.ts';
import { onEvidence } from './evidence.ts';
import { takeMembers } from './membership.ts';
import { cargo, type Message, messageCodec } from './messages.ts';
import {
  advanceHeight,
  onChecked,
  onPrePrepare,
  onProposed,
  onVote,
  proposeTimer,
} from './normal-case.ts';
import { forgiveViews, judgePrimary, noteRoom, patienceMs, viewDeadline } from './pace.ts';
import { type PbftParameters, parseParameters } from './parameters.ts';
import { membersOperation, promisesOperation } from './records.ts';
import { onRequests, onStatus, resume, sayAll, sayStatus } from './repetition.ts';
import {
  createState,
  heightOf,
  type PbftState,
  sendMembers,
  setTimer,
  type Turn,
} from './state.ts';
import { noteBlock } from './statistics.ts';
import { statusOf } from './status.ts';
import { endTransfers, fetchRequired, inquire, onAnswered, startTransfer } from './transfer.ts';
import { advanceView, enterBySeal, giveUpView, onNewView, onViewChange } from './view-change.ts';

type Applied = Extract<Event<Message>, { kind: 'applied' }>;

const tickTimer = 'tick';
const viewTimer = 'view';

/** Known members, immediate finality. */
export const pbft: Protocol<PbftParameters, PbftState, Message> = {
  name: 'pbft',
  finality: 'immediate',
  makers: 'members',
  parseParameters,
  message: messageCodec,
  create: createState,
  step,
  status: statusOf,
  forwards,
  cargo,
};

function step(state: PbftState, event: Event<Message>): readonly Effect<Message>[] {
  const turn: Turn = { state, now: event.now, effects: [] };
  handle(turn, event);
  advanceView(turn);
  advanceHeight(turn);
  fetchRequired(turn);
  startTransfer(turn, false);
  setTimer(turn, viewTimer, viewDeadline(state));
  // Also repeated votes go out behind a durable record: the first sending may still wait for it.
  if (turn.effects.some((effect) => effect.kind === 'send' && isPromise(effect.message))) {
    turn.effects.push({ kind: 'record', operations: [promisesOperation(state)] });
  }
  return turn.effects;
}

/** Whether a message binds its sender; the others may leave before any record is durable. */
function isPromise({ kind }: Message): boolean {
  return kind !== 'status' && kind !== 'requests' && kind !== 'evidence';
}

function handle(turn: Turn, event: Event<Message>): void {
  const { state } = turn;
  switch (event.kind) {
    case 'started':
      onStarted(turn);
      break;
    case 'joined':
      onJoined(turn, event);
      break;
    case 'left':
      endTransfers(turn, event.peer);
      state.peers.delete(event.peer);
      break;
    case 'received':
      onReceived(turn, event.peer, event.delivery, event.message);
      break;
    case 'answered':
      onAnswered(turn, event.request, event.peer, event.answer);
      break;
    case 'elapsed':
      onElapsed(turn, event.timer);
      break;
    case 'submitted':
      onSubmitted(turn, event.waiting, event.own ?? []);
      break;
    case 'proposed':
      onProposed(turn, event.block, event.parent);
      break;
    case 'checked':
      onChecked(turn, event.id, event.fault);
      break;
    case 'applied':
      onApplied(turn, event);
      break;
    case 'refused':
      diverge(turn, disagreement(state, event));
      break;
    case 'reverted':
      throw new Error(`final block ${event.entry.id} was reverted`);
    case 'sealed':
    case 'mining':
      break;
  }
}

function onStarted(turn: Turn): void {
  const { state, now } = turn;
  state.heightSince = now;
  state.viewSince = now;
  state.waitingSince = now;
  turn.effects.push({ kind: 'record', operations: [membersOperation(state.committee)] });
  resume(turn);
  setTimer(turn, tickTimer, now + limits.consortiumTickMs);
}

function onJoined(turn: Turn, event: Extract<Event<Message>, { kind: 'joined' }>): void {
  const { peer: id, key, status } = event;
  endTransfers(turn, id);
  const member = placeOf(turn.state.committee.members, key);
  turn.state.peers.set(id, {
    id,
    height: status.height,
    key,
    member,
    isHeard: false,
    restUntil: 0,
    requestsLeft: limits.consortiumRequestsPerTick,
    messagesLeft: messagesPerTick(member),
  });
  sayStatus(turn, [id]);
}

/** Each costs a signature to check. Who is no member has little to say. */
function messagesPerTick(member: number | undefined): number {
  return member === undefined
    ? limits.consortiumMessagesOfStranger
    : limits.consortiumMessagesPerTick;
}

/** Messages are judged by their signatures, whoever brings them. */
function onReceived(turn: Turn, from: PeerId, delivery: number, message: Message): void {
  const { state, effects } = turn;
  // A direct message has no verdict to wait for; gossip is no way to send these.
  if (delivery !== 0) effects.push({ kind: 'verdict', delivery, verdict: 'ignore' });
  const peer = state.peers.get(from);
  if (peer === undefined || (message.kind !== 'requests' && peer.messagesLeft <= 0)) return;
  if (message.kind !== 'requests') peer.messagesLeft -= 1;
  switch (message.kind) {
    case 'pre-prepare':
      onPrePrepare(turn, message);
      break;
    case 'prepare':
    case 'commit':
      onVote(turn, message);
      break;
    case 'view-change':
      onViewChange(turn, message);
      break;
    case 'new-view':
      onNewView(turn, message);
      break;
    case 'status':
      onStatus(turn, from, message, diverge);
      break;
    case 'evidence':
      onEvidence(turn, message);
      break;
    case 'requests':
      onRequests(turn, from, message);
      break;
  }
}

function onElapsed(turn: Turn, timer: string): void {
  const { state, now } = turn;
  state.timers.delete(timer);
  if (timer === tickTimer) onTick(turn);
  const deadline = viewDeadline(state);
  if (timer !== viewTimer || deadline === undefined || deadline > now) return;
  const { view } = state.promises;
  giveUpView(turn, `view ${view} made no block at ${heightOf(state)} in ${patienceMs(state)} ms`);
}

function onTick(turn: Turn): void {
  const { state, now } = turn;
  const isStalled = state.tickHeight === state.head.height;
  state.tickHeight = state.head.height;
  // A proposal that a quarter of a tick could not seal has lost messages.
  const since = state.proposal?.since ?? now;
  const isOpen = isStalled || now - since >= limits.consortiumTickMs / 4;
  sayStatus(turn, state.peers.keys());
  for (const peer of state.peers.values()) {
    peer.requestsLeft = limits.consortiumRequestsPerTick;
    peer.messagesLeft = messagesPerTick(peer.member);
    if (isOpen && peer.member !== undefined) sayAll(turn, peer.id);
  }
  if (isStalled) {
    startTransfer(turn, true);
    inquire(turn);
  }
  judgePrimary(turn);
  setTimer(turn, tickTimer, now + limits.consortiumTickMs);
}

/**
 * Section 4.1: requests go to the primary, and to the other members too, which watch it: see
 * `viewDeadline`. Nobody takes any from a node that is no member; those leave them to gossip.
 */
function onSubmitted(turn: Turn, waiting: number, own: readonly Uint8Array[]): void {
  const { state, now } = turn;
  if (waiting > 0 && state.waiting === 0) state.waitingSince = now;
  state.waiting = waiting;
  if (own.length === 0 || state.self === undefined) return;
  sendMembers(turn, { kind: 'requests', transactions: own });
}

/** Whether this node is a member with a stream to every other one. */
function forwards(state: PbftState): boolean {
  if (state.self === undefined) return false;
  const reached = new Set([...state.peers.values()].map(({ member }) => member));
  return state.committee.members.every((_, index) => index === state.self || reached.has(index));
}

/** A block is final here: everything about its height is over. */
function onApplied(turn: Turn, { entry, members, waiting }: Applied): void {
  const { state, now } = turn;
  const sealed = state.applying.get(entry.id);
  state.applying.delete(entry.id);
  const block = state.environment.chain.block(entry.id);
  if (block !== undefined) {
    noteBlock(turn, entry.id, block);
    noteRoom(turn, block);
    forgiveViews(turn, block);
  }
  state.head = entry;
  // What this block took waits no more: counted on, it would call for an empty block next.
  state.waiting = waiting ?? state.waiting;
  state.heightSince = now;
  state.proposal = undefined;
  state.isProposing = false;
  state.checking = undefined;
  state.verdicts.clear();
  state.prepares.prune(heightOf(state));
  state.commits.prune(heightOf(state));
  for (const [member, { height }] of state.proposals) {
    if (height < heightOf(state)) state.proposals.delete(member);
  }
  setTimer(turn, proposeTimer, undefined);
  if (sealed !== undefined) enterBySeal(turn, sealed.view);
  takeMembers(turn, members);
}

/** What an operator must know of a block that a quorum sealed and that fails here. */
function disagreement(
  state: PbftState,
  event: Extract<Event<Message>, { kind: 'refused' }>,
): string {
  const { id, code, detail } = event;
  const height = state.applying.get(id)?.entry.height ?? heightOf(state);
  return `block ${height} ${id} is sealed, but here it fails: ${code}, ${detail ?? 'no detail'}; it votes no more: stop it and run dodona db check`;
}

/** This replica's state is not that of the others: it must not vote, and says so. */
function diverge(turn: Turn, detail: string): void {
  const { state } = turn;
  if (state.hasDiverged) return;
  state.hasDiverged = true;
  state.applying.clear();
  turn.effects.push({ kind: 'alarm', code: 'diverged', detail });
}
