/**
 * View changes (Castro and Liskov, section 4.4): members leave a view with the highest certificate
 * they hold; the next primary shows a quorum of these and is bound to the highest among them.
 *
 * With one height in flight a VIEW-CHANGE names a height. Whoever left the lower views at a lower
 * height has prepared nothing above it there, and never will: it counts as "nothing prepared".
 */

import { toHex } from '../../primitives/bytes.ts';
import { type Header, headerId } from '../../primitives/header.ts';
import type { NewView, ViewChange } from './messages.ts';
import { newViewOperation } from './records.ts';
import {
  heightOfChanges,
  isNewViewValid,
  isViewChangeValid,
  signNewView,
  signViewChange,
} from './signatures.ts';
import {
  heightOf,
  type PbftState,
  primaryOf,
  sendMembers,
  type Turn,
  type ViewStart,
} from './state.ts';

/** Leaves the present view for the next one: its primary failed, or time is up. */
export function giveUpView(turn: Turn, reason: string): void {
  const { state } = turn;
  if (state.self === undefined || state.hasDiverged) return;
  state.failedViews += 1;
  turn.effects.push({ kind: 'alarm', code: 'view-change', detail: reason });
  leaveFor(turn, state.promises.view + 1);
}

/** Section 4.4: from here on nothing below `view` is voted for. */
function leaveFor(turn: Turn, view: number): void {
  const { state } = turn;
  state.promises.view = view;
  state.promises.entered = false;
  state.viewChanges += 1;
  leaveProposal(turn, undefined);
  const change = ownChange(state);
  state.changes.set(change.member, change);
  sendMembers(turn, change);
}

/** The VIEW-CHANGE to the present view; also after a restart, from what was recorded. */
export function ownChange(state: PbftState): ViewChange {
  const { view, prepared } = state.promises;
  const height = heightOf(state);
  const certificate = prepared?.height === height ? prepared : undefined;
  return signViewChange(state, view, height, certificate);
}

/** What belongs to a view alone is forgotten with it. */
function leaveProposal(turn: Turn, quorumSince: number | undefined): void {
  const { state, now } = turn;
  state.proposal = undefined;
  state.viewSince = now;
  state.quorumSince = quorumSince;
  state.pace = [];
  state.oldest = undefined;
}

/** Takes a valid VIEW-CHANGE later than the last of its member. */
export function onViewChange(turn: Turn, change: ViewChange): void {
  const { state } = turn;
  const known = state.changes.get(change.member);
  if (change.member === state.self) return;
  const isOld =
    known !== undefined &&
    (known.view > change.view || (known.view === change.view && known.height >= change.height));
  if (isOld) return;
  if (!isViewChangeValid(state, change)) return;
  state.changes.set(change.member, change);
}

/** Takes a valid NEW-VIEW for a view not entered yet. */
export function onNewView(turn: Turn, message: NewView): void {
  const { state } = turn;
  if (!isAhead(state, message.view) || (state.heldNewView?.view ?? -1) >= message.view) {
    return;
  }
  if (!isNewViewValid(state, message)) return;
  state.heldNewView = message;
}

function isAhead({ promises }: PbftState, view: number): boolean {
  return view > promises.view || (view === promises.view && !promises.entered);
}

/** Looks at views after each event: enter, join, lead. */
export function advanceView(turn: Turn): void {
  const { state } = turn;
  const held = state.heldNewView;
  if (held !== undefined && !isAhead(state, held.view)) state.heldNewView = undefined;
  // A view that begins above this member's height waits for the blocks between.
  else if (held !== undefined && heightOfChanges(held.changes) <= heightOf(state)) {
    state.heldNewView = undefined;
    enterBy(turn, held);
  }
  if (state.self === undefined || state.hasDiverged) return;
  joinOthers(turn);
  noteQuorum(turn);
  lead(turn);
}

/** Section 4.5.2: f + 1 members above this view: one of them is honest, so follow the lowest. */
function joinOthers(turn: Turn): void {
  const { state } = turn;
  const above = [...state.changes.values()]
    .filter(({ member, view }) => member !== state.self && view > state.promises.view)
    .map(({ view }) => view);
  if (above.length > state.committee.faults) {
    state.failedViews += 1;
    leaveFor(turn, Math.min(...above));
  }
}

/**
 * Section 4.5.2: the NEW-VIEW timer starts at a quorum of VIEW-CHANGEs. Those for later views
 * count too: their members have left this one for good.
 */
function noteQuorum(turn: Turn): void {
  const { state, now } = turn;
  const { view, entered } = state.promises;
  if (entered || state.quorumSince !== undefined) return;
  const gone = [...state.changes.values()].filter((change) => change.view >= view);
  if (gone.length >= state.committee.quorum) state.quorumSince = now;
}

/** As the primary of a view that a quorum wants: show them, and enter. */
function lead(turn: Turn): void {
  const { state } = turn;
  const { view, entered } = state.promises;
  if (entered || primaryOf(state, view) !== state.self || state.applying.size > 0) return;
  const height = heightOf(state);
  const changes = [...state.changes.values()].filter(
    (change) => change.view === view && change.height <= height,
  );
  if (changes.length < state.committee.quorum) return;
  const message = signNewView(state, changes);
  enterBy(turn, message);
  sendMembers(turn, message);
}

function enterBy(turn: Turn, message: NewView): void {
  const { state, effects } = turn;
  const height = heightOfChanges(message.changes);
  const required = requiredHeader(message.changes, height);
  enter(turn, message.view, { height, required });
  state.newView = message;
  effects.push({ kind: 'record', operations: [newViewOperation(message)] });
}

/** Section 4.4: the block prepared in the highest view, or none: then the primary is free. */
function requiredHeader(changes: readonly ViewChange[], height: number): Header | undefined {
  let best: ViewChange['certificate'];
  for (const { certificate, ...change } of changes) {
    if (certificate === undefined || change.height !== height) continue;
    if (best === undefined || certificate.prepares.view > best.prepares.view) best = certificate;
  }
  return best?.header;
}

/** Votes are cast in `view` from now on. */
export function enter(turn: Turn, view: number, start: ViewStart): void {
  const { promises } = turn.state;
  promises.view = view;
  promises.entered = true;
  promises.start = start;
  leaveProposal(turn, undefined);
}

/**
 * A block sealed in `view` proves that a quorum entered it, so this member may, too: above that
 * block the view is free.
 */
export function enterBySeal(turn: Turn, view: number): void {
  const { state } = turn;
  if (!isAhead(state, view)) return;
  enter(turn, view, { height: state.head.height, required: undefined });
}

/** The block that this view must propose, when its body is not stored here. */
export function missingBlock(state: PbftState): Header | undefined {
  const { entered, start, view } = state.promises;
  if (!entered || start.required === undefined || start.height !== heightOf(state))
    return undefined;
  if (primaryOf(state, view) !== state.self) return undefined;
  const { chain, crypto } = state.environment;
  const id = headerId(start.required, crypto);
  const isWrong = toHex(start.required.previous) !== state.head.id;
  return isWrong || chain.hasBody(id) ? undefined : start.required;
}
