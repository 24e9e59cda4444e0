/**
 * Everything proof of work remembers between steps, and the turn that one step works in.
 * Each map here has its bound in limits or is bounded by the number of peers.
 */

import type { Block } from '../../primitives/block.ts';
import type { Hex } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import type { BlockAnnouncement, Status } from '../../primitives/wire.ts';
import { workOfBits } from '../../primitives/work.ts';
import type { Effect, Environment, PeerId, TimerName } from '../protocol.ts';
import { type ChainPoint, type ChainRules, createRules } from './header-rules.ts';
import type { PowParameters } from './parameters.ts';
import type { Presync } from './presync.ts';
import { HeaderTree, type TreeNode } from './tree.ts';

/** A run of header requests to one peer. `presync` is set while its branch has too little work. */
export interface HeaderSession {
  request: number | undefined;
  /** Last header of this peer that was stored: where to go on. */
  tip: ChainPoint | undefined;
  presync: Presync | undefined;
}

export interface Peer {
  readonly id: PeerId;
  status: Status;
  /** Work of the heaviest chain it is believed to have. */
  work: bigint;
  /** Open requests of every kind. */
  inFlight: number;
  session: HeaderSession | undefined;
  /** It announced a block on a parent that we do not know. */
  wantsHeaders: boolean;
  /** Left alone until then after a failed request, wall milliseconds. */
  restUntil: number;
  /** Bodies it answered it does not have; forgotten at each poll. */
  readonly lacks: Set<Hex>;
}

export type Purpose =
  | { readonly kind: 'headers' }
  | { readonly kind: 'bodies'; readonly ids: readonly Hex[] }
  | { readonly kind: 'transactions'; readonly id: Hex };

export interface OpenRequest {
  readonly peer: PeerId;
  readonly purpose: Purpose;
  readonly sentAt: number;
}

/** An announced block whose missing transactions were asked for. */
export interface Rebuild {
  readonly announcement: BlockAnnouncement;
  readonly transactions: (Uint8Array | undefined)[];
  readonly missing: readonly number[];
}

/** An announcement that waits: for its parent (orphan) or for the clock (parked). */
export interface Waiting {
  readonly announcement: BlockAnnouncement;
  readonly peer: PeerId;
  readonly notBeforeMs: number;
}

export interface MiningState {
  enabled: boolean;
  /** One block was asked for by hand and is not there yet. */
  isForced: boolean;
  /** Parent of the template being built or searched; undefined while nothing is. */
  parent: Hex | undefined;
  /** When the present head was applied. */
  headSince: number;
  lastProposalAt: number;
  waiting: number;
  waitingSince: number;
  /** Transactions arrived after the last proposal. */
  isStale: boolean;
}

export interface PowState {
  readonly rules: ChainRules;
  readonly environment: Environment;
  readonly tree: HeaderTree;
  /** The published head: durable, and no reorganisation half done. `chain.head()` runs ahead. */
  head: TreeNode;
  /** Where the applies and reverts given to the host lead. */
  planned: TreeNode;
  readonly peers: Map<PeerId, Peer>;
  readonly requests: Map<number, OpenRequest>;
  nextRequest: number;
  /** Blocks whose body or transactions are being fetched, by request. */
  readonly fetching: Map<Hex, number>;
  readonly rebuilds: Map<Hex, Rebuild>;
  readonly orphans: Map<Hex, Waiting>;
  readonly parked: Map<Hex, Waiting>;
  /** Own blocks to announce when applied. */
  readonly own: Set<Hex>;
  readonly timers: Map<TimerName, number>;
  readonly mining: MiningState;
  bodyStallMs: number;
  /** When the last body arrived. */
  lastBodyAt: number;
}

/** One call of `step`: the state, the clock and the effects so far. */
export interface Turn {
  readonly state: PowState;
  readonly now: number;
  readonly effects: Effect<BlockAnnouncement>[];
}

/** The state of a node that stands on `environment.chain` and knows no peer yet. */
export function createState(parameters: PowParameters, environment: Environment): PowState {
  const { chain } = environment;
  const genesisId = chain.canonical(0);
  const genesis = genesisId === undefined ? undefined : chain.header(genesisId);
  if (genesis === undefined) throw new Error('the store has no genesis block: initialise it first');
  const floor = Math.max(0, chain.head().height - limits.headerWindowBlocks);
  const tree = new HeaderTree(chain, floor);
  const head = tree.get(chain.head().id) as TreeNode;
  return {
    rules: createRules(parameters, genesis.header.bits),
    environment,
    tree,
    head,
    planned: head,
    peers: new Map(),
    requests: new Map(),
    nextRequest: 1,
    fetching: new Map(),
    rebuilds: new Map(),
    orphans: new Map(),
    parked: new Map(),
    own: new Set(),
    timers: new Map(),
    mining: {
      enabled: false,
      isForced: false,
      parent: undefined,
      headSince: 0,
      lastProposalAt: 0,
      waiting: 0,
      waitingSince: 0,
      isStale: false,
    },
    bodyStallMs: limits.bodyStallMsMin,
    lastBodyAt: Number.NEGATIVE_INFINITY,
  };
}

/** Sets a timer for a wall instant, unless it already stands there. */
export function setTimer(turn: Turn, timer: TimerName, at: number): void {
  if (turn.state.timers.get(timer) === at) return;
  turn.state.timers.set(timer, at);
  turn.effects.push({ kind: 'setTimer', timer, afterMs: Math.max(0, at - turn.now) });
}

export function clearTimer(turn: Turn, timer: TimerName): void {
  if (turn.state.timers.delete(timer)) turn.effects.push({ kind: 'clearTimer', timer });
}

/**
 * Work that a branch needs before one header of it is stored: the configured minimum, or the
 * head's work less 240 blocks at its difficulty. Less is the cheapest attack on a node's disk.
 */
export function workGate(state: PowState): bigint {
  const { head, rules } = state;
  const nearby = head.work - BigInt(limits.workGateBlocks) * workOfBits(head.header.bits);
  const { minimumWork } = rules.parameters;
  return nearby > minimumWork ? nearby : minimumWork;
}

/**
 * Whether at least so many headers are ahead of the head and their bodies arrive. Headers whose
 * bodies are withheld must stop neither mining nor the search for another branch.
 */
export function isCatchingUp(state: PowState, now: number, blocks: number): boolean {
  const { heaviest } = state.tree;
  const isAhead = heaviest.work > state.head.work && heaviest.height - state.head.height >= blocks;
  return isAhead && now - state.lastBodyAt < limits.syncingIdleMs;
}

/** A block of an announcement with its transactions. */
export function blockOf(
  announcement: BlockAnnouncement,
  transactions: readonly Uint8Array[],
): Block {
  return { header: announcement.header, record: announcement.record, transactions };
}
