/**
 * Who may be drawn, with what weight, at the end of any past block: a tree of sums with a history
 * in every node. A node has three children, because three sums and a block fill one storage word;
 * it grows a level when its leaves are full. Changing or finding a leaf takes log3(leaves) nodes, 8
 * for 6,561 jurors. mapping(uint256 level => mapping(uint256 index => History)) at slot 5, History
 * = {uint256 count; Node[count]}; level 0 holds the roots.
 */

import { blockNumber } from "../sdk/host";
import { mark, release } from "../sdk/memory";
import { require } from "../sdk/revert";
import { mapped, offset, read, write } from "../sdk/storage";
import { assign, limbs, U256, u256 } from "../sdk/u256";
import { errors } from "./interface";

const treeSlot: u64 = 5;

/** Sums of the weights below each child, from `block` on. */
// @ts-ignore: decorator
@unmanaged @final
class Node {
  first: u64;
  second: u64;
  third: u64;
  block: u64;
}

// @ts-ignore: decorator
@unmanaged @final
export class Root {
  /** Sum of all weights. */
  total: u64;
  levels: u64;
  /** Leaves that were ever given; they are never taken back. */
  leaves: u64;
  block: u64;
}

function historyOf(level: u64, index: u64): U256 {
  return mapped(mapped(u256(treeSlot), u256(level)), u256(index));
}

/** The newest entry at or before `block`, by bisection; zeros when there is none. */
function entryAt(history: U256, block: u64): U256 {
  const found = limbs(0, 0, 0, 0);
  const position = mark();
  let low: u64 = 0;
  let high = read(history).limb0;
  // The newest entry is nearly always the answer, so it is tried first.
  let probe = high - 1;
  while (low < high) {
    const entry = read(offset(history, 1 + probe));
    if (changetype<Node>(entry).block <= block) {
      assign(found, entry);
      low = probe + 1;
    } else {
      high = probe;
    }
    probe = (low + high) >> 1;
    release(position);
  }
  return found;
}

function newest(history: U256): U256 {
  const count = read(history).limb0;
  return count == 0 ? limbs(0, 0, 0, 0) : read(offset(history, count));
}

/** One entry a block: a later change in the same block overwrites it. */
function save(history: U256, entry: U256, before: u64): void {
  const now = blockNumber();
  let count = read(history).limb0;
  if (count == 0 || before != now) {
    count++;
    write(history, u256(count));
  }
  changetype<Node>(entry).block = now;
  write(offset(history, count), entry);
}

function changeChild(history: U256, child: u64, before: u64, after: u64): void {
  const position = mark();
  const entry = newest(history);
  const node = changetype<Node>(entry);
  const place = changetype<usize>(entry) + (<usize>child << 3);
  store<u64>(place, load<u64>(place) - before + after);
  save(history, entry, node.block);
  release(position);
}

function changePath(levels: u64, leaf: u64, before: u64, after: u64): void {
  let place = leaf;
  for (let level: u64 = 1; level <= levels; level++) {
    const child = place % 3;
    place /= 3;
    changeChild(historyOf(level, place), child, before, after);
  }
}

/** Leaves that `levels` levels hold. */
function capacity(levels: u64): u64 {
  let leaves: u64 = 1;
  for (let level: u64 = 0; level < levels; level++) leaves *= 3;
  return levels == 0 ? 0 : leaves;
}

/** A new leaf of weight 0; returns its number. */
export function addLeaf(): u64 {
  const history = historyOf(0, 0);
  const root = changetype<Root>(newest(history));
  const before = root.block;
  const leaf = root.leaves;
  if (leaf == capacity(root.levels)) {
    root.levels++;
    changeChild(historyOf(root.levels, 0), 0, 0, root.total);
  }
  root.leaves++;
  save(history, changetype<U256>(root), before);
  return leaf;
}

export function changeLeaf(leaf: u64, before: u64, after: u64): void {
  if (before == after) return;
  const history = historyOf(0, 0);
  const root = changetype<Root>(newest(history));
  changePath(root.levels, leaf, before, after);
  const total = root.total - before + after;
  require(total >> 62 == 0, errors.StakeTooLarge);
  root.total = total;
  save(history, changetype<U256>(root), root.block);
}

/** The tree at the end of `block`. */
export function rootAt(block: u64): Root {
  return changetype<Root>(entryAt(historyOf(0, 0), block));
}

/** The leaf that holds place `target` < root.total when all weights stand in a row. */
export function leafAt(root: Root, block: u64, target: u64): u64 {
  let index: u64 = 0;
  let rest = target;
  for (let level = root.levels; level > 0; level--) {
    const position = mark();
    const node = changetype<Node>(entryAt(historyOf(level, index), block));
    index *= 3;
    if (rest >= node.first) {
      rest -= node.first;
      index++;
      if (rest >= node.second) {
        rest -= node.second;
        index++;
      }
    }
    release(position);
  }
  return index;
}
