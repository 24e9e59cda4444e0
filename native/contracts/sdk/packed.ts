/**
 * Several values in one storage word, the first at the low end, as Solidity packs struct members.
 */

import { panic, PANIC_OVERFLOW } from "./revert";
import { limbs, U256 } from "./u256";

/** The lower uint128 of {uint128 low; uint128 high}. */
export function low128(word: U256): U256 {
  return limbs(word.limb0, word.limb1, 0, 0);
}

export function high128(word: U256): U256 {
  return limbs(word.limb2, word.limb3, 0, 0);
}

/** Both halves in one word; a half of more than 128 bits is a Panic. */
export function pack128(low: U256, high: U256): U256 {
  if ((low.limb2 | low.limb3 | high.limb2 | high.limb3) != 0) panic(PANIC_OVERFLOW);
  return limbs(low.limb0, low.limb1, high.limb0, high.limb1);
}

/** The address of {address account; uint96 amount}. */
export function accountOf(word: U256): U256 {
  return limbs(word.limb0, word.limb1, word.limb2 & 0xffffffff, 0);
}

export function amountOf(word: U256): U256 {
  return limbs((word.limb2 >> 32) | (word.limb3 << 32), word.limb3 >> 32, 0, 0);
}

/** Address and amount in one word; an amount of more than 96 bits is a Panic. */
export function packAccount(account: U256, amount: U256): U256 {
  if ((amount.limb2 | amount.limb3 | (amount.limb1 >> 32)) != 0) panic(PANIC_OVERFLOW);
  return limbs(
    account.limb0,
    account.limb1,
    account.limb2 | (amount.limb0 << 32),
    (amount.limb0 >> 32) | (amount.limb1 << 32),
  );
}
