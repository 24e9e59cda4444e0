/**
 * ASERT (aserti3-2d): the target of the next block from the distance between the real and the
 * ideal schedule since an anchor. After Bitcoin Cash Node's CalculateASERT, whose C++ decides:
 * division truncates toward zero (the Python in the published text floors and is wrong).
 */

/** What the schedule is measured from and how hard it is steered; times in seconds. */
export interface AsertSchedule {
  /** Target of the anchor block. */
  readonly anchorTarget: bigint;
  /** Ideal seconds between blocks. */
  readonly spacing: number;
  /** Seconds behind (ahead of) schedule that double (halve) the target. */
  readonly halfLife: number;
  /** Easiest target allowed. */
  readonly limit: bigint;
}

const fractionBits = 16n;
const one = 1n << fractionBits;
/** The C++ refuses time differences beyond 2^47 s; every such schedule is at an end of the range. */
const driftMax = 2 ** 47;

/** 2^(fraction / 65536) in 16-bit fixed point, by a cubic whose error stays below 0.013 %. */
function fractionalPower(fraction: bigint): bigint {
  const cubic =
    195_766_423_245_049n * fraction +
    971_821_376n * fraction ** 2n +
    5_127n * fraction ** 3n +
    (1n << 47n);
  return one + (cubic >> 48n);
}

/**
 * Target that the successor of a tip needs.
 * @param timeSinceAnchorParent tip time minus the time of the anchor's parent, seconds.
 * @param blocksSinceAnchor tip height minus the anchor's height, 0 or more.
 */
export function asertTarget(
  schedule: AsertSchedule,
  timeSinceAnchorParent: number,
  blocksSinceAnchor: number,
): bigint {
  const { anchorTarget, spacing, halfLife, limit } = schedule;
  const drift = timeSinceAnchorParent - spacing * (blocksSinceAnchor + 1);
  const bounded = Math.max(-driftMax, Math.min(driftMax, drift));
  const exponent = (BigInt(bounded) * one) / BigInt(halfLife);
  const doublings = exponent >> fractionBits;
  // 256 doublings leave every range; asking BigInt for 2^40 of them would cost the memory.
  if (doublings >= 256n) return limit;
  if (doublings <= -512n) return 1n;
  const scaled = anchorTarget * fractionalPower(exponent - (doublings << fractionBits));
  const shift = doublings - fractionBits;
  const target = shift < 0n ? scaled >> -shift : scaled << shift;
  if (target === 0n) return 1n;
  return target > limit ? limit : target;
}
