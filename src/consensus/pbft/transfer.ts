/**
 * State transfer: a node that is behind takes sealed blocks from any peer that is ahead, sixteen
 * at a time. Nothing is believed but seals: a peer can be slow or silent, not wrong.
 */

import type { Block } from '../../primitives/block.ts';
import { checkBody } from '../../primitives/block.ts';
import { equalBytes, toHex } from '../../primitives/bytes.ts';
import { bodyOperations, headerOperations } from '../../primitives/chain-records.ts';
import { type Header, headerId } from '../../primitives/header.ts';
import { limits } from '../../primitives/limits.ts';
import { decodeSeal, verifySeal } from '../../primitives/seal.ts';
import type { Body } from '../../primitives/wire.ts';
import type { Answer, PeerId, Query } from '../protocol.ts';
import { blockFault, entryOf, headerFault } from './block-rules.ts';
import { applySealed } from './normal-case.ts';
import { lastGiven, type Peer, type Transfer, type Turn } from './state.ts';
import { missingBlock } from './view-change.ts';

const noId = '00'.repeat(32);

function ask(turn: Turn, peer: PeerId, query: Query): number {
  const { state, effects } = turn;
  const request = state.nextRequest++;
  effects.push({ kind: 'request', request, peer, query, deadlineMs: limits.requestTimeoutMs });
  return request;
}

/** A rested peer with a head of at least `heightMin`, at random: the highest claim may be a lie. */
function pickPeer(turn: Turn, heightMin: number): Peer | undefined {
  const able = [...turn.state.peers.values()].filter(
    (peer) => peer.height >= heightMin && peer.restUntil <= turn.now,
  );
  return able[Math.floor(turn.state.environment.random() * able.length)];
}

/**
 * Starts where a peer is ahead: two blocks at once, one block only after a tick without progress,
 * since the votes for it are usually on their way. Goes on when the last blocks are applied.
 */
export function startTransfer(turn: Turn, isStalled: boolean): void {
  const { state } = turn;
  const { transfer, head } = state;
  if (transfer?.request !== undefined || state.applying.size > 0 || state.hasDiverged) return;
  const [next] = transfer?.queue ?? [];
  if (transfer !== undefined && next !== undefined && toHex(next.previous) === head.id) {
    askBodies(turn, transfer.peer, transfer.queue);
    return;
  }
  state.transfer = undefined;
  const peer = pickPeer(turn, head.height + (isStalled ? 1 : 2));
  if (peer === undefined) return;
  const value = { locator: [head.id], stop: noId, max: limits.headersPerAnswerMax };
  const request = ask(turn, peer.id, { kind: 'headers', value });
  state.transfer = { peer: peer.id, request, asked: [], queue: [] };
}

/** As primary: gets the block that the new view must propose from those who prepared it. */
export function fetchRequired(turn: Turn): void {
  const { state } = turn;
  const header = missingBlock(state);
  if (header === undefined || state.fetch !== undefined) return;
  const rested = [...state.peers.values()].filter(
    ({ member, restUntil }) => member !== undefined && restUntil <= turn.now,
  );
  const peer = rested[Math.floor(state.environment.random() * rested.length)];
  if (peer === undefined) return;
  const ids = [headerId(header, state.environment.crypto)];
  state.fetch = { request: ask(turn, peer.id, { kind: 'bodies', value: { ids } }), header };
}

/**
 * Asks one peer how high it stands. After a change of members those who have the next blocks may
 * be members no more, and say nothing by themselves.
 */
export function inquire(turn: Turn): void {
  const { state, effects } = turn;
  if (state.inquiry !== undefined) effects.push({ kind: 'cancel', request: state.inquiry });
  state.inquiry = undefined;
  const peers = [...state.peers.values()];
  const peer = peers[Math.floor(state.environment.random() * peers.length)];
  if (peer === undefined) return;
  const value = {
    genesisId: state.genesisId,
    headId: state.head.id,
    height: state.head.height,
    work: state.head.work,
    earliestBody: 0,
  };
  state.inquiry = ask(turn, peer.id, { kind: 'status', value });
}

