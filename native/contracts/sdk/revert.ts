/**
 * How a contract refuses: a Solidity custom error or Panic as result and status 1. Everything it
 * wrote is undone and the caller keeps the rest of its gas.
 */

import { exitEarly, writeResult } from "./host";
import { allocate } from "./memory";
import { storeWord, U256, u256 } from "./u256";

/** Panic codes of Solidity 0.8. */
export const PANIC_OVERFLOW: u32 = 0x11;
export const PANIC_DIVISION: u32 = 0x12;
export const PANIC_STORAGE: u32 = 0x22;
export const PANIC_EMPTY: u32 = 0x31;
export const PANIC_INDEX: u32 = 0x32;
export const PANIC_MEMORY: u32 = 0x41;
const PANIC_SELECTOR: u32 = 0x4e487b71;

/** Stops with `length` bytes as revert data. */
export function revertBytes(data: usize, length: u32): void {
  writeResult(data, length);
  exitEarly(1);
  unreachable();
}

/** Stops with a custom error that has no arguments; selector 0 gives empty revert data. */
export function fail(selector: u32): void {
  const data = allocate(4);
  store<u32>(data, bswap(selector));
  revertBytes(data, selector == 0 ? 0 : 4);
}

/** Stops with a custom error of one argument. */
export function fail1(selector: u32, first: U256): void {
  const data = allocate(36);
  store<u32>(data, bswap(selector));
  storeWord(data + 4, first);
  revertBytes(data, 36);
}

/** Stops with a custom error of two arguments. */
export function fail2(selector: u32, first: U256, second: U256): void {
  const data = allocate(68);
  store<u32>(data, bswap(selector));
  storeWord(data + 4, first);
  storeWord(data + 36, second);
  revertBytes(data, 68);
}

/** Stops with the custom error unless `condition` holds. */
export function require(condition: bool, selector: u32): void {
  if (!condition) fail(selector);
}

export function panic(code: u32): void {
  fail1(PANIC_SELECTOR, u256(code));
}
