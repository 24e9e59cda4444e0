/** The twin of Twin.sol: what both do with calldata, storage and logs must be the same to the byte. */

import {
  Address, Bytes, Bytes32, Indexed, Int256, Items, List, Mapping, self, Text, U256,
} from "dodona";

@storage class Point {
  small: u8;
  label: Text;
  wide: u64;
  owner: Address;
  count: u32;
  whole: U256;
  deep: Mapping<u64, Bytes>;
  flag: bool;
}

@storage class Outer {
  before: u16;
  inner: Point;
  after: u16;
}

@storage class All {
  static small: u8;
  static owner: Address;
  static wide: u64;
  static count: u32;
  static label: Text;
  static data: Bytes;
  static word: Bytes32;
  static signed: Int256;
  static flag: bool;
  static numbers: Items<U256>;
  static owners: Items<Address>;
  static texts: Items<Text>;
  static outer: Outer;
  static points: Items<Point>;
  static byKey: Mapping<u64, Mapping<Address, Point>>;
  static sums: Mapping<Bytes32, Mapping<bool, u64>>;
  static flags: Mapping<Int256, bool>;
  static last: u16;
}

@event declare function Mixed(
  who: Indexed<Address>, log: Indexed<u8>, tail: Text, flag: bool, list: List<u64>, data: Bytes,
): void;
@error declare function Refused(data: Bytes, list: List<Address>, tail: Text, code: u64): void;

@result class Several {
  small: u8;
  label: Text;
  whole: U256;
  list: List<u64>;
  flag: bool;
  data: Bytes;
}

/** What `echoWords` returns, read as something else: an offset, a length, then any words. */
@result class Disguise {
  offset: u8;
  length: u32;
  label: Text;
  flags: List<bool>;
  owner: Address;
}

@contract declare class Twin {
  @view several(label: Text, whole: U256, list: List<u64>, data: Bytes): Several;
  @view echoWords(words: List<U256>): Disguise;
  @view echoText(label: Text): Text;
  raise(step: u64): Raised;
}

@result class Raised {
  before: u64;
  after: u64;
}

function fill(point: Point, key: u64, who: Address, label: Text, data: Bytes, whole: U256): void {
  point.small = <u8>key;
  point.label = label;
  point.wide = key;
  point.owner = who;
  point.count = <u32>key;
  point.whole = whole;
  point.deep.set(key, data);
  point.flag = (key & 1) != 0;
}

@call export function store(
  key: u64, who: Address, label: Text, data: Bytes, whole: U256, word: Bytes32, signed: Int256,
): void {
  All.small = <u8>key;
  All.owner = who;
  All.wide = key;
  All.count = <u32>key;
  All.label = label;
  All.data = data;
  All.word = word;
  All.signed = signed;
  All.flag = (key & 1) != 0;
  All.numbers.push(whole);
  All.owners.push(who);
  All.texts.push(label);
  All.outer.before = <u16>key;
  fill(All.outer.inner, key, who, label, data, whole);
  All.outer.after = <u16>key;
  fill(All.points.grow(), key, who, label, data, whole);
  fill(All.byKey.get(key).get(who), key, who, label, data, whole);
  All.sums.get(word).set((key & 1) != 0, key);
  All.flags.set(signed, (key & 1) != 0);
  All.last = <u16>key;
}

@call export function remove(): void {
  All.numbers.pop();
  All.owners.pop();
}

@view export function deepOf(index: u64, key: u64): Bytes { return All.points.get(index).deep.get(key); }
@view export function textOf(index: u64): Text { return All.texts.get(index); }
@view export function ownerOf(key: u64, who: Address): Address {
  return All.byKey.get(key).get(who).owner;
}
@view export function sumOf(word: Bytes32, flag: bool): u64 { return All.sums.get(word).get(flag); }
@view export function itemOf(list: List<u32>, index: u32): u32 { return list.at(index); }

@view export function echoBool(a: bool): bool { return a; }
@view export function echo8(a: u8): u8 { return a; }
@view export function echo16(a: u16): u16 { return a; }
@view export function echo32(a: u32): u32 { return a; }
@view export function echo64(a: u64): u64 { return a; }
@view export function echo256(a: U256): U256 { return a; }
@view export function echoSigned(a: Int256): Int256 { return a; }
@view export function echoWord(a: Bytes32): Bytes32 { return a; }
@view export function echoAddress(a: Address): Address { return a; }
@view export function echoText(a: Text): Text { return a; }
@view export function echoBytes(a: Bytes): Bytes { return a; }
@view export function echoFlags(a: List<bool>): List<bool> { return a; }
@view export function echoNumbers(a: List<u64>): List<u64> { return a; }
@view export function echoAddresses(a: List<Address>): List<Address> { return a; }
@view export function echoWords(a: List<U256>): List<U256> { return a; }

@view export function several(label: Text, whole: U256, list: List<u64>, data: Bytes): Several {
  return Several.of(<u8>data.length, label, whole, list, list.length > 1, data);
}
@view export function askSeveral(
  label: Text, whole: U256, list: List<u64>, data: Bytes,
): Several {
  return Twin.at(self()).several(label, whole, list, data);
}
@view export function askText(label: Text): Text { return Twin.at(self()).echoText(label); }
@view export function askDisguised(words: List<U256>): Disguise {
  return Twin.at(self()).echoWords(words);
}
@call export function raise(step: u64): Raised {
  const before = All.wide;
  All.wide = before + (step >> 32);
  return Raised.of(before, All.wide);
}
@call export function askRaise(step: u64): Raised {
  const raised = Twin.at(self()).raise(step);
  raised.before += 1;
  return raised;
}

@call export function mix(
  log: u8, tail: Text, list: List<u64>, who: Address, data: Bytes, flag: bool,
): U256 {
  Mixed(who, log, tail, flag, list, data);
  return who;
}

@view export function refuse(data: Bytes, list: List<Address>, tail: Text, code: u64): void {
  Refused(data, list, tail, code);
}
