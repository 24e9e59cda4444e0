/**
 * One account's stake in storage, with the history of its active part. Solidity's view:
 * mapping(address => Account) at slot 0, Account = {uint128 active; uint128 exiting; uint64
 * exitBlock; uint64 checkpoints; uint128 locked}; mapping(address => mapping(uint256 => {uint64
 * block; uint192 amount})) at slot 1.
 */

import { blockNumber } from "../sdk/host";
import { allocate, mark, release } from "../sdk/memory";
import { high128, low128, pack128 } from "../sdk/packed";
import { mapped, offset, read, write } from "../sdk/storage";
import { limbs, U256, u256 } from "../sdk/u256";

const accountsSlot: u64 = 0;
const historySlot: u64 = 1;

// @ts-ignore: decorator
@unmanaged @final
export class Account {
  active: U256;
  exiting: U256;
  locked: U256;
  exitBlock: u64;
  checkpoints: u64;
  /** Active stake when loaded: a checkpoint is written only when it changed. */
  loadedActive: U256;
}

export function loadAccount(owner: U256): Account {
  const slot = mapped(u256(accountsSlot), owner);
  const amounts = read(slot);
  const rest = read(offset(slot, 1));
  const account = changetype<Account>(allocate(offsetof<Account>()));
  account.active = low128(amounts);
  account.exiting = high128(amounts);
  account.exitBlock = rest.limb0;
  account.checkpoints = rest.limb1;
  account.locked = high128(rest);
  account.loadedActive = account.active;
  return account;
}

export function saveAccount(owner: U256, account: Account): void {
  if (account.active != account.loadedActive) addCheckpoint(owner, account);
  const slot = mapped(u256(accountsSlot), owner);
  write(slot, pack128(account.active, account.exiting));
  write(
    offset(slot, 1),
    pack128(limbs(account.exitBlock, account.checkpoints, 0, 0), account.locked),
  );
}

function checkpointSlot(owner: U256, index: u64): U256 {
  return mapped(mapped(u256(historySlot), owner), u256(index));
}

/** One checkpoint a block: a later change in the same block overwrites it. */
function addCheckpoint(owner: U256, account: Account): void {
  const now = blockNumber();
  let index = account.checkpoints;
  if (index > 0 && read(checkpointSlot(owner, index - 1)).limb0 == now) index--;
  const amount = account.active; // below 2^96
  write(checkpointSlot(owner, index), limbs(now, amount.limb0, amount.limb1, 0));
  account.checkpoints = index + 1;
  account.loadedActive = amount;
}

/** Active stake at the end of `block`: the last checkpoint at or before it, by bisection. */
export function amountAt(owner: U256, block: u64): U256 {
  const found = limbs(0, 0, 0, 0);
  const position = mark();
  let low: u64 = 0;
  let high = read(offset(mapped(u256(accountsSlot), owner), 1)).limb1;
  // The newest checkpoint is nearly always the answer, so it is tried first.
  let probe = high - 1;
  while (low < high) {
    const checkpoint = read(checkpointSlot(owner, probe));
    if (checkpoint.limb0 <= block) {
      found.limb0 = checkpoint.limb1;
      found.limb1 = checkpoint.limb2;
      low = probe + 1;
    } else {
      high = probe;
    }
    probe = (low + high) >> 1;
  }
  release(position);
  return found;
}
