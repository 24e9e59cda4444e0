/**
 * How safe a payment under proof of work is, from the literature and not from folklore: the chance
 * of a double spend (Nakamoto 2008 section 11; Rosenfeld 2014) and the largest adversary share that
 * a network delay leaves tolerable (Ren 2019; Dembo et al. 2020). Sums of positive terms only, by
 * logarithms, so that small chances keep their digits.
 */

/** Terms beyond this share of the sum so far no longer change a double. */
const negligible = 1e-18;
/** More blocks than this change nothing that anyone reads. */
export const blocksMax = 1_000;

/**
 * Nakamoto's approximation: an attacker with share `q` of the hash power (0 to 1) overtakes `z`
 * blocks that were built on the payment's block.
 */
export function nakamotoRisk(q: number, z: number): number {
  if (q >= 0.5 || z === 0) return 1;
  if (q === 0) return 0;
  const ratio = q / (1 - q);
  const expected = z * ratio;
  let logPoisson = -expected;
  let risk = 0;
  for (let k = 0; ; k++) {
    if (k > 0) logPoisson += Math.log(expected / k);
    const term = Math.exp(logPoisson + Math.max(0, z - k) * Math.log(ratio));
    risk += term;
    if (k > z && term <= risk * negligible) return Math.min(1, risk);
  }
}

/**
 * Rosenfeld's exact form for `n` confirmations, the payment's own block included; it credits the
 * attacker with one block mined in advance.
 */
export function rosenfeldRisk(q: number, n: number): number {
  if (q >= 0.5 || n === 0) return 1;
  if (q === 0) return 0;
  const p = 1 - q;
  // C(m + n - 1, m) p^n q^m: the attacker finds m blocks while the others find n.
  let logRace = n * Math.log(p);
  let logCatchUp = n * Math.log(q);
  let risk = 0;
  for (let m = 0; ; m++) {
    if (m > 0) {
      const growth = Math.log((m + n - 1) / m);
      logRace += growth + Math.log(q);
      logCatchUp += growth + Math.log(p);
    }
    const term = Math.exp(m <= n ? logCatchUp : logRace);
    risk += term;
    if (m > n && term <= risk * negligible) return Math.min(1, risk);
  }
}

function largestShare(isSafe: (share: number) => boolean): number {
  let low = 0;
  let high = 0.5;
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (isSafe(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Largest adversary share with g²α > β, g = e^(-αΔ) (Ren 2019), for block spacing and delay in seconds. */
export function renTolerance(spacing: number, delay: number): number {
  return largestShare((share) => {
    const honest = (1 - share) / spacing;
    return Math.exp(-2 * honest * delay) * honest > share / spacing;
  });
}

/** The tight line α / (1 + αΔ) > β (Dembo et al. 2020). */
export function tightTolerance(spacing: number, delay: number): number {
  return largestShare((share) => {
    const honest = (1 - share) / spacing;
    return honest / (1 + honest * delay) > share / spacing;
  });
}
