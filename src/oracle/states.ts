/** States of rounds and reports by their numbers in CommitRevealOracle. */

export const reportStates = { none: 0, committed: 1, revealed: 2, exposed: 3 } as const;

export const roundStates = {
  none: 0,
  open: 1,
  final: 2,
  void: 3,
  disputed: 4,
  refuted: 5,
} as const;