/** An answer to one of these; anything else was given up before. */
export function onAnswered(turn: Turn, request: number, from: PeerId, answer: Answer): void {
  const { state } = turn;
  if (state.fetch?.request === request) {
    const { header } = state.fetch;
    state.fetch = undefined;
    if (answer.kind !== 'bodies' || !storeRequired(turn, header, answer.value)) rest(turn, from);
    return;
  }
  if (state.inquiry === request) {
    state.inquiry = undefined;
    const peer = state.peers.get(from);
    if (peer !== undefined && answer.kind === 'status') peer.height = answer.value.height;
    return;
  }
  const { transfer } = state;
  if (transfer?.request !== request) return;
  state.transfer = undefined;
  if (answer.kind === 'headers' && transfer.asked.length === 0) {
    onHeaders(turn, from, answer.value);
  } else if (answer.kind === 'bodies' && transfer.asked.length > 0) {
    onBodies(turn, transfer, answer.value);
  } else rest(turn, from);
}

/** A peer that did not deliver is asked again later, and believed less high until it says so. */
function rest(turn: Turn, id: PeerId): void {
  const peer = turn.state.peers.get(id);
  if (peer === undefined) return;
  peer.restUntil = turn.now + limits.peerRestMs;
  peer.height = turn.state.head.height;
}

/** The peer is gone: what it was asked for is asked of others. */
export function endTransfers(turn: Turn, id: PeerId): void {
  const { state } = turn;
  if (state.transfer?.peer === id) state.transfer = undefined;
}

function onHeaders(turn: Turn, peer: PeerId, headers: readonly Header[]): void {
  const { state } = turn;
  let parent = state.head;
  for (const header of headers) {
    if (headerFault(header, parent) !== undefined) break;
    parent = entryOf(state, header, parent);
  }
  const linked = headers.slice(0, parent.height - state.head.height);
  if (linked.length === 0) rest(turn, peer);
  else askBodies(turn, peer, linked);
}

function askBodies(turn: Turn, peer: PeerId, headers: readonly Header[]): void {
  const { state } = turn;
  const asked = headers.slice(0, limits.bodiesPerAnswerMax);
  const ids = asked.map((header) => headerId(header, state.environment.crypto));
  const request = ask(turn, peer, { kind: 'bodies', value: { ids } });
  state.transfer = { peer, request, asked, queue: headers.slice(asked.length) };
}

/** Blocks with valid seals are given to the host; the next ones are asked for when they are applied. */
function onBodies(turn: Turn, transfer: Transfer, bodies: readonly Body[]): void {
  const { state } = turn;
  // The height in flight may have been sealed by votes meanwhile.
  if (state.applying.size > 0) return;
  let taken = 0;
  for (const [index, body] of bodies.entries()) {
    const header = transfer.asked[index];
    if (header === undefined || !takeSealed(turn, { header, ...body })) break;
    taken += 1;
    // Who sealed the next ones is known when this one is executed.
    if (changesMembers(turn, body)) break;
  }
  if (taken === 0) {
    rest(turn, transfer.peer);
    return;
  }
  const queue = [...transfer.asked.slice(taken), ...transfer.queue];
  state.transfer = { peer: transfer.peer, request: undefined, asked: [], queue };
}

function changesMembers({ state }: Turn, { record }: Body): boolean {
  return !equalBytes(record.extraData, state.committee.hash);
}

function takeSealed(turn: Turn, block: Block): boolean {
  const { state } = turn;
  const { crypto } = state.environment;
  const parent = lastGiven(state);
  if (block.seal === undefined) return false;
  if (blockFault(state, block, parent) !== undefined) return false;
  const { id, height } = entryOf(state, block.header, parent);
  const subject = { genesisId: state.genesisId, height, id };
  if (!verifySeal(block.seal, subject, state.committee.members, crypto)) return false;
  applySealed(turn, block, decodeSeal(block.seal));
  return true;
}

/** Its id is proven by the certificate, so no seal is needed. */
function storeRequired(turn: Turn, header: Header, bodies: readonly Body[]): boolean {
  const { state, effects } = turn;
  const [body] = bodies;
  if (body === undefined) return false;
  const block = { header, record: body.record, transactions: body.transactions };
  if (checkBody(block, state.environment.crypto) !== undefined) return false;
  if (missingBlock(state) !== header) return true;
  const entry = entryOf(state, header, state.head);
  effects.push({
    kind: 'record',
    operations: [...headerOperations(entry), ...bodyOperations(entry.id, block)],
  });
  return true;
}
