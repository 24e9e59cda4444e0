/** How Reality.eth 3 shares a ladder of bonds: arithmetic of its published examples. */

export interface Answer {
  readonly by: string;
  readonly bond: bigint;
  readonly right: boolean;
}

/**
 * Reality.eth's claimWinnings: from the last answer to the first each right one takes the bonds
 * above it down to the next right one below, to whom it pays that one's bond; of all bonds but the
 * last a part is burned (0: none).
 */
export function realityPayout(
  history: readonly Answer[],
  bounty: bigint,
  burnedPart: bigint,
): Record<string, bigint> {
  const paid: Record<string, bigint> = {};
  const pay = (to: string, amount: bigint) => {
    paid[to] = (paid[to] ?? 0n) + amount;
  };
  let payee: string | undefined;
  let queued = 0n;
  let lastBond = 0n;
  for (const [place, { by, bond, right }] of [...history].reverse().entries()) {
    queued += lastBond;
    if (right && payee === undefined) {
      payee = by;
      queued += bounty;
    } else if (right && payee !== undefined && by !== payee) {
      const takeover = queued < bond ? queued : bond;
      pay(payee, queued - takeover);
      payee = by;
      queued = takeover;
    }
    lastBond = place === 0 || burnedPart === 0n ? bond : bond - bond / burnedPart;
  }
  pay(payee as string, queued + lastBond);
  return paid;
}
