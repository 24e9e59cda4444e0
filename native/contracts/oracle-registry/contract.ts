/**
 * OracleRegistry: the list of feeds, their metadata and one AggregatorV3 proxy for each (CREATE2
 * with the feed's id as salt, so that its address is known beforehand). Bare names such as BTC/USD
 * exist only from genesis; nobody can register one later, and nothing here ever changes.
 *
 * Storage: mapping(address => bool) oracles at 0, bytes32[] feeds at 1, mapping(bytes32 => Feed) at
 * 2, uint256 burned at 3. Feed = {address oracle; uint8 kind; uint8 decimals; uint16 deviationBps;
 * uint32 heartbeat; bool listed; address proxy; address creator; string name}.
 */

import { address, Span } from "../sdk/calldata";
import { create, trySend } from "../sdk/call";
import { blockNumber } from "../sdk/host";
import { allocate } from "../sdk/memory";
import { sender, value } from "../sdk/message";
import { emit, event, returns } from "../sdk/output";
import { fail2, require } from "../sdk/revert";
import { items, keccak, mapped, offset, read, write } from "../sdk/storage";
import { fresh, isZero, limbs, loadWord, storeWord, U256, u256 } from "../sdk/u256";
import { errors, events } from "./interface";
import { proxyCode, proxyCodeLength } from "./proxy-code";

const oraclesSlot: u64 = 0;
const listSlot: u64 = 1;
const feedsSlot: u64 = 2;
const burnedSlot: u64 = 3;

/** 10 OAK, so that names are not free to spam. */
const registrationTenthOak: u64 = 100;
const acornsPerTenthOak: u64 = 100_000_000_000_000_000;

export function construct(oracles: Span): void {
  for (let index: u32 = 0; index < oracles.length; index++) {
    const account = address(loadWord(oracles.data + (<usize>index << 5)));
    write(mapped(u256(oraclesSlot), account), u256(1));
  }
}

function feedSlot(feed: U256): U256 {
  return mapped(u256(feedsSlot), feed);
}

/** First word of a feed; reverts for one that does not exist. */
function facts(feed: U256): U256 {
  const word = read(feedSlot(feed));
  require(!isZero(word), errors.UnknownFeed);
  return word;
}

function proxyAt(feed: U256): U256 {
  return read(offset(feedSlot(feed), 1));
}

export function register(
  creator: U256, kind: u64, name: Span, configuration: U256, decimals: u64, heartbeat: u64,
  deviationBps: u64,
): void {
  const oracle = sender();
  require(isOracle(oracle), errors.OnlyOracle);
  const listed = blockNumber() == 0;
  if (!listed) burnFee();
  requireName(name);
  const feed = listed
    ? keccak(name.data, name.length)
    : ownedId(creator, kind, name, configuration);
  const slot = feedSlot(feed);
  require(isZero(read(slot)), errors.FeedExists);
  const head = oracle.limb2 | (kind << 32) | (decimals << 40) | (deviationBps << 48);
  write(slot, limbs(oracle.limb0, oracle.limb1, head, heartbeat | (<u64>listed << 32)));
  write(offset(slot, 2), creator);
  write(offset(slot, 3), shortString(name));
  append(feed);
  const proxy = deployProxy(feed, oracle);
  write(offset(slot, 1), proxy);
  const writer = event(events.FeedRegistered, 9).word(feed).word(oracle).word(proxy);
  writer.number(kind).word(creator).number(listed).number(128);
  emit(writer.bytes(name.data, name.length), 4);
  returns(2).word(feed).word(proxy);
}

function burnFee(): void {
  const fee = u256(registrationTenthOak) * u256(acornsPerTenthOak);
  if (value() != fee) fail2(errors.WrongFee, value(), fee);
  write(u256(burnedSlot), read(u256(burnedSlot)) + fee);
  require(trySend(u256(0xdead), fee), errors.TransferFailed);
}

/**
 * One to 31 printable ASCII characters: what fits one storage word and reads the same everywhere.
 */
function requireName(name: Span): void {
  require(name.length >= 1 && name.length <= 31, errors.BadName);
  for (let index: u32 = 0; index < name.length; index++) {
    const character = load<u8>(name.data + index);
    require(character >= 0x20 && character <= 0x7e, errors.BadName);
  }
}

function ownedId(creator: U256, kind: u64, name: Span, configuration: U256): U256 {
  const data = allocate(128);
  storeWord(data, creator);
  storeWord(data + 32, u256(kind));
  storeWord(data + 64, keccak(name.data, name.length));
  storeWord(data + 96, configuration);
  return keccak(data, 128);
}

/** Solidity's short string: the characters from the high end, twice the length in the last byte. */
function shortString(name: Span): U256 {
  const bytes = changetype<usize>(fresh());
  memory.fill(bytes, 0, 32);
  memory.copy(bytes, name.data, name.length);
  store<u8>(bytes + 31, <u8>(name.length << 1));
  return loadWord(bytes);
}

function append(feed: U256): void {
  const count = read(u256(listSlot));
  write(offset(items(u256(listSlot)), count.limb0), feed);
  write(u256(listSlot), count + u256(1));
}

function deployProxy(feed: U256, oracle: U256): U256 {
  const code = allocate(proxyCodeLength + 64);
  memory.copy(code, proxyCode, proxyCodeLength);
  storeWord(code + proxyCodeLength, feed);
  storeWord(code + proxyCodeLength + 32, oracle);
  return create(code, proxyCodeLength + 64, feed);
}

export function feedOf(feed: U256): void {
  const word = facts(feed);
  const writer = returns(11)
    .number((word.limb2 >> 32) & 0xff)
    .word(limbs(word.limb0, word.limb1, word.limb2 & 0xffffffff, 0))
    .word(proxyAt(feed))
    .word(read(offset(feedSlot(feed), 2)))
    .number((word.limb2 >> 40) & 0xff)
    .number(word.limb3 & 0xffffffff)
    .number(word.limb2 >> 48)
    .number(word.limb3 >> 32)
    .number(288);
  const name = nameOf(feed);
  writer.bytes(name.data, name.length);
}

function nameOf(feed: U256): Span {
  const bytes = changetype<usize>(fresh());
  storeWord(bytes, read(offset(feedSlot(feed), 3)));
  const name = changetype<Span>(allocate(8));
  name.data = bytes;
  name.length = <u32>load<u8>(bytes + 31) >> 1;
  return name;
}

export function feedCount(): U256 {
  return read(u256(listSlot));
}

export function feedAt(index: U256): U256 {
  require(index < feedCount(), errors.UnknownFeed);
  return read(offset(items(u256(listSlot)), index.limb0));
}

export function proxyOf(feed: U256): U256 {
  facts(feed);
  return proxyAt(feed);
}

export function decimals(feed: U256): u64 {
  return (facts(feed).limb2 >> 40) & 0xff;
}

export function description(feed: U256): void {
  facts(feed);
  const name = nameOf(feed);
  returns(3).number(32).bytes(name.data, name.length);
}

/** Id of a bare name: that of a genesis feed. */
export function feedId(name: Span): U256 {
  return keccak(name.data, name.length);
}

export function isOracle(account: U256): bool {
  return !isZero(read(mapped(u256(oraclesSlot), account)));
}

export function burned(): U256 {
  return read(u256(burnedSlot));
}
