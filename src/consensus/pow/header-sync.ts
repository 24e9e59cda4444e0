/**
 * Headers first: one chosen peer (and any that announced a block on an unknown parent) is asked
 * for headers until it has no more. A branch below the work gate goes through the two passes of
 * presync; nothing of it is stored before its work is proven.
 */

import { equalBytes, type Hex, toHex } from '../../primitives/bytes.ts';
import type { Header } from '../../primitives/header.ts';
import { limits } from '../../primitives/limits.ts';
import type { ReportCode } from '../protocol.ts';
import { storeHeader } from './blocks.ts';
import {
  acceptableFromMs,
  type ChainPoint,
  checkOnParent,
  checkWork,
  extend,
  hashHeader,
} from './header-rules.ts';
import { headersQuery, locatorOf } from './locator.ts';
import { Presync } from './presync.ts';
import { isAvailable, openRequest, pickPeer } from './requests.ts';
import {
  type HeaderSession,
  isCatchingUp,
  type Peer,
  setTimer,
  type Turn,
  workGate,
} from './state.ts';

/** It only makes the next step happen: a slow answer is noticed without waiting for an event. */
export const slowHeadersTimer = 'headers-slow';

/** Starts the sessions that are due: those that peers asked for, and one with the best peer. */
export function scheduleHeaders(turn: Turn): void {
  const { state, now } = turn;
  for (const peer of state.peers.values()) {
    if (peer.session !== undefined) resume(turn, peer, peer.session);
    else if (peer.wantsHeaders && isAvailable(peer, now)) startSession(turn, peer);
  }
  if (isFarEnough(turn)) return;
  const candidates = [...state.peers.values()].filter(
    (peer) => peer.work > state.tree.heaviest.work,
  );
  if (candidates.some((peer) => peer.session !== undefined && !isSlow(turn, peer.session))) return;
  const isFree = (peer: Peer): boolean => peer.session === undefined && isAvailable(peer, now);
  const chosen = pickPeer(turn, (peer) => candidates.includes(peer) && isFree(peer));
  if (chosen !== undefined) startSession(turn, chosen);
}

/** A slow peer keeps its session, but a second one is asked beside it. */
function isSlow({ state, now }: Turn, session: HeaderSession): boolean {
  const open = session.request === undefined ? undefined : state.requests.get(session.request);
  return open !== undefined && now - open.sentAt >= limits.headersSlowMs;
}

/** Takes an answer; whatever it is, the session goes on, ends, or waits for the bodies. */
export function onHeaders(turn: Turn, peer: Peer, headers: readonly Header[]): void {
  const { session } = peer;
  if (session === undefined) return;
  session.request = undefined;
  const outcome = takeAnswer(turn, peer, session, headers);
  if (outcome.next === 'more') resume(turn, peer, session);
  else endSession(turn, peer, outcome);
}

/** The peer did not answer: another one is chosen in the same step. */
export function onHeadersFailed(turn: Turn, peer: Peer): void {
  peer.session = undefined;
  const other = pickPeer(turn, (each) => each !== peer && isAvailable(each, turn.now));
  if (other !== undefined) other.wantsHeaders = true;
}

/** What follows an answer. At the end, `work` is what the peer may still be believed to have. */
type Outcome =
  | { readonly next: 'more' }
  | { readonly next: 'end'; readonly work: bigint; readonly report?: ReportCode };

function startSession(turn: Turn, peer: Peer): void {
  peer.wantsHeaders = false;
  peer.session = { request: undefined, tip: undefined, presync: undefined };
  resume(turn, peer, peer.session);
}

/** Asks for the next headers, unless an answer is due or the bodies are far behind. */
function resume(turn: Turn, peer: Peer, session: HeaderSession): void {
  const { state, now } = turn;
  if (session.request !== undefined || !isAvailable(peer, now)) return;
  if (isFarEnough(turn) && session.presync?.pass !== 1) return;
  const { tree, environment } = state;
  const { presync } = session;
  const baseId = presync?.start.id ?? session.tip?.id;
  const base = (baseId === undefined ? undefined : tree.get(baseId)) ?? tree.heaviest;
  const locator = locatorOf(tree, environment.chain, base);
  const value = headersQuery(presync === undefined ? locator : [presync.tip.id, ...locator]);
  session.request = openRequest(turn, peer, { kind: 'headers', value }, { kind: 'headers' });
  setTimer(turn, slowHeadersTimer, now + limits.headersSlowMs);
}

function endSession(
  turn: Turn,
  peer: Peer,
  { work, report }: Extract<Outcome, { next: 'end' }>,
): void {
  peer.session = undefined;
  peer.work = work;
  if (report === undefined) return;
  peer.restUntil = turn.now + limits.peerRestMs;
  turn.effects.push({ kind: 'report', peer: peer.id, code: report });
}

/** Headers run at most one window ahead while bodies keep up with them, so that memory is bounded. */
function isFarEnough({ state, now }: Turn): boolean {
  return isCatchingUp(state, now, limits.headerWindowBlocks);
}

