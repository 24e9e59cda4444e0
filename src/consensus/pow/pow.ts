/**
 * Proof of work as a protocol: each event goes to the file that decides about it, then the same
 * few questions are asked every time: which head, which headers, which bodies, which template.
 */

import { limits } from '../../primitives/limits.ts';
import { announcementCodec, type BlockAnnouncement, type Status } from '../../primitives/wire.ts';
import type { Answer, Effect, Event, PeerId, Protocol } from '../protocol.ts';
import { onReceived, retryWaiting } from './announcements.ts';
import { onBodies, onStallTimer, scheduleBodies, stallTimer } from './body-sync.ts';
import { chooseHead, onApplied, onRefused, onReverted } from './fork-choice.ts';
import { onHeaders, onHeadersFailed, scheduleHeaders } from './header-sync.ts';
import {
  mineTimer,
  onMineNow,
  onMining,
  onProposed,
  onSealed,
  onSubmitted,
  updateMining,
} from './mining.ts';
import { type PowParameters, parseParameters } from './parameters.ts';
import { onTransactions } from './rebuild.ts';
import { cancelAll, closeRequest, isAvailable, pickPeer } from './requests.ts';
import { createState, type Peer, type PowState, setTimer, type Turn } from './state.ts';
import { statusOf } from './status.ts';
import { dropOrphansOf, scheduleParked } from './waiting-room.ts';

const pollTimer = 'poll';

/** Heaviest chain of SHA-256d headers; difficulty by ASERT. */
export const pow: Protocol<PowParameters, PowState, BlockAnnouncement> = {
  name: 'pow',
  finality: 'probabilistic',
  makers: 'miners',
  parseParameters,
  message: announcementCodec,
  create: createState,
  step,
  status: statusOf,
};

function step(
  state: PowState,
  event: Event<BlockAnnouncement>,
): readonly Effect<BlockAnnouncement>[] {
  const turn: Turn = { state, now: event.now, effects: [] };
  handle(turn, event);
  retryWaiting(turn);
  chooseHead(turn);
  scheduleHeaders(turn);
  scheduleBodies(turn);
  scheduleParked(turn);
  updateMining(turn);
  return turn.effects;
}

function handle(turn: Turn, event: Event<BlockAnnouncement>): void {
  switch (event.kind) {
    case 'started':
      setTimer(turn, pollTimer, turn.now + limits.peerPollMs);
      break;
    case 'joined':
      onJoined(turn, event.peer, event.status);
      break;
    case 'left':
      onLeft(turn, event.peer);
      break;
    case 'received':
      onReceived(turn, event.peer, event.delivery, event.message);
      break;
    case 'answered':
      onAnswered(turn, event.request, event.answer);
      break;
    case 'elapsed':
      onElapsed(turn, event.timer);
      break;
    case 'submitted':
      onSubmitted(turn, event.waiting);
      break;
    case 'proposed':
      onProposed(turn, event.block, event.parent);
      break;
    case 'sealed':
      onSealed(turn, event.block);
      break;
    case 'applied':
      onApplied(turn, event.entry);
      break;
    case 'reverted':
      onReverted(turn, event.entry);
      break;
    case 'refused':
      onRefused(turn, event.id, event.code);
      break;
    case 'mining':
      onMining(turn, event.enabled);
      break;
    case 'checked':
      break;
  }
}

function onJoined(turn: Turn, id: PeerId, status: Status): void {
  onLeft(turn, id);
  turn.state.peers.set(id, {
    id,
    status,
    work: status.work,
    inFlight: 0,
    session: undefined,
    wantsHeaders: false,
    restUntil: 0,
    lacks: new Set(),
  });
}

function onLeft(turn: Turn, id: PeerId): void {
  cancelAll(turn, id);
  dropOrphansOf(turn.state, id);
  turn.state.peers.delete(id);
}

function onAnswered(turn: Turn, request: number, answer: Answer): void {
  const open = closeRequest(turn, request);
  if (open === undefined) return;
  const { purpose } = open;
  const peer = turn.state.peers.get(open.peer);
  if (peer === undefined) return;
  if (answer.kind !== purpose.kind) onFailed(turn, peer, answer);
  switch (purpose.kind) {
    case 'headers':
      if (answer.kind === 'headers') onHeaders(turn, peer, answer.value);
      else onHeadersFailed(turn, peer);
      break;
    case 'bodies':
      if (answer.kind === 'bodies') onBodies(turn, peer, purpose.ids, answer.value);
      break;
    case 'transactions':
      onTransactions(turn, peer, purpose.id, answer.kind === 'transactions' ? answer.value : []);
      break;
  }
}

/** A peer that failed rests while others are asked; it loses standing only for what it did. */
function onFailed(turn: Turn, peer: Peer, answer: Answer): void {
  peer.restUntil = turn.now + limits.peerRestMs;
  const reason = answer.kind === 'failed' ? answer.reason : 'malformed';
  if (reason === 'disconnected' || reason === 'refused') return;
  const code = reason === 'timeout' ? 'stalled' : 'malformed';
  turn.effects.push({ kind: 'report', peer: peer.id, code });
}

function onElapsed(turn: Turn, timer: string): void {
  turn.state.timers.delete(timer);
  if (timer === stallTimer) onStallTimer(turn);
  if (timer === pollTimer) poll(turn);
  if (timer === mineTimer) onMineNow(turn);
}

/** Gossip may be lost and partitions heal: one peer after another is asked for what is new. */
function poll(turn: Turn): void {
  for (const peer of turn.state.peers.values()) peer.lacks.clear();
  const peer = pickPeer(turn, (candidate) => isAvailable(candidate, turn.now));
  if (peer !== undefined) peer.wantsHeaders = true;
  setTimer(turn, pollTimer, turn.now + limits.peerPollMs);
}
