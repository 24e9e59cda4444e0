/** Joining a feed: stake enough, then take a seat. */

import { type Feed, type OracleClient, requireRounds } from './client.ts';
import { ContractRefusal, calldata, oracleAbi, stakeAbi } from './contracts.ts';
import type { Wallet } from './wallet.ts';

/** Two minutes, when each pause is a quarter of a second: eight blocks of a main network. */
const looksMax = 480;

/**
 * Resolves when a transaction is in a block.
 * @param pause waits a quarter of a second between two looks
 * @throws Error when it fails or takes too long
 */
export async function mined(
  client: Pick<OracleClient, 'transport'>,
  hash: string,
  pause: () => Promise<void>,
): Promise<void> {
  for (let look = 0; look < looksMax; look++) {
    const receipt = (await client.transport.request('eth_getTransactionReceipt', [hash])) as {
      status: string;
    } | null;
    if (receipt?.status === '0x1') return;
    if (receipt !== null)
      throw new Error(`transaction ${hash} failed: see eth_getTransactionReceipt`);
    await pause();
  }
  throw new Error(`transaction ${hash} is not mined yet: look again later`);
}

/**
 * Brings the account's stake up to `amount` acorns and takes a seat of `feed`. An account that has a
 * seat already is refused before anything is staked.
 * @param pause waits a quarter of a second between two looks
 * @returns the first round that the seat counts for
 * @throws ContractRefusal StakeTooLow, SeatsFull, AlreadySeated; WrongKind
 */
export async function joinFeed(
  client: OracleClient,
  wallet: Wallet,
  feed: Feed,
  amount: bigint,
  pause: () => Promise<void>,
): Promise<number> {
  requireRounds(feed);
  const { seated } = await client.seatOf(feed, wallet.address);
  if (seated) throw new ContractRefusal('AlreadySeated', []);
  const missing = amount - (await client.stakeOf(feed, wallet.address));
  if (missing > 0n) {
    const to = await client.stakeRegistry(feed);
    const data = calldata(stakeAbi, 'deposit', []);
    await mined(client, await wallet.send({ to, data, value: missing }), pause);
  }
  const data = calldata(oracleAbi, 'takeSeat', [feed.id]);
  await mined(client, await wallet.send({ to: feed.oracle, data }), pause);
  return (await client.seatOf(feed, wallet.address)).fromRound;
}
