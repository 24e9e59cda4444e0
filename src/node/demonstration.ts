/**
 * Five reporters on a development network, each with its own sample market: they keep the feeds
 * alive so that there is something to read. Their prices are made up.
 */

import { sampleSource } from '../oracle/sources.ts';
import { demonstrationAccounts } from './accounts.ts';
import type { NodeOracle } from './oracle.ts';

/** Where the sample market begins: 64,000 units of the quote currency. */
const basePrice = 64_000n;

/** Gives each demonstration account its agent; they act at every new head from then on. */
export async function startDemonstration(
  oracle: NodeOracle,
  warn: (problem: string) => void,
): Promise<void> {
  const feeds = (await oracle.client.feeds()).filter(({ kind }) => kind === 'commit-reveal');
  const accounts = demonstrationAccounts();
  for (const [index, account] of accounts.entries()) {
    const reported = feeds.map((feed) => ({
      feed,
      sources: [sampleSource({ seed: index + 1, base: basePrice * 10n ** BigInt(feed.decimals) })],
      minimumSources: 1,
    }));
    // One after the other takes its turn with what any reporter may do.
    await oracle
      .agent(account, reported, index)
      .catch((error: unknown) => warn((error as Error).message));
  }
}
