/** Hands every new head of a node to an agent until the process is told to stop. */

import type { Transport } from '../../oracle/transport.ts';

/** How often the head is asked for; blocks come every 2 s at the quickest networks. */
const pollMs = 500;

export interface FollowedHead {
  readonly height: number;
  /** Seconds since 1970, as the block has it. */
  readonly time: number;
}

async function readHead(transport: Transport): Promise<FollowedHead> {
  const block = (await transport.request('eth_getBlockByNumber', ['latest', false])) as {
    number: string;
    timestamp: string;
  };
  return { height: Number(block.number), time: Number(block.timestamp) };
}

/**
 * Resolves at SIGINT or SIGTERM. A node that restarts does not end it: something may be due.
 * @param write told when the node stops answering and when it answers again
 */
export async function followHeads(
  transport: Transport,
  onHead: (head: FollowedHead) => Promise<void>,
  write: (text: string) => void,
): Promise<void> {
  let stopping = false;
  let wake: () => void = () => {};
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stopping = true;
      wake();
    });
  }
  let last: number | undefined;
  let silent = false;
  while (!stopping) {
    try {
      const head = await readHead(transport);
      if (head.height !== last) await onHead(head);
      if (silent) write('The node answers again.\n');
      silent = false;
      last = head.height;
    } catch (error) {
      if (!silent) write(`${(error as Error).message}\nTrying again until it does.\n`);
      silent = true;
    }
    await new Promise<void>((done) => {
      wake = done;
      setTimeout(done, pollMs);
    });
  }
}
