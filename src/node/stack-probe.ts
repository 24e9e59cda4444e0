/**
 * Whether this thread has the stack that contracts may need. The engine's own overflow depends on its
 * compilers, so it must stay out of reach: eight times what the rules allow has to be there.
 */

import { limits } from '../primitives/limits.ts';

const spareFactor = 8;
/** A call takes more than this on every engine: two addresses, the function, its context, arguments. */
const frameSizeBytesMin = 64;

function descend(depth: number): number {
  return depth === 0 ? 0 : 1 + descend(depth - 1);
}

/** @throws Error naming the remedy when the thread's stack is too small. */
export function probeStack(): void {
  const sizeBytes = 8 * limits.stackWordsPerTransactionMax * spareFactor;
  try {
    descend(sizeBytes / frameSizeBytesMin);
  } catch (cause) {
    throw new Error(
      `this thread has less than ${sizeBytes} bytes of stack, which contracts may need: ` +
        'the platform did not give it what was asked for, and nobody should mine or validate on it',
      { cause },
    );
  }
}
