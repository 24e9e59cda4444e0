/**
 * Five reporters on a development network, each with its own sample market: they keep the feeds
 * alive so that there is something to read, and serve as the jury of disputed rounds. Their prices
 * are made up.
 */

import { type PriceSource, sampleSource } from '../oracle/sources.ts';
import { demonstrationAccounts } from './accounts.ts';
import { type NodeOracle, strayBps } from './oracle.ts';

/** Where the sample market begins: 64,000 units of the quote currency. */
const basePrice = 64_000n;

/** A round further than this from a juror's own market is false. */
const toleranceBps = 100;

/** Gives each demonstration account its agent; they act at every new head from then on. */
export async function startDemonstration(
  oracle: NodeOracle,
  warn: (problem: string) => void,
): Promise<void> {
  const feeds = (await oracle.client.feeds()).filter(({ kind }) => kind === 'commit-reveal');
  const accounts = demonstrationAccounts();
  for (const [index, account] of accounts.entries()) {
    const sourcesOf = (decimals: number): readonly PriceSource[] => [
      sampleSource({ seed: index + 1, base: basePrice * 10n ** BigInt(decimals) }),
    ];
    const reported = feeds.map((feed) => ({
      feed,
      sources: sourcesOf(feed.decimals),
      minimumSources: 1,
    }));
    const rules = feeds.map(({ name }) => {
      return { name, minimumSources: 1, strayBps, toleranceBps, sources: sourcesOf };
    });
    // One after the other takes its turn with what any reporter may do.
    await oracle
      .agent(account, reported, index)
      .catch((error: unknown) => warn((error as Error).message));
    await oracle
      .serveJury(account, rules, index + 1)
      .catch((error: unknown) => warn((error as Error).message));
  }
}
