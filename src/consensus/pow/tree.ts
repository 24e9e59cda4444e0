/**
 * The header tree: a window of recent headers with every branch in it, older ones through the
 * chain view. Knows which branches are complete (bodies back to the applied chain), which is the
 * heaviest, and the way from one tip to another. Decides no policy.
 */

import type { HeaderEntry } from '../../primitives/block.ts';
import { type Hex, toHex } from '../../primitives/bytes.ts';
import type { ChainView } from '../protocol.ts';
import { type ChainPoint, extend } from './header-rules.ts';

export interface TreeNode extends ChainPoint {
  readonly children: TreeNode[];
  hasBody: boolean;
  /**
   * Place in the order in which branches became complete: body here, and those of all ancestors.
   * Undefined until then. Among equal work the lowest place wins.
   */
  completedAt: number | undefined;
  /** Fault code of this block or of its first invalid ancestor. */
  invalid: string | undefined;
  /** Was applied at least once. */
  executed: boolean;
  /** An announcement of it was passed on; others may differ in their short ids and are not. */
  announced: boolean;
}

/** Blocks to undo from the source, newest first, and to apply towards the target, oldest first. */
export interface ChainPath {
  readonly reverts: readonly TreeNode[];
  readonly applies: readonly TreeNode[];
}

/**
 * The incomplete part of the way to a tip, oldest first, from `start` on. Kept between questions:
 * during first sync it has thousands of blocks, and every body that arrives asks again.
 */
interface Route {
  readonly tip: TreeNode | undefined;
  readonly nodes: readonly TreeNode[];
  start: number;
}

function createNode(point: ChainPoint): TreeNode {
  // Field by field: header sync makes thousands, and a spread here was a tenth of its time.
  return {
    id: point.id,
    header: point.header,
    height: point.height,
    work: point.work,
    anchorTime: point.anchorTime,
    parentId: point.parentId,
    children: [],
    hasBody: false,
    completedAt: undefined,
    invalid: undefined,
    executed: false,
    announced: false,
  };
}

export class HeaderTree {
  readonly #chain: ChainView;
  readonly #nodes = new Map<Hex, TreeNode>();
  readonly #tips = new Map<Hex, TreeNode>();
  #sequence = 1;
  /** Every stored header from this height on is in memory. */
  #floor: number;
  #route: Route = { tip: undefined, nodes: [], start: 0 };
  #heaviest: TreeNode;
  #best: TreeNode;

