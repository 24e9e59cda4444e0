/**
 * StakeRegistry: what reporters put at risk. Snapshots of active stake by block, an exit queue, and
 * locks that genesis oracles take per commit. Only the locked amount can be slashed; half of every
 * slash is burned, so that selective reveals by one owner of many accounts never pay.
 *
 * Books: balance = sum over accounts of (active + exiting) = totalStaked; locked <= active +
 * exiting.
 */

import { address, Span } from "../sdk/calldata";
import { trySend } from "../sdk/call";
import { blockNumber } from "../sdk/host";
import { balanceOf, self, sender, value } from "../sdk/message";
import { emit, event, returns } from "../sdk/output";
import { accountOf as packedAccount, amountOf, packAccount } from "../sdk/packed";
import { fail1, fail2, require } from "../sdk/revert";
import { mapped, read, write } from "../sdk/storage";
import { half, isZero, loadWord, U256, u256 } from "../sdk/u256";
import { errors, events } from "./interface";
import { Account, amountAt, loadAccount, saveAccount } from "./account";

/** uint256 totalStaked at slot 4, burned at 5, uint64 exitDelay at 6; mappings at 2 and 3. */
const locksSlot: u64 = 2;
const oraclesSlot: u64 = 3;
const totalSlot: u64 = 4;
const burnedSlot: u64 = 5;
const delaySlot: u64 = 6;

/** Weights are stake / 10^12 and must stay below 2^56. */
const acornsPerWeight: u64 = 1_000_000_000_000;

function deadAddress(): U256 {
  return u256(0xdead);
}

function adjust(slot: u64, plus: U256, minus: U256): void {
  write(u256(slot), read(u256(slot)) + plus - minus);
}

/** Credits initial stakes from the balance that the genesis file allocates to this address. */
export function construct(oracles: Span, exitDelay: u64, accounts: Span, stakes: Span): void {
  require(accounts.length == stakes.length, errors.BadConstructor);
  for (let index: u32 = 0; index < oracles.length; index++) {
    write(mapped(u256(oraclesSlot), address(item(oracles, index))), u256(1));
  }
  write(u256(delaySlot), u256(exitDelay));
  for (let index: u32 = 0; index < accounts.length; index++) {
    credit(address(item(accounts, index)), item(stakes, index));
  }
  require(balanceOf(self()) >= read(u256(totalSlot)), errors.BadConstructor);
}

function item(list: Span, index: u32): U256 {
  return loadWord(list.data + (<usize>index << 5));
}

function credit(owner: U256, amount: U256): void {
  const account = loadAccount(owner);
  account.active = account.active + amount;
  const whole = account.active + account.exiting;
  require(whole < u256(1 << 56) * u256(acornsPerWeight), errors.StakeTooLarge);
  saveAccount(owner, account);
  adjust(totalSlot, amount, u256(0));
  emit(event(events.Deposited, 2).word(owner).word(amount), 2);
}

export function deposit(): void {
  require(!isZero(value()), errors.ZeroAmount);
  credit(sender(), value());
}

/** Moves stake to the exit queue. A second request joins the first and restarts its delay. */
export function requestExit(amount: U256): void {
  require(!isZero(amount), errors.ZeroAmount);
  const owner = sender();
  const account = loadAccount(owner);
  if (account.active < amount) fail2(errors.StakeTooLow, account.active, amount);
  account.active = account.active - amount;
  account.exiting = account.exiting + amount;
  account.exitBlock = blockNumber() + exitDelay();
  saveAccount(owner, account);
  emit(
    event(events.ExitRequested, 3).word(owner).word(amount).number(account.exitBlock), 2,
  );
}

/** Pays what left the exit queue and is not locked for a commit. */
export function withdraw(): U256 {
  const owner = sender();
  const account = loadAccount(owner);
  require(!isZero(account.exiting), errors.NothingToWithdraw);
  if (blockNumber() < account.exitBlock) fail1(errors.ExitPending, u256(account.exitBlock));
  const free = account.active + account.exiting - account.locked;
  const amount = free < account.exiting ? free : account.exiting;
  if (isZero(amount)) fail1(errors.StakeLocked, account.locked);
  account.exiting = account.exiting - amount;
  saveAccount(owner, account);
  adjust(totalSlot, u256(0), amount);
  emit(event(events.Withdrawn, 2).word(owner).word(amount), 2);
  require(trySend(owner, amount), errors.TransferFailed);
  return amount;
}

