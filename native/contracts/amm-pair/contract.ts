/**
 * AmmPair: two tokens with constant product and a fee of 0.3 % that stays with those who provide the
 * liquidity; Uniswap v2's interface and rules. Whoever calls pays first: a pair compares what it
 * holds with its reserves. The first 1,000 shares belong to nobody, so that a share keeps a price.
 * Storage: shares at 0 to 3 (token/), parts.ts at 4 to 7, the ring of observations at 8 and 9.
 */

import { Span } from "../sdk/calldata";
import { call, input } from "../sdk/call";
import { blockNumber, blockTimestamp } from "../sdk/host";
import { squareRoot } from "../sdk/mathematics";
import { self, sender } from "../sdk/message";
import { emit, event, returns } from "../sdk/output";
import { text } from "../sdk/reason";
import { require } from "../sdk/revert";
import { keccak, read, write } from "../sdk/storage";
import { isZero, minimum, U256, u256 } from "../sdk/u256";
import { add, announce, balanceOf, subtract } from "../token/ledger";
import { domain, permitFor } from "../token/permit";
import { errors, events } from "./interface";
import { touch } from "./observing";
import {
  factorySlot, held, lock, pay, readReserves, Reserves, token0, token0Slot, token1, token1Slot,
  unlock, writeReserves,
} from "./parts";
import { readHead, writeHead } from "./ring";

export { allowance, approve, balanceOf, transfer, transferFrom } from "../token/ledger";
export { nonces } from "../token/permit";
export {
  blockSpan, history, increaseObservationCardinalityNext, longestSegment, observationState,
  observations, observe, poke, price0CumulativeLast, price1CumulativeLast, span,
} from "./observing";
export { token0, token1 } from "./parts";

const supplySlot: u64 = 0;
const lockedShares: u64 = 1000;
/** uniswapV2Call(address,uint256,uint256,bytes): what a flash borrower offers. */
const borrowerSelector: u32 = 0x10d1e85c;
const shareName = "Dodona LP";

export function construct(first: U256, second: U256): void {
  write(u256(factorySlot), sender());
  write(u256(token0Slot), first);
  write(u256(token1Slot), second);
}

export function name(): void {
  const span = text(shareName);
  returns(3).number(32).bytes(span.data, span.length);
}

export function symbol(): void {
  const span = text("DLP");
  returns(3).number(32).bytes(span.data, span.length);
}

export function decimals(): u64 {
  return 18;
}

export function totalSupply(): U256 {
  return read(u256(supplySlot));
}

export function DOMAIN_SEPARATOR(): U256 {
  const span = text(shareName);
  return domain(keccak(span.data, span.length));
}

export function permit(
  owner: U256, spender: U256, amount: U256, deadline: U256, v: u64, r: U256, s: U256,
): void {
  permitFor(DOMAIN_SEPARATOR(), owner, spender, amount, deadline, v, r, s);
}

export function MINIMUM_LIQUIDITY(): U256 {
  return u256(lockedShares);
}

export function factory(): U256 {
  return read(u256(factorySlot));
}

export function getReserves(): void {
  const reserves = readReserves();
  returns(3).word(reserves.reserve0).word(reserves.reserve1).number(reserves.time);
}

function issue(target: U256, shares: U256): void {
  add(target, shares);
  announce(u256(0), target, shares);
}

function requireNarrow(balance: U256): void {
  require((balance.limb2 | balance.limb3 | (balance.limb1 >> 48)) == 0, errors.Overflow);
}

/** Observes what was, then takes the balances as reserves. */
function update(before: Reserves, balance0: U256, balance1: U256, isTrade: bool): void {
  requireNarrow(balance0);
  requireNarrow(balance1);
  const head = readHead();
  const time = blockTimestamp();
  if (touch(head, before) || (isTrade && head.tradeHeight != blockNumber())) {
    if (isTrade) {
      head.tradeTime = time;
      head.tradeHeight = blockNumber();
    }
    writeHead(head);
  }
  writeReserves(balance0, balance1, time);
  emit(event(events.Sync, 2).word(balance0).word(balance1), 1);
}

