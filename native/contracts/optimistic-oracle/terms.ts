/**
 * The terms of new assertions, one packed word at slot 0, and the other contracts: jury, guard, fund
 * and governor at slots 1 to 4.
 */

import { unsigned } from "../sdk/calldata";
import { Writer } from "../sdk/output";
import { fail1, require } from "../sdk/revert";
import { read, write } from "../sdk/storage";
import { fresh, loadWord, U256, u256 } from "../sdk/u256";
import { errors } from "./interface";

// @ts-ignore: decorator
@unmanaged @final
export class Terms {
  liveness: u32;
  livenessMin: u32;
  livenessMax: u32;
  /** Blocks from expiration to the first that may settle: a reorganisation can drop a dispute. */
  settleDelay: u32;
  /** Of the loser's bond, for the jury and the fund. */
  burnBps: u16;
  jurors: u16;
  /** Gas of a callback, entering the recipient included. */
  callbackGas: u32;
  reserved: u64;
}

function bounded(source: usize, index: u32, low: u64, high: u64): u64 {
  const value = unsigned(loadWord(source + (<usize>index << 5)), 64);
  if (value < low || value > high) fail1(errors.BadTerms, u256(index));
  return value;
}

export function parseTerms(source: usize): void {
  const terms = changetype<Terms>(fresh());
  terms.livenessMin = <u32>bounded(source, 1, 1, 1_000_000);
  terms.livenessMax = <u32>bounded(source, 2, terms.livenessMin, 1_000_000);
  terms.liveness = <u32>bounded(source, 0, terms.livenessMin, terms.livenessMax);
  terms.settleDelay = <u32>bounded(source, 3, 1, 100);
  terms.burnBps = requireBurn(unsigned(loadWord(source + 128), 16));
  terms.jurors = <u16>bounded(source, 5, 1, 0xffff);
  terms.callbackGas = <u32>bounded(source, 6, 50_000, 2_000_000);
  terms.reserved = 0;
  saveTerms(terms);
}

/** Something must be lost by lying, also to oneself: both sides may be one owner's. */
export function requireBurn(burnBps: u64): u16 {
  require(burnBps >= 1 && burnBps <= 10_000, errors.BadBurn);
  return <u16>burnBps;
}

export function loadTerms(): Terms {
  return changetype<Terms>(read(u256(0)));
}

export function saveTerms(terms: Terms): void {
  write(u256(0), changetype<U256>(terms));
}

export function writeTerms(writer: Writer): void {
  const terms = loadTerms();
  writer.number(terms.liveness).number(terms.livenessMin).number(terms.livenessMax)
    .number(terms.settleDelay).number(terms.burnBps).number(terms.jurors)
    .number(terms.callbackGas);
}

export function setParts(jury: U256, guard: U256, fund: U256, governor: U256): void {
  write(u256(1), jury);
  write(u256(2), guard);
  write(u256(3), fund);
  write(u256(4), governor);
}

export function jury(): U256 {
  return read(u256(1));
}

export function guard(): U256 {
  return read(u256(2));
}

export function fund(): U256 {
  return read(u256(3));
}

export function governor(): U256 {
  return read(u256(4));
}
