/**
 * Two-pass header download of a branch whose work is not proven yet. The first pass stores one
 * salted bit for every 128 headers; the second must show the same bits before anything is kept.
 * So nobody fills a disk with cheap headers (after bitcoin/bitcoin #25717).
 */

import { concat, fromHex, type Hex } from '../../primitives/bytes.ts';
import type { Crypto } from '../../primitives/crypto.ts';
import { limits } from '../../primitives/limits.ts';
import type { ChainPoint } from './header-rules.ts';

const period = limits.presyncPeriodHeaders;

export class Presync {
  /** The known block that the branch starts on. */
  readonly start: ChainPoint;
  readonly #salt: Uint8Array;
  /** Which height of each period is remembered; secret, as the salt is. */
  readonly #offset: number;
  readonly #bits = new Uint8Array(Math.ceil(limits.presyncHeadersMax / period / 8));
  readonly #crypto: Crypto;
  #buffer: ChainPoint[] = [];
  #tip: ChainPoint;
  #pass: 1 | 2 = 1;
  /** Height up to which the first pass went, and the work that it found. */
  #heightSeen = 0;
  #gate = 0n;

  constructor(start: ChainPoint, crypto: Crypto, random: () => number) {
    this.start = start;
    this.#tip = start;
    this.#crypto = crypto;
    this.#salt = Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
    this.#offset = Math.floor(random() * period);
  }

  /** Last header of the pass under way: the next answer must follow it. */
  get tip(): ChainPoint {
    return this.#tip;
  }

  get pass(): 1 | 2 {
    return this.#pass;
  }

  /** Whether the second pass has shown all the work that was asked for. */
  get isProven(): boolean {
    return this.#pass === 2 && this.#tip.work >= this.#gate;
  }

  /** Takes checked headers of the first pass. False when the branch is longer than any real one. */
  remember(points: readonly ChainPoint[]): boolean {
    for (const point of points) {
      if (point.height - this.start.height >= limits.presyncHeadersMax) return false;
      if (this.#isRemembered(point)) this.#setBit(point);
    }
    this.#tip = points.at(-1) ?? this.#tip;
    return true;
  }

  /** The branch reaches `gate`: download the same headers again. */
  beginSecondPass(gate: bigint): void {
    this.#pass = 2;
    this.#gate = gate;
    this.#heightSeen = this.#tip.height;
    this.#tip = this.start;
  }

  /**
   * Takes checked headers of the second pass and returns those that may be stored now, or
   * undefined when they are not the headers of the first pass. All of them come out at once when
   * the branch reaches the gate; until then 24 later bits must have matched.
   */
  redownload(points: readonly ChainPoint[]): readonly ChainPoint[] | undefined {
    for (const point of points) {
      const isComparable = point.height <= this.#heightSeen && this.#isRemembered(point);
      if (isComparable && !this.#matches(point)) return undefined;
      this.#buffer.push(point);
    }
    this.#tip = points.at(-1) ?? this.#tip;
    const kept = this.isProven ? 0 : limits.presyncBufferHeaders;
    const released = this.#buffer.slice(0, Math.max(0, this.#buffer.length - kept));
    this.#buffer = this.#buffer.slice(released.length);
    return released;
  }

  #isRemembered(point: ChainPoint): boolean {
    return point.height % period === this.#offset;
  }

  #position(point: ChainPoint): { byte: number; mask: number } {
    const index = Math.floor((point.height - this.start.height) / period);
    return { byte: index >> 3, mask: 1 << (index & 7) };
  }

  #bitOf(id: Hex): boolean {
    const [first] = this.#crypto.sha256(concat(this.#salt, fromHex(id)));
    return ((first as number) & 1) === 1;
  }

  #setBit(point: ChainPoint): void {
    const { byte, mask } = this.#position(point);
    if (this.#bitOf(point.id)) this.#bits[byte] = (this.#bits[byte] as number) | mask;
  }

  #matches(point: ChainPoint): boolean {
    const { byte, mask } = this.#position(point);
    return this.#bitOf(point.id) === (((this.#bits[byte] as number) & mask) !== 0);
  }
}
