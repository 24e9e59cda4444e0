/** Decimal text to scaled integers and back: prices never pass through binary floating point. */

/**
 * `text` times 10^decimals, rounded half away from zero when it has more digits.
 * @throws RangeError when the text is no decimal number.
 */
export function parseDecimal(text: string, decimals: number): bigint {
  const match = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text.trim());
  if (match === null) throw new RangeError(`"${text}" is no decimal number`);
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const shift = decimals + Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  let value: bigint;
  if (shift >= 0) value = digits * 10n ** BigInt(shift);
  else {
    const divisor = 10n ** BigInt(-shift);
    value = (digits + divisor / 2n) / divisor;
  }
  return sign === '-' ? -value : value;
}

/**
 * An amount of money: `text` times 10^decimals, exactly.
 * @throws RangeError when the text is no decimal number or has more digits than there are
 */
export function parseAmount(text: string, decimals: number): bigint {
  const value = parseDecimal(text, decimals);
  if (parseDecimal(text, decimals + 64) !== value * 10n ** 64n) {
    throw new RangeError(`"${text}" has more than ${decimals} digits after the point`);
  }
  return value;
}

/** The decimal text of a scaled integer, without trailing zeros beyond two places. */
export function formatDecimal(value: bigint, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const shown = decimals === 0 ? '' : `.${fraction.padEnd(Math.min(2, decimals), '0')}`;
  return `${value < 0n ? '-' : ''}${whole}${shown}`;
}
