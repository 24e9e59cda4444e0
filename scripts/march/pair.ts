/**
 * A pair of two test tokens that stand for BTC and USDC. A trader moves its price to Kraken's once a
 * minute, as far as the fee lets that pay, and TwapOracle keeps a mean of thirty minutes.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Abi, type Hex, parseAbi, parseEventLogs, parseUnits } from 'viem';
import type { Artifact } from '../../src/node/contract/artifact.ts';
import { buildContract } from '../../src/node/contract/project.ts';
import { view } from '../../src/oracle/contracts.ts';
import type { PriceSource } from '../../src/oracle/sources.ts';
import type { Transport } from '../../src/oracle/transport.ts';
import { contractAddresses } from '../build-genesis.ts';
import type { MarchChain } from './chain.ts';
import { type Contract, mustSucceed, type Sender } from './sender.ts';

const token = fileURLToPath(
  new URL('../../native/contracts/examples/erc20/contract.ts', import.meta.url),
);
const unit = 10n ** 18n;
/** The pair keeps 0.3 % of what goes in. */
const fee = { kept: 997n, of: 1_000n };
/** BTC in the pair at the start; it gets their worth in USDC. */
const depth = 500n * unit;
/** Prices of sources have eight decimals, tokens eighteen. */
const priceUnit = 10n ** 8n;

/** Seconds of the mean, and the guards of a mainnet feed. */
const terms = {
  zeroForOne: true,
  window: 1_800,
  minWindow: 300,
  minBlocks: 20,
  maxAge: 3_600,
  maxSecondsPerBlock: 240,
  divergenceBps: 500,
};
/** Observations that the pair keeps: more than a window's blocks. */
const cardinality = 64;

export interface PairSample {
  /** Seconds since 1970. */
  readonly time: number;
  /** Kraken, the pair's price after the trade, TwapOracle's answer; USDC for one BTC. */
  readonly market: number;
  readonly spot: number;
  /** Undefined while the guards refuse. */
  readonly mean: number | undefined;
}

function genesisContract(name: 'PairFactory' | 'TwapOracle'): Contract {
  const file = new URL(`../../genesis/artifacts/${name}.json`, import.meta.url);
  const { abi } = JSON.parse(readFileSync(file, 'utf8')) as { readonly abi: Abi };
  return { address: contractAddresses[name], abi };
}

