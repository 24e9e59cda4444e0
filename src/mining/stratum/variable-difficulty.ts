/**
 * Variable difficulty of one connection: a share every few seconds, whatever the miner's speed.
 * Difficulties are powers of two, which every miner's number format holds exactly.
 */

import { limits } from '../../primitives/limits.ts';
import { hashesPerDifficulty } from '../difficulty.ts';

/** Shares after which a rate is worth acting on. */
const sharesForRate = 16;
/** One step goes no further than this, up or down. */
const stepMax = 16;
/** A share costs at least this much of the miner's work, even where a block costs less. */
const shareMsMin = 250;
/** Without enough shares the rate is judged after this. */
const windowMs = 20_000;

const powerOfTwo = (value: number): number => 2 ** Math.floor(Math.log2(value));

export class VariableDifficulty {
  #difficulty: number;
  #shares = 0;
  #since: number;
  #rate = 0;

  /** @param wanted what to begin with: the miner's wish, or the usual start */
  constructor(nowMs: number, wanted: number = limits.stratumDifficultyStart) {
    this.#since = nowMs;
    this.#difficulty = powerOfTwo(Math.max(wanted, limits.stratumDifficultyMin));
  }

  get current(): number {
    return this.#difficulty;
  }

  /** The miner's hashes per second by its shares; 0 before there is an estimate. */
  get hashesPerSecond(): number {
    return this.#rate;
  }

  /** Keeps a first difficulty from being above what a block costs. */
  begin(blockDifficulty: number): void {
    const most = Math.max(powerOfTwo(blockDifficulty), limits.stratumDifficultyMin);
    this.#difficulty = Math.min(this.#difficulty, most);
  }

  /** A share of the present difficulty came in. */
  share(): void {
    this.#shares += 1;
  }

  /** Judges the rate; true when the difficulty changed and the miner must be told. */
  adjust(nowMs: number, blockDifficulty: number): boolean {
    const elapsedMs = Math.max(nowMs - this.#since, 1);
    if (this.#shares < sharesForRate && elapsedMs < windowMs) return false;
    const work = this.#shares * this.#difficulty * hashesPerDifficulty;
    this.#rate = (work * 1_000) / elapsedMs;
    this.#shares = 0;
    this.#since = nowMs;
    const ofTime = (ms: number): number => (this.#rate * ms) / 1_000 / hashesPerDifficulty;
    const ideal = Math.min(ofTime(limits.stratumShareMs), blockDifficulty);
    const wanted = Math.max(ideal, ofTime(shareMsMin), limits.stratumDifficultyMin);
    const step = Math.min(Math.max(wanted / this.#difficulty, 1 / stepMax), stepMax);
    // Half or double is noise: Poisson counts of 16 wander by a quarter.
    if (step > 0.5 && step < 2) return false;
    this.#difficulty = powerOfTwo(Math.max(this.#difficulty * step, limits.stratumDifficultyMin));
    return true;
  }
}