  /** Loads every stored header from `floor` on. The applied head counts as completed first. */
  constructor(chain: ChainView, floor: number) {
    this.#chain = chain;
    this.#floor = floor;
    const stored = [...chain.headersFrom(floor)].sort((left, right) => left.height - right.height);
    for (const entry of stored) this.#restore(entry);
    const head = this.get(chain.head().id) ?? this.#load(chain.head());
    if (head.children.length === 0) this.#tips.set(head.id, head);
    this.#heaviest = head;
    this.#best = head;
    this.#recompute();
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** The heaviest branch of headers that is not known to be invalid, bodies or not. */
  get heaviest(): TreeNode {
    return this.#heaviest;
  }

  /** The heaviest complete branch; among equals the one completed first. */
  get best(): TreeNode {
    return this.#best;
  }

  /** Ends of all branches in the window. */
  get tips(): Iterable<TreeNode> {
    return this.#tips.values();
  }

  /** A header in the window; asks nothing of the store. */
  recent(id: Hex): TreeNode | undefined {
    return this.#nodes.get(id);
  }

  /** A header at a known height, without asking the store where memory has the answer. */
  find(id: Hex, height: number): TreeNode | undefined {
    return height < this.#floor ? this.get(id) : this.#nodes.get(id);
  }

  /** Any stored header. */
  get(id: Hex): TreeNode | undefined {
    const node = this.#nodes.get(id);
    if (node !== undefined) return node;
    const entry = this.#chain.header(id);
    return entry === undefined ? undefined : this.#load(entry);
  }

  /** @throws Error when a header was stored without its parent, which no code path does. */
  parent(node: TreeNode): TreeNode {
    const parent = this.get(node.parentId);
    if (parent === undefined) throw new Error(`header ${node.parentId} is missing from the store`);
    return parent;
  }

  /** Adds a checked header on a known parent. */
  add(point: ChainPoint): TreeNode {
    const node = this.#insert(createNode(point));
    node.invalid = this.parent(node).invalid === undefined ? undefined : 'ancestor-invalid';
    if (node.invalid === undefined && node.work > this.#heaviest.work) this.#heaviest = node;
    return node;
  }

  /** The body of `node` is stored: it and every descendant that waited for it become complete. */
  addBody(node: TreeNode): void {
    node.hasBody = true;
    if (node.completedAt !== undefined) return;
    if (this.parent(node).completedAt === undefined) return;
    const ready = [node];
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
      if (next.invalid !== undefined) continue;
      next.completedAt = this.#sequence++;
      if (next.work > this.#best.work) this.#best = next;
      ready.push(...next.children.filter((child) => child.hasBody));
    }
  }

  /** Marks `node` and its descendants; returns those that were not marked before, oldest first. */
  invalidate(node: TreeNode, code: string): readonly TreeNode[] {
    const marked: TreeNode[] = [];
    const open: TreeNode[] = [node];
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      if (next.invalid !== undefined) continue;
      next.invalid = next === node ? code : 'ancestor-invalid';
      next.completedAt = undefined;
      marked.push(next);
      open.push(...next.children);
    }
    this.#recompute();
    return marked;
  }

  /** The way from one tip to another through their last common block. */
  path(source: TreeNode, target: TreeNode): ChainPath {
    const reverts: TreeNode[] = [];
    const applies: TreeNode[] = [];
    let left = source;
    let right = target;
    while (left.id !== right.id) {
      if (left.height >= right.height) {
        reverts.push(left);
        left = this.parent(left);
      } else {
        applies.push(right);
        right = this.parent(right);
      }
    }
    return { reverts, applies: applies.reverse() };
  }

  /** Lowest blocks without body on the way to `tip`, oldest first. */
  missingBodies(tip: TreeNode, max: number): readonly TreeNode[] {
    if (this.#route.tip !== tip) this.#route = this.#routeTo(tip);
    const { nodes } = this.#route;
    while (nodes[this.#route.start]?.completedAt !== undefined) this.#route.start += 1;
    const missing: TreeNode[] = [];
    for (let index = this.#route.start; index < nodes.length && missing.length < max; index++) {
      const node = nodes[index] as TreeNode;
      if (!node.hasBody) missing.push(node);
    }
    return missing;
  }

  /** Whether the state stands on `node`. Asks the store only of blocks that could be applied. */
  isApplied(node: TreeNode): boolean {
    return node.completedAt !== undefined && this.#isCanonical(node);
  }

  /** Forgets headers below `floor`, except those that still lead to the heaviest branch. */
  prune(floor: number): void {
    this.#floor = Math.max(this.#floor, floor);
    const kept = new Set<Hex>();
    for (const tip of [this.#heaviest, this.#best]) {
      for (let node = tip; !this.isApplied(node); node = this.parent(node)) kept.add(node.id);
    }
    for (const node of this.#nodes.values()) {
      if (node.height >= floor || kept.has(node.id)) continue;
      this.#nodes.delete(node.id);
      this.#tips.delete(node.id);
    }
  }

  #isCanonical(entry: HeaderEntry): boolean {
    return this.#chain.canonical(entry.height) === entry.id;
  }

  #insert(node: TreeNode): TreeNode {
    this.#nodes.set(node.id, node);
    this.#tips.set(node.id, node);
    this.#nodes.get(node.parentId)?.children.push(node);
    this.#tips.delete(node.parentId);
    return node;
  }

  /** Brings a stored header and what it needs of its ancestors into memory. */
  #load(entry: HeaderEntry): TreeNode {
    const waiting = [entry];
    for (;;) {
      const lowest = waiting.at(-1) as HeaderEntry;
      if (this.#isCanonical(lowest) || this.#nodes.has(toHex(lowest.header.previous))) break;
      const parent = this.#chain.header(toHex(lowest.header.previous));
      if (parent === undefined) throw new Error(`parent of header ${lowest.id} is missing`);
      waiting.push(parent);
    }
    const wasTip = this.#tips.has(entry.id);
    for (const next of waiting.reverse()) this.#restore(next);
    if (!wasTip) this.#tips.delete(entry.id);
    return this.#nodes.get(entry.id) as TreeNode;
  }

  /** Rebuilds the node of a stored header. Its parent is in memory or it is on the applied chain. */
  #restore(entry: HeaderEntry): void {
    if (this.#nodes.has(entry.id)) return;
    const applied = this.#isCanonical(entry);
    const parentId = toHex(entry.header.previous);
    const parent = applied ? this.#nodes.get(parentId) : this.get(parentId);
    const node = createNode(this.#point(entry, parentId, parent));
    node.hasBody = applied || this.#chain.hasBody(entry.id);
    node.executed = applied;
    node.invalid = applied ? undefined : this.#chain.invalid(entry.id);
    if (parent?.invalid !== undefined) node.invalid ??= 'ancestor-invalid';
    this.#insert(node);
    const connected = applied || parent?.completedAt !== undefined;
    if (connected && node.hasBody && node.invalid === undefined) {
      node.completedAt = applied ? 0 : this.#sequence++;
    }
  }

  #point(entry: HeaderEntry, parentId: Hex, parent: TreeNode | undefined): ChainPoint {
    if (entry.height === 0) return { ...entry, parentId, anchorTime: 0 };
    if (parent !== undefined) return extend(parent, entry.header, entry.id);
    const first = this.#chain.canonical(1);
    const anchor = first === undefined ? undefined : this.#chain.header(first);
    if (anchor === undefined) throw new Error('block 1 of the applied chain is missing');
    return { ...entry, parentId, anchorTime: anchor.header.time };
  }

  #routeTo(tip: TreeNode): Route {
    const nodes: TreeNode[] = [];
    for (let node = tip; node.completedAt === undefined; node = this.parent(node)) nodes.push(node);
    return { tip, nodes: nodes.reverse(), start: 0 };
  }

  #recompute(): void {
    let heaviest: TreeNode | undefined;
    let best: TreeNode | undefined;
    for (const node of this.#nodes.values()) {
      if (node.invalid !== undefined) continue;
      if (heaviest === undefined || node.work > heaviest.work) heaviest = node;
      if (node.completedAt === undefined) continue;
      if (best === undefined || isPreferred(node, best)) best = node;
    }
    if (heaviest === undefined || best === undefined) throw new Error('the tree has no valid tip');
    this.#heaviest = heaviest;
    this.#best = best;
  }
}

function isPreferred(candidate: TreeNode, best: TreeNode): boolean {
  if (candidate.work !== best.work) return candidate.work > best.work;
  return (candidate.completedAt as number) < (best.completedAt as number);
}
