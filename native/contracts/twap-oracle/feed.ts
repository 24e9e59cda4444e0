/**
 * Feeds: a pair, a direction and the guards of its readers. They never change. Storage: address
 * OracleRegistry at 0, address PairFactory at 1, mapping(bytes32 => Terms) at 2.
 */

import { address, unsigned } from "../sdk/calldata";
import { input, returned, view } from "../sdk/call";
import { allocate } from "../sdk/memory";
import { Writer } from "../sdk/output";
import { fail1, require } from "../sdk/revert";
import { mapped, offset, read, write } from "../sdk/storage";
import { limbs, loadWord, U256, u256 } from "../sdk/u256";
import { selectors as pair } from "../amm-pair/interface";
import { selectors as factory } from "../pair-factory/interface";
import { selectors as token } from "../wrapped-oak/interface";
import { errors } from "./interface";

const registrySlot: u64 = 0;
const factorySlot: u64 = 1;
const termsSlot: u64 = 2;

/** Words of `FeedConfig`. */
export const configurationWords: u32 = 8;

const bpsMax: u32 = 10_000;
/** Units of the base token must fit 64 bits: 10^18 does. */
const decimalsMax: u64 = 18;

/** Two packed storage words. */
// @ts-ignore: decorator
@unmanaged @final
export class Terms {
  pool0: u64;
  pool1: u64;
  pool2: u32;
  /** Seconds that the feed's own price covers. */
  window: u32;
  /** The shortest window, in seconds and blocks, that readers may ask for; 0 blocks is no limit. */
  minWindow: u32;
  minBlocks: u32;
  /** Guards; 0 is off. Seconds since the last trade, mean seconds a block, time against blocks. */
  maxAge: u32;
  maxSecondsPerBlock: u32;
  divergenceBps: u16;
  /** Decimals of the base token. */
  decimals: u8;
  /** 1 when the base is token0. */
  zeroForOne: u8;
  unused0: u32;
  unused1: u64;
  unused2: u64;

  // @ts-ignore: accessor
  get pool(): U256 {
    return limbs(this.pool0, this.pool1, this.pool2, 0);
  }
}

export function setParts(oracleRegistry: U256, pairFactory: U256): void {
  write(u256(registrySlot), oracleRegistry);
  write(u256(factorySlot), pairFactory);
}

export function oracleRegistry(): U256 {
  return read(u256(registrySlot));
}

export function pairFactory(): U256 {
  return read(u256(factorySlot));
}

function termsAt(feed: U256): U256 {
  return mapped(u256(termsSlot), feed);
}

/** Reverts for a feed that does not exist. */
export function termsOf(feed: U256): Terms {
  const slot = termsAt(feed);
  const terms = allocate(64);
  memory.copy(terms, changetype<usize>(read(slot)), 32);
  memory.copy(terms + 32, changetype<usize>(read(offset(slot, 1))), 32);
  const result = changetype<Terms>(terms);
  require(result.window != 0, errors.UnknownFeed);
  return result;
}

export function keepTerms(feed: U256, terms: Terms): void {
  const slot = termsAt(feed);
  write(slot, changetype<U256>(terms));
  write(offset(slot, 1), changetype<U256>(changetype<usize>(terms) + 32));
}

function member(words: usize, field: u32, bits: u64): u64 {
  return unsigned(loadWord(words + (<usize>field << 5)), bits);
}

function check(condition: bool, field: u64): void {
  if (!condition) fail1(errors.BadConfiguration, u256(field));
}

/** `FeedConfig` of a call as terms; reverts with the number of the first member that is wrong. */
export function termsFrom(words: usize): Terms {
  const terms = changetype<Terms>(allocate(64));
  memory.fill(changetype<usize>(terms), 0, 64);
  const pool = address(loadWord(words));
  terms.pool0 = pool.limb0;
  terms.pool1 = pool.limb1;
  terms.pool2 = <u32>pool.limb2;
  terms.zeroForOne = <u8>member(words, 1, 1);
  terms.window = <u32>member(words, 2, 32);
  terms.minWindow = <u32>member(words, 3, 32);
  terms.minBlocks = <u32>member(words, 4, 32);
  terms.maxAge = <u32>member(words, 5, 32);
  terms.maxSecondsPerBlock = <u32>member(words, 6, 32);
  terms.divergenceBps = <u16>member(words, 7, 16);
  check(terms.window != 0, 2);
  check(terms.minWindow != 0 && terms.minWindow <= terms.window, 3);
  check(<u32>terms.divergenceBps <= bpsMax, 7);
  return terms;
}

export function writeTerms(writer: Writer, terms: Terms): void {
  writer.word(terms.pool).number(terms.zeroForOne).number(terms.window).number(terms.minWindow)
    .number(terms.minBlocks).number(terms.maxAge).number(terms.maxSecondsPerBlock)
    .number(terms.divergenceBps);
}

function decimalsOf(coin: U256): u64 {
  view(coin, input(token.decimals, 0));
  const decimals = returned(0);
  if (decimals > u256(decimalsMax)) fail1(errors.BadConfiguration, u256(0));
  return decimals.limb0;
}

function addressFrom(target: U256, selector: u32): U256 {
  view(target, input(selector, 0));
  return returned(0);
}

/**
 * Only pairs of the factory are trusted to observe rightly. Notes the base token's decimals in
 * `terms` and answers those of the quote token.
 */
export function adoptPool(terms: Terms): u64 {
  const pool = terms.pool;
  const token0 = addressFrom(pool, pair.token0);
  const token1 = addressFrom(pool, pair.token1);
  view(pairFactory(), input(factory.getPair, 2).word(token0).word(token1));
  require(returned(0) == pool, errors.UnknownPool);
  terms.decimals = <u8>decimalsOf(terms.zeroForOne != 0 ? token0 : token1);
  return decimalsOf(terms.zeroForOne != 0 ? token1 : token0);
}
