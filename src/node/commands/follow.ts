/**
 * Hands every new head of a node to an agent until the process is told to stop. A node that restarts
 * does not end it: a reveal may be due.
 */

import type { Transport } from '../../oracle/transport.ts';

/** How often the head is asked for; blocks come every 2 s at the quickest networks. */
const pollMs = 500;

/**
 * Resolves at SIGINT or SIGTERM, or when the agent has ended.
 * @param onHead serves a height; false when the agent has ended for good
 * @param write told when the node stops answering and when it answers again
 * @returns the last height that was served; -1 for none
 */
export async function followHeads(
  transport: Transport,
  onHead: (height: number) => Promise<boolean>,
  write: (text: string) => void,
): Promise<number> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  let isOver = false;
  let wake: () => void = () => {};
  const stop = (): void => {
    isOver = true;
    wake();
  };
  for (const signal of signals) process.once(signal, stop);
  let served = -1;
  let isSilent = false;
  while (!isOver) {
    try {
      const height = Number(await transport.request('eth_blockNumber', []));
      if (height !== served && !(await onHead(height))) isOver = true;
      if (isSilent) write('The node answers again.\n');
      isSilent = false;
      served = height;
    } catch (error) {
      if (!isSilent) write(`${(error as Error).message}\nTrying again until it does.\n`);
      isSilent = true;
    }
    if (!isOver)
      await new Promise<void>((done) => {
        wake = done;
        setTimeout(done, pollMs);
      });
  }
  for (const signal of signals) process.off(signal, stop);
  return served;
}
