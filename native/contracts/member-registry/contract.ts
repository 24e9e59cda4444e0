/**
 * MemberRegistry: who may vote on the next block of a consortium. Members approve a change by
 * calling it; a quorum q = floor((n + f) / 2) + 1, f = floor((n - 1) / 3), makes it. An approval
 * belongs to one epoch: every change begins a new one, so no approval of a former member, and none
 * given to another set of members, is ever counted.
 *
 * Books: 1 <= members <= 64, keys and accounts all different and not zero. Storage: Member[] at
 * slot 0, Member = {bytes32 key; address account}; {uint64 epoch; uint64 window} at 1;
 * mapping(bytes32 => {uint64 bitmap of approvals; uint64 expires}) at 2.
 */

import { address, Span } from "../sdk/calldata";
import { blockNumber } from "../sdk/host";
import { sender } from "../sdk/message";
import { emit, event, open, returns } from "../sdk/output";
import { fail, require } from "../sdk/revert";
import { items, keccak, mapped, offset, read, write } from "../sdk/storage";
import { isZero, limbs, loadWord, U256, u256 } from "../sdk/u256";
import { errors, events } from "./interface";

const membersSlot: u64 = 0;
const settingsSlot: u64 = 1;
const changesSlot: u64 = 2;

/** A bitmap of approvals fits one u64. */
const membersMax: u64 = 64;
const noMember: u64 = u64.MAX_VALUE;

const ADD: u64 = 1;
const REMOVE: u64 = 2;
const ROTATE: u64 = 3;

function count(): u64 {
  return read(u256(membersSlot)).limb0;
}

function memberSlot(index: u64): U256 {
  return offset(items(u256(membersSlot)), 2 * index);
}

function keyAt(index: u64): U256 {
  return read(memberSlot(index));
}

function accountAt(index: u64): U256 {
  return read(offset(memberSlot(index), 1));
}

function setMember(index: u64, key: U256, account: U256): void {
  const slot = memberSlot(index);
  write(slot, key);
  write(offset(slot, 1), account);
}

function indexOf(account: U256): u64 {
  const length = count();
  for (let index: u64 = 0; index < length; index++) {
    if (accountAt(index) == account) return index;
  }
  return noMember;
}

/** Key and account must be somebody's, and nobody else's than member `except`. */
function requireFree(key: U256, account: U256, except: u64): void {
  require(!isZero(key) && !isZero(account), errors.ZeroMember);
  const length = count();
  for (let index: u64 = 0; index < length; index++) {
    if (index == except) continue;
    require(keyAt(index) != key, errors.KeyInUse);
    require(accountAt(index) != account, errors.AccountInUse);
  }
}

function append(key: U256, account: U256): void {
  const length = count();
  write(u256(membersSlot), u256(length + 1));
  setMember(length, key, account);
}

/** The last member takes the place of the one that goes. */
function drop(index: u64): void {
  const last = count() - 1;
  setMember(index, keyAt(last), accountAt(last));
  setMember(last, u256(0), u256(0));
  write(u256(membersSlot), u256(last));
}

/** `window`: blocks in which a change must find its quorum. */
export function construct(keys: Span, accounts: Span, window: u64): void {
  require(keys.length == accounts.length && window > 0, errors.BadConstructor);
  require(keys.length >= 1 && <u64>keys.length <= membersMax, errors.BadConstructor);
  for (let index: u32 = 0; index < keys.length; index++) {
    const place = <usize>index << 5;
    const key = loadWord(keys.data + place);
    const account = address(loadWord(accounts.data + place));
    requireFree(key, account, noMember);
    append(key, account);
  }
  write(u256(settingsSlot), limbs(0, window, 0, 0));
}

export function add(key: U256, account: U256): bool {
  const voter = indexOf(sender());
  require(voter != noMember, errors.OnlyMember);
  require(count() < membersMax, errors.TooManyMembers);
  requireFree(key, account, noMember);
  if (!approve(voter, ADD, u256(0), key, account)) return false;
  append(key, account);
  return finish(ADD, u256(0), key, account);
}