function pairAbi(): Abi {
  const file = new URL('../../genesis/artifacts/AmmPair.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as Artifact).abi;
}

function root(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** What `amount` buys from the pair: Uniswap v2's `getAmountOut`. */
function bought(amount: bigint, reserveIn: bigint, reserveOut: bigint): bigint {
  const effective = amount * fee.kept;
  return (effective * reserveOut) / (reserveIn * fee.of + effective);
}

/**
 * How much of the asset with reserve `reserveIn` a trader sells until the next bit would no longer
 * pay; one unit of it is worth `numerator / denominator` of the other. 0 when the fee eats it all.
 */
function worthSelling(
  reserveIn: bigint,
  reserveOut: bigint,
  numerator: bigint,
  denominator: bigint,
): bigint {
  // With the fee, the last bit is sold at kept * in' * out' / in'^2 = numerator / denominator.
  const target = root((fee.kept * reserveIn * reserveOut * denominator) / (fee.of * numerator));
  return target > reserveIn ? ((target - reserveIn) * fee.of) / fee.kept : 0n;
}

const number = (value: bigint): number => Number(value / 10n ** 10n) / 1e8;

export class TradedPair {
  readonly samples: PairSample[] = [];
  readonly #chain: MarchChain;
  readonly #sender: Sender;
  readonly #market: PriceSource;
  readonly #pair: Contract;
  readonly #coins: readonly [Contract, Contract];
  readonly #feed: Hex;
  readonly #bitcoinIsFirst: boolean;

  private constructor(
    parts: { readonly chain: MarchChain; readonly sender: Sender; readonly market: PriceSource },
    pair: Contract,
    coins: readonly [Contract, Contract],
    feed: Hex,
  ) {
    this.#chain = parts.chain;
    this.#sender = parts.sender;
    this.#market = parts.market;
    this.#pair = pair;
    this.#coins = coins;
    this.#feed = feed;
    this.#bitcoinIsFirst = isBefore(coins[0], coins[1]);
  }

  /** Four blocks: tokens, pair, money in it, feed. */
  static async open(parts: {
    readonly chain: MarchChain;
    readonly sender: Sender;
    readonly market: PriceSource;
  }): Promise<TradedPair> {
    const { chain, sender, market } = parts;
    const { transport } = chain;
    const mined = async (hashes: readonly Hex[]): Promise<void> => {
      await chain.mine();
      await mustSucceed(transport, hashes);
    };
    const artifact = await buildContract(token);
    const supply = parseUnits('1000000000', 18);
    const bitcoin = await sender.deploy(artifact, ['Test BTC', 'tBTC', supply]);
    const dollar = await sender.deploy(artifact, ['Test USDC', 'tUSDC', supply]);
    await chain.mine();
    const factory = genesisContract('PairFactory');
    const tokens = [bitcoin.address, dollar.address];
    await mined([await sender.call(factory, 'createPair', tokens, { gas: 8_000_000n })]);
    const address = await view<Hex>(transport, factory.address, factory.abi, 'getPair', tokens);
    const pair = { address, abi: pairAbi() };
    const price = await market.read(chain.nextTime);
    const gas = 2_000_000n;
    await mined([
      await sender.call(bitcoin, 'transfer', [address, depth], { gas }),
      await sender.call(dollar, 'transfer', [address, (depth * price) / priceUnit], { gas }),
      await sender.call(pair, 'mint', [sender.address], { gas }),
    ]);
    const zeroForOne = isBefore(bitcoin, dollar);
    const configuration = { ...terms, pool: address, zeroForOne };
    const twap = genesisContract('TwapOracle');
    const creation = await sender.call(
      twap,
      'createFeedWith',
      ['BTC/USDC', configuration, cardinality],
      { gas: 20_000_000n, value: 10n * unit },
    );
    await mined([creation]);
    const feed = await createdFeed(transport, creation);
    return new TradedPair(parts, pair, [bitcoin, dollar], feed);
  }

  async #reserves(): Promise<readonly [bigint, bigint]> {
    const { address, abi } = this.#pair;
    const [first, second] = await view<[bigint, bigint, number]>(
      this.#chain.transport,
      address,
      abi,
      'getReserves',
    );
    return this.#bitcoinIsFirst ? [first, second] : [second, first];
  }

  /**
   * Sends a purchase that raises the price by so many percent, at any cost. Resolves with USDC paid,
   * and how much of it is lost when the BTC are worth the market's price.
   */
  async pump(percent: number): Promise<{ readonly paid: number; readonly lost: number }> {
    const [bitcoin, dollar] = await this.#reserves();
    const raised = root((dollar * dollar * BigInt(100 + percent)) / 100n);
    const paid = ((raised - dollar) * fee.of) / fee.kept;
    const coins = bought(paid, dollar, bitcoin);
    await this.#swap(1, paid, coins);
    const worth = (coins * (await this.#market.read(this.#chain.nextTime))) / priceUnit;
    return { paid: number(paid), lost: number(paid - worth) };
  }

  /** Sends the trade of the next block, when one pays. */
  async trade(): Promise<void> {
    const price = await this.#market.read(this.#chain.nextTime);
    const [bitcoin, dollar] = await this.#reserves();
    const sold = worthSelling(bitcoin, dollar, price, priceUnit);
    if (sold > 0n) return this.#swap(0, sold, bought(sold, bitcoin, dollar));
    const paid = worthSelling(dollar, bitcoin, priceUnit, price);
    if (paid > 0n) return this.#swap(1, paid, bought(paid, dollar, bitcoin));
  }

  async #swap(coin: 0 | 1, amountIn: bigint, amountOut: bigint): Promise<void> {
    const gas = 500_000n;
    const { address } = this.#pair;
    const getsFirst = (coin === 1) === this.#bitcoinIsFirst;
    const out = getsFirst ? [amountOut, 0n] : [0n, amountOut];
    await this.#sender.call(this.#coins[coin], 'transfer', [address, amountIn], { gas });
    await this.#sender.call(this.#pair, 'swap', [...out, this.#sender.address, '0x'], { gas });
  }

  /** Notes the prices after the block that was just mined. */
  async sample(): Promise<void> {
    const time = this.#chain.timeOf(this.#chain.height);
    const [bitcoin, dollar] = await this.#reserves();
    const twap = genesisContract('TwapOracle');
    const [, answer] = await view<readonly [bigint, bigint]>(
      this.#chain.transport,
      twap.address,
      twap.abi,
      'latestRoundData',
      [this.#feed],
    );
    this.samples.push({
      time,
      market: Number(await this.#market.read(time)) / Number(priceUnit),
      spot: Number((dollar * priceUnit) / bitcoin) / Number(priceUnit),
      mean: answer === 0n ? undefined : number(answer),
    });
  }
}

function isBefore(left: Contract, right: Contract): boolean {
  return BigInt(left.address) < BigInt(right.address);
}

async function createdFeed(transport: Transport, hash: Hex): Promise<Hex> {
  const receipt = (await transport.request('eth_getTransactionReceipt', [hash])) as {
    readonly logs: Parameters<typeof parseEventLogs>[0]['logs'];
  };
  const created = parseAbi([
    'event FeedCreated(bytes32 indexed feed, address indexed pool, uint32 minWindow)',
  ]);
  const [event] = parseEventLogs({ abi: created, logs: receipt.logs });
  if (event === undefined) throw new Error(`${hash} created no feed`);
  return event.args.feed;
}
