/**
 * PairFactory: one pair for each two tokens, created by whoever wants it. Nobody governs it and no
 * fee is taken. The pair's address follows from CREATE2 with salt = keccak256(token0 ‖ token1), 20
 * bytes each, and the pair's creation data with both tokens as its constructor's arguments.
 * Storage: mapping(address => mapping(address => address)) pairs at 0, address[] list at 1.
 */

import { create } from "../sdk/call";
import { allocate } from "../sdk/memory";
import { storeAddress } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { require } from "../sdk/revert";
import { items, keccak, mapped, offset, read, write } from "../sdk/storage";
import { isZero, storeWord, U256, u256 } from "../sdk/u256";
import { errors, events } from "./interface";
import { pairCode, pairCodeLength } from "./pair-code";

const pairsSlot: u64 = 0;
const listSlot: u64 = 1;

export function construct(): void {}

/** Pairs are kept under their sorted tokens. */
function slotOf(tokenA: U256, tokenB: U256): U256 {
  const isSorted = tokenA < tokenB;
  const token0 = isSorted ? tokenA : tokenB;
  return mapped(mapped(u256(pairsSlot), token0), isSorted ? tokenB : tokenA);
}

export function createPair(tokenA: U256, tokenB: U256): U256 {
  require(tokenA != tokenB, errors.IdenticalAddresses);
  const isSorted = tokenA < tokenB;
  const token0 = isSorted ? tokenA : tokenB;
  const token1 = isSorted ? tokenB : tokenA;
  require(!isZero(token0), errors.ZeroAddress);
  const slot = slotOf(token0, token1);
  require(isZero(read(slot)), errors.PairExists);
  const pair = deploy(token0, token1);
  write(slot, pair);
  const count = read(u256(listSlot));
  write(offset(items(u256(listSlot)), count.limb0), pair);
  const next = count + u256(1);
  write(u256(listSlot), next);
  emit(event(events.PairCreated, 4).word(token0).word(token1).word(pair).word(next), 3);
  return pair;
}

function deploy(token0: U256, token1: U256): U256 {
  const salt = allocate(40);
  storeAddress(salt, token0);
  storeAddress(salt + 20, token1);
  const code = allocate(pairCodeLength + 64);
  memory.copy(code, pairCode, pairCodeLength);
  storeWord(code + pairCodeLength, token0);
  storeWord(code + pairCodeLength + 32, token1);
  return create(code, pairCodeLength + 64, keccak(salt, 40));
}

export function getPair(tokenA: U256, tokenB: U256): U256 {
  return read(slotOf(tokenA, tokenB));
}

export function allPairs(index: U256): U256 {
  require(index < allPairsLength(), errors.UnknownPair);
  return read(offset(items(u256(listSlot)), index.limb0));
}

export function allPairsLength(): U256 {
  return read(u256(listSlot));
}
