/**
 * What a pair keeps besides its shares. Storage: address factory at 4, token0 at 5, token1 at 6,
 * {uint112 reserve0; uint112 reserve1; uint32 time} at 7, then the ring's from 8 on.
 */

import { input, returned, returnLength, tryCall, view } from "../sdk/call";
import { transientLoad, transientStore } from "../sdk/host";
import { allocate } from "../sdk/memory";
import { self } from "../sdk/message";
import { fail, require } from "../sdk/revert";
import { read, write } from "../sdk/storage";
import { fresh, isZero, limbs, loadWord, storeWord, U256, u256 } from "../sdk/u256";
import { selectors as token } from "../wrapped-oak/interface";
import { errors } from "./interface";

export const factorySlot: u64 = 4;
export const token0Slot: u64 = 5;
export const token1Slot: u64 = 6;
const reservesSlot: u64 = 7;

export function token0(): U256 {
  return read(u256(token0Slot));
}

export function token1(): U256 {
  return read(u256(token1Slot));
}

// @ts-ignore: decorator
@unmanaged @final
export class Reserves {
  reserve0: U256;
  reserve1: U256;
  /** Time of the last change, modulo 2^32. */
  time: u32;
}

/** From reserve0 in bits 0 to 111, reserve1 in 112 to 223. */
export function readReserves(): Reserves {
  const word = read(u256(reservesSlot));
  const result = changetype<Reserves>(allocate(12));
  const low48: u64 = 0xffffffffffff;
  result.reserve0 = limbs(word.limb0, word.limb1 & low48, 0, 0);
  const low = (word.limb1 >> 48) | (word.limb2 << 16);
  const high = (word.limb2 >> 48) | ((word.limb3 & 0xffffffff) << 16);
  result.reserve1 = limbs(low, high, 0, 0);
  result.time = <u32>(word.limb3 >> 32);
  return result;
}

/** Both must be below 2^112. */
export function writeReserves(reserve0: U256, reserve1: U256, time: u64): void {
  write(u256(reservesSlot), limbs(
    reserve0.limb0,
    reserve0.limb1 | (reserve1.limb0 << 48),
    (reserve1.limb0 >> 16) | (reserve1.limb1 << 48),
    (reserve1.limb1 >> 16) | (time << 32),
  ));
}

/** What the pair holds of a token. */
export function held(coin: U256): U256 {
  view(coin, input(token.balanceOf, 1).word(self()));
  return returned(0);
}

/** Pays; a token that answers nothing counts as paid, one that answers false does not. */
export function pay(coin: U256, target: U256, amount: U256): void {
  const done = tryCall(coin, input(token.transfer, 2).word(target).word(amount), u256(0));
  require(done && (returnLength == 0 || !isZero(returned(0))), errors.TransferFailed);
}

function setLock(state: u64): void {
  const key = changetype<usize>(fresh());
  const word = changetype<usize>(fresh());
  storeWord(key, u256(0));
  storeWord(word, u256(state));
  transientStore(key, word);
}

/** Tokens and flash borrowers are foreign code: while they run, nobody enters again. */
export function lock(): void {
  const key = changetype<usize>(fresh());
  const word = changetype<usize>(fresh());
  storeWord(key, u256(0));
  transientLoad(key, word);
  if (!isZero(loadWord(word))) fail(errors.Locked);
  setLock(1);
}

export function unlock(): void {
  setLock(0);
}
