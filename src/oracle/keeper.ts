/**
 * Keeping a TWAP feed: its pair writes an observation at the first touch of a block, so a pair without
 * trades has none to bound a window. A poke before the heartbeat ends makes the next one.
 */

import type { AgentHand } from './agent-hand.ts';
import type { Feed, OracleClient } from './client.ts';
import { type ContractAddress, calldata, view } from './contracts.ts';
import { pairAbi, twapAbi } from './feed-abi.ts';

/** Part of the heartbeat after which a poke is due: three quarters, so that retries have room. */
const dueQuarters = 3;

interface Terms {
  readonly pool: ContractAddress;
  readonly window: number;
}

/** Pokes the pair of `feed` when its newest observation grows old. @throws ContractRefusal, RpcFault */
export async function keep(client: OracleClient, hand: AgentHand, feed: Feed): Promise<void> {
  const name = `poke ${feed.id}`;
  if (!hand.isDue(name)) return;
  const { transport } = client;
  const terms = await view<Terms>(transport, feed.oracle, twapAbi, 'configuration', [feed.id]);
  const [index] = await view<[number]>(transport, terms.pool, pairAbi, 'observationState');
  const [[observedAt], head] = await Promise.all([
    view<[bigint]>(transport, terms.pool, pairAbi, 'observations', [index]),
    client.head(),
  ]);
  const age = head.time - Number(observedAt);
  // A feed without a heartbeat is kept by the window that it answers for.
  const span = feed.heartbeatSeconds > 0 ? feed.heartbeatSeconds : terms.window;
  if (observedAt === 0n || age * 4 < span * dueQuarters) return;
  hand.done(name);
  await hand.send({ to: feed.oracle, data: calldata(twapAbi, 'poke', [feed.id]) });
  hand.say(feed, 0, 'poke', `the newest observation is ${age} s old`);
}