/** Shares for what the pair holds above its reserves. */
export function mint(target: U256): U256 {
  lock();
  const reserves = readReserves();
  const balance0 = held(token0());
  const balance1 = held(token1());
  const amount0 = balance0 - reserves.reserve0;
  const amount1 = balance1 - reserves.reserve1;
  requireNarrow(balance0);
  requireNarrow(balance1);
  const total = totalSupply();
  let shares: U256;
  let issued: U256;
  if (isZero(total)) {
    issued = squareRoot(amount0 * amount1);
    require(issued > u256(lockedShares), errors.InsufficientLiquidityMinted);
    shares = issued - u256(lockedShares);
    issue(u256(0), u256(lockedShares));
  } else {
    shares = minimum(
      amount0 * total / reserves.reserve0, amount1 * total / reserves.reserve1,
    );
    require(!isZero(shares), errors.InsufficientLiquidityMinted);
    issued = shares;
  }
  write(u256(supplySlot), total + issued);
  issue(target, shares);
  update(reserves, balance0, balance1, false);
  emit(event(events.Mint, 3).word(sender()).word(amount0).word(amount1), 2);
  unlock();
  return shares;
}

/** Pays both tokens for the shares that the pair itself holds. */
export function burn(target: U256): void {
  lock();
  const reserves = readReserves();
  const coin0 = token0();
  const coin1 = token1();
  const shares = balanceOf(self());
  const total = totalSupply();
  const amount0 = shares * held(coin0) / total;
  const amount1 = shares * held(coin1) / total;
  require(!isZero(amount0) && !isZero(amount1), errors.InsufficientLiquidityBurned);
  subtract(self(), shares);
  write(u256(supplySlot), total - shares);
  announce(self(), u256(0), shares);
  pay(coin0, target, amount0);
  pay(coin1, target, amount1);
  update(reserves, held(coin0), held(coin1), false);
  const writer = event(events.Burn, 4).word(sender()).word(target).word(amount0).word(amount1);
  emit(writer, 3);
  unlock();
  returns(2).word(amount0).word(amount1);
}

/** What came in beyond the reserves that the payment left. */
function amountIn(balance: U256, reserve: U256, out: U256): U256 {
  const rest = reserve - out;
  return balance > rest ? balance - rest : u256(0);
}

/** A balance in thousandths, less the fee on what came in. */
function charged(balance: U256, paid: U256): U256 {
  return balance * u256(1000) - paid * u256(3);
}

/** Pays out first, calls the receiver when there is `data`, then wants to have been paid. */
export function swap(amount0Out: U256, amount1Out: U256, target: U256, data: Span): void {
  lock();
  require(!isZero(amount0Out) || !isZero(amount1Out), errors.InsufficientOutputAmount);
  const reserves = readReserves();
  const enough = amount0Out < reserves.reserve0 && amount1Out < reserves.reserve1;
  require(enough, errors.InsufficientLiquidity);
  const coin0 = token0();
  const coin1 = token1();
  require(target != coin0 && target != coin1, errors.InvalidRecipient);
  if (!isZero(amount0Out)) pay(coin0, target, amount0Out);
  if (!isZero(amount1Out)) pay(coin1, target, amount1Out);
  if (data.length > 0) lend(target, amount0Out, amount1Out, data);
  const balance0 = held(coin0);
  const balance1 = held(coin1);
  const amount0In = amountIn(balance0, reserves.reserve0, amount0Out);
  const amount1In = amountIn(balance1, reserves.reserve1, amount1Out);
  require(!isZero(amount0In) || !isZero(amount1In), errors.InsufficientInputAmount);
  requireNarrow(balance0);
  requireNarrow(balance1);
  const product = charged(balance0, amount0In) * charged(balance1, amount1In);
  require(product >= reserves.reserve0 * reserves.reserve1 * u256(1_000_000), errors.K);
  update(reserves, balance0, balance1, true);
  const writer = event(events.Swap, 6).word(sender()).word(target);
  emit(writer.word(amount0In).word(amount1In).word(amount0Out).word(amount1Out), 3);
  unlock();
}

function lend(target: U256, amount0: U256, amount1: U256, data: Span): void {
  const question = input(borrowerSelector, 5 + ((data.length + 31) >> 5));
  question.word(sender()).word(amount0).word(amount1).number(128).bytes(data.data, data.length);
  call(target, question, u256(0));
}

/** Pays out what the pair holds above its reserves. */
export function skim(target: U256): void {
  lock();
  const reserves = readReserves();
  pay(token0(), target, held(token0()) - reserves.reserve0);
  pay(token1(), target, held(token1()) - reserves.reserve1);
  unlock();
}

/** Takes what the pair holds as its reserves. */
export function sync(): void {
  lock();
  update(readReserves(), held(token0()), held(token1()), false);
  unlock();
}
