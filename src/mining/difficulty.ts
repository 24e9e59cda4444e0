/**
 * Share difficulty as pools count it: 1 is the target 0xffff * 2^208, about 2^32 hashes. It is a
 * fraction on development networks, where a block costs two hashes.
 */

const targetOfOne = 0xffffn << 208n;
const allOnes = (1n << 256n) - 1n;
/** Doubles times this are whole numbers down to difficulty 2^-64. */
const scale = 2 ** 64;

/** Expected hashes of a share of difficulty 1: 2^256 / (0xffff * 2^208). */
export const hashesPerDifficulty: number = 2 ** 48 / 0xffff;

/** hash <= target wins. `difficulty` is positive and at least 2^-64. */
export function targetOfDifficulty(difficulty: number): bigint {
  const target = (targetOfOne * BigInt(scale)) / BigInt(Math.floor(difficulty * scale));
  return target > allOnes ? allOnes : target;
}

/** How hard it is to meet `target`: 0xffff * 2^208 / target. */
export function difficultyOfTarget(target: bigint): number {
  // 64 more bits keep a double's precision for targets far above that of difficulty 1.
  return Number((targetOfOne << 64n) / (target === 0n ? 1n : target)) / scale;
}
