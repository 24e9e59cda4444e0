/**
 * A pair of two tokens with constant product and a fee of 0.3 % that stays with those who provide
 * the liquidity. The first provider leaves 1,000 shares for good, so that a share keeps a price.
 */

import {
  Address, Indexed, isZero, Mapping, minimum, mulDiv, require, self, sender, squareRoot, U256, u256,
} from "dodona";

const lockedShares: u64 = 1000;

@contract declare class Token {
  transfer(to: Address, amount: U256): bool;
  transferFrom(from: Address, to: Address, amount: U256): bool;
  @view balanceOf(account: Address): U256;
}

@storage class Pair {
  static token0: Address;
  static token1: Address;
  static reserve0: U256;
  static reserve1: U256;
  static totalShares: U256;
  static shares: Mapping<Address, U256>;
  static entered: bool;
}

@result class Reserves {
  reserve0: U256;
  reserve1: U256;
}

@event declare function Added(by: Indexed<Address>, amount0: U256, amount1: U256, shares: U256): void;
@event declare function Removed(
  by: Indexed<Address>, amount0: U256, amount1: U256, shares: U256,
): void;
@event declare function Swapped(
  by: Indexed<Address>, tokenIn: Indexed<Address>, amountIn: U256, amountOut: U256,
): void;

@error declare function TooLittle(amount: U256, minimum: U256): void;
@error declare function UnknownToken(token: Address): void;

@constructor
export function create(token0: Address, token1: Address): void {
  require(token0 != token1, "two tokens are needed");
  Pair.token0 = token0;
  Pair.token1 = token1;
}

@view
export function getReserves(): Reserves {
  return Reserves.of(Pair.reserve0, Pair.reserve1);
}

@view
export function sharesOf(account: Address): U256 {
  return Pair.shares.get(account);
}

@view
export function totalShares(): U256 {
  return Pair.totalShares;
}

/** What `amountIn` of `tokenIn` buys now. */
@view
export function quote(tokenIn: Address, amountIn: U256): U256 {
  const isFirst = isToken0(tokenIn);
  const reserveIn = isFirst ? Pair.reserve0 : Pair.reserve1;
  const reserveOut = isFirst ? Pair.reserve1 : Pair.reserve0;
  const charged = amountIn * u256(997);
  return mulDiv(charged, reserveOut, reserveIn * u256(1000) + charged);
}

/** Takes both amounts from the caller and gives shares for the smaller side. */
@call
export function add(amount0: U256, amount1: U256): U256 {
  enter();
  const total = Pair.totalShares;
  let shares: U256;
  if (isZero(total)) {
    const all = squareRoot(amount0 * amount1);
    require(all > u256(lockedShares), "too little to begin with");
    shares = all - u256(lockedShares);
    Pair.totalShares = all;
    Pair.shares.set(u256(0), u256(lockedShares));
  } else {
    shares = minimum(
      mulDiv(amount0, total, Pair.reserve0), mulDiv(amount1, total, Pair.reserve1),
    );
    require(!isZero(shares), "too little for a share");
    Pair.totalShares = total + shares;
  }
  Pair.shares.set(sender(), Pair.shares.get(sender()) + shares);
  Added(sender(), amount0, amount1, shares);
  take(Pair.token0, amount0);
  take(Pair.token1, amount1);
  leave();
  return shares;
}

/** Pays both tokens for `shares` of the caller. */
@call
export function remove(shares: U256): bool {
  enter();
  const total = Pair.totalShares;
  const amount0 = mulDiv(shares, Pair.reserve0, total);
  const amount1 = mulDiv(shares, Pair.reserve1, total);
  Pair.shares.set(sender(), Pair.shares.get(sender()) - shares);
  Pair.totalShares = total - shares;
  Removed(sender(), amount0, amount1, shares);
  pay(Pair.token0, amount0);
  pay(Pair.token1, amount1);
  leave();
  return true;
}

/** Swaps `amountIn` of one token for at least `least` of the other. */
@call
export function swap(tokenIn: Address, amountIn: U256, least: U256): U256 {
  enter();
  const amountOut = quote(tokenIn, amountIn);
  if (isZero(amountOut) || amountOut < least) TooLittle(amountOut, least);
  const tokenOut = isToken0(tokenIn) ? Pair.token1 : Pair.token0;
  Swapped(sender(), tokenIn, amountIn, amountOut);
  take(tokenIn, amountIn);
  pay(tokenOut, amountOut);
  leave();
  return amountOut;
}

function isToken0(token: Address): bool {
  if (token != Pair.token0 && token != Pair.token1) UnknownToken(token);
  return token == Pair.token0;
}

function take(token: Address, amount: U256): void {
  require(Token.at(token).transferFrom(sender(), self(), amount), "the token was not paid");
}

function pay(token: Address, amount: U256): void {
  require(Token.at(token).transfer(sender(), amount), "the token does not pay");
}

/** Tokens are foreign code: while they run, nobody enters again. */
function enter(): void {
  require(!Pair.entered, "the pair is at work");
  Pair.entered = true;
}

function leave(): void {
  Pair.reserve0 = Token.at(Pair.token0).balanceOf(self());
  Pair.reserve1 = Token.at(Pair.token1).balanceOf(self());
  Pair.entered = false;
}
