/**
 * Claims that a machine can check, and what a price says about them:
 *
 *   claim    = quantity " " relation " " number " " when
 *   quantity = printable characters without a space, such as BTC/USD
 *   relation = "<" | "<=" | ">" | ">="
 *   number   = digits [ "." digits ], at most 18 of them after the point
 *   when     = ( "at" | "before" ) " " time
 *   time     = a second of UTC, such as 2026-01-01T00:00:00Z
 *
 * `at` speaks of the last price at or before the time, `before` of some price before the time, as
 * far back as the source goes. Nothing may stand before or after: a jury reads the same text.
 */

import { formatDecimal, parseAmount } from './decimal.ts';

/** Prices in claims are scaled by 10^18, whatever the sources' own digits. */
export const claimDecimals = 18;

const relations = ['<', '<=', '>', '>='] as const;
type Relation = (typeof relations)[number];

export interface Claim {
  readonly quantity: string;
  readonly relation: Relation;
  /** Scaled by 10^18. */
  readonly threshold: bigint;
  readonly when: 'at' | 'before';
  /** Seconds since 1970. */
  readonly time: number;
}

/** `close`: within the margin around the threshold, where sources may honestly differ. */
export type Judgement = 'right' | 'wrong' | 'close';

const grammar =
  /^([!-~]{1,64}) (<=?|>=?) (\d{1,30}(?:\.\d{1,18})?) (at|before) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/;

/** Seconds since 1970 of a second of UTC; undefined for the 30th of February. */
function parseTime(text: string): number | undefined {
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) return undefined;
  const isSame = new Date(milliseconds).toISOString() === text.replace('Z', '.000Z');
  return isSame ? milliseconds / 1000 : undefined;
}

/** A claim of the grammar above; undefined for any other text. */
export function parseClaim(text: string): Claim | undefined {
  const [, quantity = '', relation, number = '', when, moment = ''] = grammar.exec(text) ?? [];
  const time = parseTime(moment);
  if (time === undefined) return undefined;
  return {
    quantity,
    relation: relation as Relation,
    threshold: parseAmount(number, claimDecimals),
    when: when as Claim['when'],
    time,
  };
}

/** The text of a claim's bytes; undefined when they are no UTF-8. */
export function claimText(bytes: `0x${string}`): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(bytes.slice(2), 'hex'),
    );
  } catch {
    return undefined;
  }
}

const shownCharactersMax = 160;

/** What a stranger wrote, on one line and without anything that a terminal obeys. */
export function printable(text: string): string {
  const characters = [...text.slice(0, 2 * shownCharactersMax)];
  const shown = characters.slice(0, shownCharactersMax).map((character) => {
    const isPlain = character === ' ' || !/[\p{C}\p{Z}]/u.test(character);
    return isPlain ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
  return `${shown.join('')}${characters.length > shownCharactersMax ? '…' : ''}`;
}

/** Which price of a span decides a claim about all of it. */
export function decidingSide({ relation }: Claim): 'least' | 'greatest' {
  return relation.startsWith('<') ? 'least' : 'greatest';
}

/** What `value`, scaled by 10^18, says about a claim. */
export function judge(claim: Claim, value: bigint, marginBps: number): Judgement {
  const { relation, threshold } = claim;
  const distance = value > threshold ? value - threshold : threshold - value;
  if (distance * 10_000n < threshold * BigInt(marginBps)) return 'close';
  const holds = {
    '<': value < threshold,
    '<=': value <= threshold,
    '>': value > threshold,
    '>=': value >= threshold,
  };
  return holds[relation] ? 'right' : 'wrong';
}

/** A price of 18 decimals for people. */
export function claimPrice(value: bigint): string {
  return formatDecimal(value, claimDecimals);
}