/** The block that an answer goes on from, if it is the one that the session waits for. */
function parentOf(
  turn: Turn,
  session: HeaderSession,
  headers: readonly Header[],
): ChainPoint | undefined {
  const [first] = headers;
  if (first === undefined) return undefined;
  const id: Hex = toHex(first.previous);
  if (session.presync === undefined) return turn.state.tree.get(id);
  return session.presync.tip.id === id ? session.presync.tip : undefined;
}

/**
 * Checks a run of headers on `parent`. Stops without fault before the first that is too new; one
 * wrong header makes the whole answer worthless.
 */
function checkHeaders(
  turn: Turn,
  parent: ChainPoint,
  headers: readonly Header[],
): { readonly points: readonly ChainPoint[]; readonly fault?: ReportCode } {
  const { rules, environment, tree } = turn.state;
  const points: ChainPoint[] = [];
  let tip = parent;
  let tipHash: Uint8Array = headers[0]?.previous ?? new Uint8Array(32);
  for (const header of headers) {
    if (!equalBytes(header.previous, tipHash)) return { points, fault: 'malformed' };
    const { hash, id } = hashHeader(header, environment.crypto);
    const known = tree.find(id, tip.height + 1);
    if (known?.invalid !== undefined) return { points, fault: 'invalid-block' };
    if (known === undefined) {
      const fault = checkWork(header, hash, rules) ?? checkOnParent(tip, header, rules);
      if (fault !== undefined) return { points, fault: 'invalid-header' };
      if (acceptableFromMs(header.time, rules) > turn.now) break;
    }
    tip = known ?? extend(tip, header, id);
    tipHash = hash;
    points.push(tip);
  }
  return { points };
}

function takeAnswer(
  turn: Turn,
  peer: Peer,
  session: HeaderSession,
  headers: readonly Header[],
): Outcome {
  const { head, tree } = turn.state;
  const parent = parentOf(turn, session, headers);
  // No headers, or headers of a chain that it has left meanwhile: it has nothing more to show.
  if (parent === undefined) return { next: 'end', work: least(peer.work, tree.heaviest.work) };
  if (tree.recent(parent.id)?.invalid !== undefined) {
    return { next: 'end', work: head.work, report: 'invalid-block' };
  }
  const { points, fault } = checkHeaders(turn, parent, headers);
  if (fault !== undefined) return { next: 'end', work: head.work, report: fault };
  const tip = points.at(-1) ?? parent;
  const isCut = points.length < headers.length;
  const isLast = isCut || headers.length < limits.headersPerAnswerMax;
  const tooLight: Outcome = isCut
    ? { next: 'end', work: head.work }
    : { next: 'end', work: head.work, report: 'low-work-chain' };
  const { presync } = session;
  if (presync === undefined) {
    return takeDirect(turn, peer, session, { parent, points, tip, isLast, tooLight });
  }
  if (presync.pass === 1) {
    const gate = workGate(turn.state);
    const fits = presync.remember(points);
    if (fits && tip.work >= gate) presync.beginSecondPass(gate);
    else if (!fits || isLast) return tooLight;
    return { next: 'more' };
  }
  const released = presync.redownload(points);
  if (released === undefined || (isLast && !presync.isProven)) return tooLight;
  for (const point of released) storeHeader(turn, point);
  if (!presync.isProven) return { next: 'more' };
  session.presync = undefined;
  session.tip = tip;
  return isLast ? { next: 'end', work: tip.work } : { next: 'more' };
}

/** An answer outside presync: stored at once, or the beginning of presync. */
function takeDirect(
  turn: Turn,
  peer: Peer,
  session: HeaderSession,
  answer: {
    readonly parent: ChainPoint;
    readonly points: readonly ChainPoint[];
    readonly tip: ChainPoint;
    readonly isLast: boolean;
    readonly tooLight: Outcome;
  },
): Outcome {
  const { state } = turn;
  const { parent, points, tip, isLast, tooLight } = answer;
  const gate = workGate(state);
  if (tip.work >= gate) {
    for (const point of points) storeHeader(turn, point);
    if (isLast) return { next: 'end', work: tip.work };
    // The same headers again would keep both sides busy for nothing.
    if (session.tip !== undefined && tip.work <= session.tip.work) {
      return { next: 'end', work: tip.work, report: 'malformed' };
    }
    session.tip = tip;
    if (peer.work < tip.work) peer.work = tip.work;
    return { next: 'more' };
  }
  // Only a peer that claimed more has lied; others are merely behind.
  if (isLast) return peer.work >= gate ? tooLight : { next: 'end', work: tip.work };
  const busy = [...state.peers.values()].filter((other) => other.session?.presync !== undefined);
  if (busy.length >= limits.presyncSessionsMax) {
    peer.restUntil = turn.now + limits.peerRestMs;
    return { next: 'end', work: peer.work };
  }
  const { environment } = state;
  session.presync = new Presync(parent, environment.crypto, () => environment.random());
  session.presync.remember(points);
  return { next: 'more' };
}

function least(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
