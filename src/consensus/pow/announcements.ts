/**
 * Gossiped blocks: work first, then what the parent demands, then the record. Reject is for what is
 * wrong for ever; whatever depends on our view or our clock is ignored, kept and tried again.
 */

import { equalBytes, toHex } from '../../primitives/bytes.ts';
import { recordCommitment } from '../../primitives/record.ts';
import type { BlockAnnouncement } from '../../primitives/wire.ts';
import type { PeerId, Verdict } from '../protocol.ts';
import { storeHeader } from './blocks.ts';
import { acceptableFromMs, checkOnParent, checkWork, extend, hashHeader } from './header-rules.ts';
import { startRebuild } from './rebuild.ts';
import { type Turn, workGate } from './state.ts';
import { keepOrphan, park, takeOrphans, takeParked } from './waiting-room.ts';

/** Judges one delivery: exactly one verdict leaves for it. */
export function onReceived(
  turn: Turn,
  peer: PeerId,
  delivery: number,
  announcement: BlockAnnouncement,
): void {
  const verdict = judge(turn, peer, announcement);
  turn.effects.push({ kind: 'verdict', delivery, verdict });
}

/** Announcements whose parent or time has come. Gossip forgot them, so they are sent on anew. */
export function retryWaiting(turn: Turn): void {
  const { state, now, effects } = turn;
  let ready = [...takeParked(state, now), ...takeOrphans(state)];
  while (ready.length > 0) {
    for (const { announcement, peer } of ready) {
      if (judge(turn, peer, announcement) !== 'accept') continue;
      effects.push({ kind: 'broadcast', message: announcement });
    }
    ready = [...takeOrphans(state)];
  }
}

function judge(turn: Turn, peerId: PeerId, announcement: BlockAnnouncement): Verdict {
  const { state, now } = turn;
  const { rules, environment, tree } = state;
  const { header, record } = announcement;
  const { hash, id } = hashHeader(header, environment.crypto);
  if (announcement.seal !== undefined) return 'reject';
  if (checkWork(header, hash, rules) !== undefined) return 'reject';
  const peer = state.peers.get(peerId);
  const known = tree.get(id);
  // Blocks are passed on before they are executed: relaying one that turned out invalid is no fault.
  if (known !== undefined && (known.hasBody || known.invalid !== undefined)) return 'ignore';
  const parent = tree.get(toHex(header.previous));
  if (parent === undefined) {
    keepOrphan(state, id, { announcement, peer: peerId, notBeforeMs: 0 });
    if (peer !== undefined) peer.wantsHeaders = true;
    return 'ignore';
  }
  if (parent.invalid !== undefined) return 'ignore';
  if (checkOnParent(parent, header, rules) !== undefined) return 'reject';
  if (!equalBytes(recordCommitment(record, environment.crypto), header.commitment)) return 'reject';
  if (record.height !== parent.height + 1) return 'reject';
  const notBeforeMs = acceptableFromMs(header.time, rules);
  if (notBeforeMs > now) {
    park(state, id, { announcement, peer: peerId, notBeforeMs });
    return 'ignore';
  }
  const point = extend(parent, header, id);
  if (point.work < workGate(state)) return 'ignore';
  const node = known ?? storeHeader(turn, point);
  if (peer !== undefined && peer.work < node.work) peer.work = node.work;
  startRebuild(turn, node, announcement, peer);
  if (node.announced) return 'ignore';
  node.announced = true;
  return 'accept';
}
