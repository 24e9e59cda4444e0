/**
 * Announcements that wait: orphans for their parent, parked ones for the clock. Both rooms are
 * small, an orphan's place costs real work, and nobody may fill the room alone.
 */

import { type Hex, toHex } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import { workOfBits } from '../../primitives/work.ts';
import type { PeerId } from '../protocol.ts';
import { type PowState, setTimer, type Turn, type Waiting } from './state.ts';

export const parkedTimer = 'parked-blocks';
/** An orphan proves at least this share of the work of a block at the head. */
const orphanWorkDivisor = 16n;

/** Keeps an announcement whose parent is unknown. Old ones give way, the sender's own first. */
export function keepOrphan(state: PowState, id: Hex, waiting: Waiting): void {
  const work = workOfBits(waiting.announcement.header.bits);
  const { orphans, head } = state;
  if (orphans.has(id) || work * orphanWorkDivisor < workOfBits(head.header.bits)) return;
  const own = [...orphans].filter(([, orphan]) => orphan.peer === waiting.peer);
  const [oldestOwn] = own;
  if (oldestOwn !== undefined && own.length >= limits.orphansPerPeerMax)
    orphans.delete(oldestOwn[0]);
  const [oldest] = orphans.keys();
  if (oldest !== undefined && orphans.size >= limits.orphansMax) orphans.delete(oldest);
  orphans.set(id, waiting);
}

/** Takes out the orphans whose parent has arrived. */
export function takeOrphans(state: PowState): readonly Waiting[] {
  const ready: Waiting[] = [];
  for (const [id, orphan] of state.orphans) {
    if (state.tree.recent(toHex(orphan.announcement.header.previous)) === undefined) continue;
    state.orphans.delete(id);
    ready.push(orphan);
  }
  return ready;
}

/** Keeps an announcement that is too new by the clock. When the room is full, the newest must go. */
export function park(state: PowState, id: Hex, waiting: Waiting): void {
  const { parked } = state;
  parked.set(id, waiting);
  if (parked.size <= limits.parkedMax) return;
  let latest = id;
  for (const [other, { notBeforeMs }] of parked) {
    if (notBeforeMs > (parked.get(latest) as Waiting).notBeforeMs) latest = other;
  }
  parked.delete(latest);
}

/** Takes out the parked announcements whose time has come. */
export function takeParked(state: PowState, now: number): readonly Waiting[] {
  const ready: Waiting[] = [];
  for (const [id, waiting] of state.parked) {
    if (waiting.notBeforeMs > now) continue;
    state.parked.delete(id);
    ready.push(waiting);
  }
  return ready;
}

/** Wakes up for the earliest of them. */
export function scheduleParked(turn: Turn): void {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { notBeforeMs } of turn.state.parked.values()) {
    earliest = Math.min(earliest, notBeforeMs);
  }
  if (Number.isFinite(earliest)) setTimer(turn, parkedTimer, earliest);
}

/** A peer that is gone leaves no orphans behind: nobody could be asked for their parents. */
export function dropOrphansOf(state: PowState, peer: PeerId): void {
  for (const [id, orphan] of state.orphans) if (orphan.peer === peer) state.orphans.delete(id);
}