export function remove(account: U256): bool {
  const voter = indexOf(sender());
  require(voter != noMember, errors.OnlyMember);
  const index = indexOf(account);
  require(index != noMember, errors.UnknownMember);
  require(count() > 1, errors.LastMember);
  if (!approve(voter, REMOVE, account, u256(0), u256(0))) return false;
  drop(index);
  return finish(REMOVE, account, u256(0), u256(0));
}

export function rotate(account: U256, newKey: U256, newAccount: U256): bool {
  const voter = indexOf(sender());
  require(voter != noMember, errors.OnlyMember);
  const index = indexOf(account);
  require(index != noMember, errors.UnknownMember);
  requireFree(newKey, newAccount, index);
  if (!approve(voter, ROTATE, account, newKey, newAccount)) return false;
  setMember(index, newKey, newAccount);
  return finish(ROTATE, account, newKey, newAccount);
}

/** Notes an approval; true when it completes the quorum. One that came too late starts anew. */
function approve(voter: u64, kind: u64, account: U256, newKey: U256, newAccount: U256): bool {
  const id = changeId(kind, account, newKey, newAccount);
  const slot = mapped(u256(changesSlot), id);
  const stored = read(slot);
  let approvals = stored.limb0;
  let expires = stored.limb1;
  if (expires < blockNumber()) {
    approvals = 0;
    expires = blockNumber() + window();
    emit(
      event(events.Proposed, 6).word(id).number(kind).word(account).word(newKey).word(newAccount)
        .number(expires),
      2,
    );
  }
  const bit = <u64>1 << voter;
  if ((approvals & bit) != 0) fail(errors.AlreadyApproved);
  approvals |= bit;
  write(slot, limbs(approvals, expires, 0, 0));
  const votes = <u64>popcnt<u64>(approvals);
  emit(event(events.Approved, 3).word(id).word(sender()).number(votes), 3);
  return votes >= quorumNow();
}

/** Begins a new epoch, which forgets all open approvals. */
function finish(kind: u64, account: U256, newKey: U256, newAccount: U256): bool {
  const id = changeId(kind, account, newKey, newAccount);
  const next = epoch() + 1;
  write(u256(settingsSlot), limbs(next, window(), 0, 0));
  emit(event(events.Changed, 3).word(id).number(next).number(count()), 2);
  return true;
}

function quorumNow(): u64 {
  const length = count();
  const faults = (length - 1) / 3;
  return (length + faults) / 2 + 1;
}

export function members(): void {
  const length = count();
  const writer = returns(4 + 2 * <u32>length).number(64).number(96 + 32 * length);
  writer.number(length);
  for (let index: u64 = 0; index < length; index++) writer.word(keyAt(index));
  writer.number(length);
  for (let index: u64 = 0; index < length; index++) writer.word(accountAt(index));
}

export function memberCount(): U256 {
  return u256(count());
}

export function isMember(account: U256): bool {
  return indexOf(account) != noMember;
}

export function quorum(): U256 {
  return u256(quorumNow());
}

export function epoch(): u64 {
  return read(u256(settingsSlot)).limb0;
}

export function window(): u64 {
  return read(u256(settingsSlot)).limb1;
}

/** keccak256(abi.encode(epoch, kind, account, newKey, newAccount)). */
export function changeId(kind: u64, account: U256, newKey: U256, newAccount: U256): U256 {
  const writer = open(5, 0).number(epoch()).number(kind).word(account).word(newKey)
    .word(newAccount);
  return keccak(writer.start, writer.length);
}

/** Approvals given to a change of this epoch, and the last block that counts them. */
export function changeOf(change: U256): void {
  const stored = read(mapped(u256(changesSlot), change));
  returns(2).number(<u64>popcnt<u64>(stored.limb0)).number(stored.limb1);
}