export function stakeOf(owner: U256): U256 {
  return loadAccount(owner).active;
}

/** Active stake at the end of a past block. */
export function stakeAt(owner: U256, block: u64): U256 {
  require(block < blockNumber(), errors.FutureBlock);
  return amountAt(owner, block);
}

export function stakesAt(owners: Span, block: u64): void {
  require(block < blockNumber(), errors.FutureBlock);
  const writer = returns(owners.length + 2).number(32).number(owners.length);
  for (let index: u32 = 0; index < owners.length; index++) {
    writer.word(amountAt(address(item(owners, index)), block));
  }
}

export function accountOf(owner: U256): void {
  const account = loadAccount(owner);
  returns(4).word(account.active).word(account.exiting).number(account.exitBlock)
    .word(account.locked);
}

export function isOracle(account: U256): bool {
  return !isZero(read(mapped(u256(oraclesSlot), account)));
}

export function totalStaked(): U256 {
  return read(u256(totalSlot));
}

export function burned(): U256 {
  return read(u256(burnedSlot));
}

export function exitDelay(): u64 {
  return read(u256(delaySlot)).limb0;
}

/** Slot of locks[oracle][key], a struct {address account; uint96 amount}. */
function lockSlot(oracle: U256, key: U256): U256 {
  return mapped(mapped(u256(locksSlot), oracle), key);
}

export function lockOf(oracle: U256, key: U256): void {
  const word = read(lockSlot(oracle, key));
  returns(2).word(packedAccount(word)).word(amountOf(word));
}

/** Locks part of an account's stake, exiting stake included, for one commit. */
export function lock(owner: U256, key: U256, amount: U256): void {
  const oracle = sender();
  require(isOracle(oracle), errors.OnlyOracle);
  require(!isZero(amount), errors.ZeroAmount);
  const slot = lockSlot(oracle, key);
  require(isZero(read(slot)), errors.KeyInUse);
  const account = loadAccount(owner);
  const free = account.active + account.exiting - account.locked;
  if (free < amount) fail2(errors.StakeTooLow, free, amount);
  account.locked = account.locked + amount;
  saveAccount(owner, account);
  write(slot, packAccount(owner, amount));
  emit(event(events.Locked, 4).word(oracle).word(owner).word(key).word(amount), 4);
}

/** Takes `amount` out of one lock; returns what went to the calling oracle. */
export function slash(key: U256, amount: U256, reason: u64): U256 {
  const oracle = sender();
  require(isOracle(oracle), errors.OnlyOracle);
  const slot = lockSlot(oracle, key);
  const word = read(slot);
  require(!isZero(word), errors.UnknownLock);
  const owner = packedAccount(word);
  const held = amountOf(word);
  if (held < amount) fail2(errors.StakeTooLow, held, amount);
  if (isZero(amount)) return amount;
  write(slot, packAccount(owner, held - amount));
  const account = loadAccount(owner);
  takeStake(account, amount);
  saveAccount(owner, account);
  const kept = half(amount);
  const lost = amount - kept;
  adjust(totalSlot, u256(0), amount);
  adjust(burnedSlot, lost, u256(0));
  const writer = event(events.Slashed, 6).word(oracle).word(owner).word(key).number(reason);
  emit(writer.word(amount).word(lost), 4);
  require(trySend(deadAddress(), lost), errors.TransferFailed);
  if (!isZero(kept)) require(trySend(oracle, kept), errors.TransferFailed);
  return kept;
}

/** Slashes come from exiting stake first: leaving early is no way out. */
function takeStake(account: Account, amount: U256): void {
  const fromExit = account.exiting < amount ? account.exiting : amount;
  account.exiting = account.exiting - fromExit;
  account.active = account.active - (amount - fromExit);
  account.locked = account.locked - amount;
}

/** Ends one lock, slashing part of it first when `slashAmount` is not zero. */
export function release(key: U256, slashAmount: U256, reason: u64): U256 {
  const kept = slash(key, slashAmount, reason);
  const oracle = sender();
  const slot = lockSlot(oracle, key);
  const word = read(slot);
  const owner = packedAccount(word);
  const rest = amountOf(word);
  write(slot, u256(0));
  const account = loadAccount(owner);
  account.locked = account.locked - rest;
  saveAccount(owner, account);
  emit(event(events.Released, 4).word(oracle).word(owner).word(key).word(rest), 4);
  return kept;
}
