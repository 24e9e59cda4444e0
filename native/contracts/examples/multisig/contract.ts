/**
 * A wallet of several owners: a call goes out when enough of them have confirmed it. Changing the
 * owners is a call of the wallet to itself in larger wallets; these owners stay.
 */

import {
  Address, Bytes, Indexed, isZero, Items, List, Mapping, require, sender, tryCall, U256, value,
} from "dodona";
import { Writer } from "dodona/output";
import { allocate } from "dodona/memory";

@storage class Proposal {
  to: Address;
  executed: bool;
  confirmations: u32;
  amount: U256;
  data: Bytes;
}

@storage class Wallet {
  static owners: Items<Address>;
  static isOwner: Mapping<Address, bool>;
  static required: u32;
  static proposals: Items<Proposal>;
  static confirmed: Mapping<u64, Mapping<Address, bool>>;
}

@event declare function Deposit(from: Indexed<Address>, amount: U256): void;
@event declare function Proposed(
  id: Indexed<u64>, by: Indexed<Address>, to: Indexed<Address>, amount: U256, data: Bytes,
): void;
@event declare function Confirmed(id: Indexed<u64>, by: Indexed<Address>): void;
@event declare function Executed(id: Indexed<u64>): void;

@error declare function NotOwner(caller: Address): void;
@error declare function AlreadyConfirmed(id: u64, owner: Address): void;
@error declare function NotConfirmed(id: u64, have: u32, need: u32): void;
@error declare function AlreadyExecuted(id: u64): void;

@constructor
export function create(owners: List<Address>, required: u32): void {
  require(required > 0 && required <= owners.length, "required is between 1 and the owners");
  for (let index: u32 = 0; index < owners.length; index++) {
    const owner = owners.at(index);
    require(!isZero(owner), "an owner is zero");
    require(!Wallet.isOwner.get(owner), "an owner stands twice");
    Wallet.isOwner.set(owner, true);
    Wallet.owners.push(owner);
  }
  Wallet.required = required;
}

@receive
export function receive(): void {
  Deposit(sender(), value());
}

@view
export function required(): u32 {
  return Wallet.required;
}

@view
export function isOwner(account: Address): bool {
  return Wallet.isOwner.get(account);
}

@view
export function confirmations(id: u64): u32 {
  return Wallet.proposals.get(id).confirmations;
}

/** Proposes a call and confirms it; returns its number. */
@call
export function propose(to: Address, amount: U256, data: Bytes): u64 {
  onlyOwner();
  const id = Wallet.proposals.length;
  const proposal = Wallet.proposals.grow();
  proposal.to = to;
  proposal.amount = amount;
  proposal.data = data;
  Proposed(id, sender(), to, amount, data);
  confirm(id);
  return id;
}

@call
export function confirm(id: u64): void {
  onlyOwner();
  const proposal = Wallet.proposals.get(id);
  if (proposal.executed) AlreadyExecuted(id);
  const confirmed = Wallet.confirmed.get(id);
  if (confirmed.get(sender())) AlreadyConfirmed(id, sender());
  confirmed.set(sender(), true);
  proposal.confirmations = proposal.confirmations + 1;
  Confirmed(id, sender());
}

/** Sends a confirmed call; what it refuses undoes the execution, so that it can be tried again. */
@call
export function execute(id: u64): void {
  onlyOwner();
  const proposal = Wallet.proposals.get(id);
  if (proposal.executed) AlreadyExecuted(id);
  const have = proposal.confirmations;
  if (have < Wallet.required) NotConfirmed(id, have, Wallet.required);
  proposal.executed = true;
  Executed(id);
  require(tryCall(proposal.to, calldata(proposal.data), proposal.amount), "the call failed");
}

function calldata(data: Bytes): Writer {
  const writer = changetype<Writer>(allocate(12));
  writer.start = data.data;
  writer.next = data.data + data.length;
  writer.end = writer.next;
  return writer;
}

function onlyOwner(): void {
  if (!Wallet.isOwner.get(sender())) NotOwner(sender());
}
