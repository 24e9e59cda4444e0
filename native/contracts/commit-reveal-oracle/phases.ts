/**
 * Rounds follow from the block height alone: round k (from 1) begins at start + (k - 1) * period
 * and nobody opens it. Windows are half-open: the block that equals an end belongs to the next
 * phase.
 */

import { blockNumber } from "../sdk/host";
import { fail2 } from "../sdk/revert";
import { u256 } from "../sdk/u256";
import { Windows } from "./feed";
import { errors } from "./interface";

export const IDLE: u64 = 0;
export const COMMIT: u64 = 1;
export const SEAL: u64 = 2;
export const REVEAL: u64 = 3;

/** The round that contains `height`; 0 before the first. */
export function roundAt(windows: Windows, height: u64): u64 {
  return height < windows.start ? 0 : (height - windows.start) / windows.period + 1;
}

export function commitStart(windows: Windows, round: u64): u64 {
  return windows.start + (round - 1) * windows.period;
}

export function commitEnd(windows: Windows, round: u64): u64 {
  return commitStart(windows, round) + windows.commitBlocks;
}

export function revealStart(windows: Windows, round: u64): u64 {
  return commitEnd(windows, round) + windows.sealBlocks;
}

export function revealEnd(windows: Windows, round: u64): u64 {
  return revealStart(windows, round) + windows.revealBlocks;
}

/** Phase of `round` now; IDLE before it begins and after its reveals. */
export function phaseOf(windows: Windows, round: u64): u64 {
  const height = blockNumber();
  if (round == 0 || round > 0xffffffff || height < commitStart(windows, round)) return IDLE;
  if (height < commitEnd(windows, round)) return COMMIT;
  if (height < revealStart(windows, round)) return SEAL;
  return height < revealEnd(windows, round) ? REVEAL : IDLE;
}

export function requirePhase(windows: Windows, round: u64, need: u64): void {
  const have = phaseOf(windows, round);
  if (have != need) fail2(errors.WrongPhase, u256(have), u256(need));
}
