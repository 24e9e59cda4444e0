/** The parameters of proof of work in a genesis file: names, ranges, and what breaks if they are wrong. */

import { limits } from '../../primitives/limits.ts';
import { targetOfBits } from '../../primitives/work.ts';

/** A devnet's rhythm: blocks come when somebody waits for them, not when the hash says so. */
export interface Pace {
  /** A block comes this long after its parent even when it is empty. */
  readonly intervalMs: number;
  /** A block comes this long after the first waiting transaction. */
  readonly transactionMs: number;
}

export interface PowParameters {
  /** `asert` steers each block's difficulty; `fixed` keeps the genesis bits for ever. */
  readonly difficulty: 'asert' | 'fixed';
  /** Ideal seconds between blocks. */
  readonly spacing: number;
  /** ASERT's half-life in seconds. */
  readonly halfLife: number;
  /** A block's time is at least its parent's plus this, seconds. */
  readonly step: number;
  /** A block's time is at most the clock plus this, seconds. */
  readonly futureLimit: number;
  /** Bits of the easiest target; the genesis bits when undefined. */
  readonly limitBits: number | undefined;
  /** A branch with less work than this is never stored. */
  readonly minimumWork: bigint;
  readonly pace: Pace | undefined;
}

const knownKeys = [
  'difficulty',
  'spacing',
  'halfLife',
  'step',
  'futureLimit',
  'limitBits',
  'minimumWork',
  'pace',
];

function fail(key: string, remedy: string): never {
  throw new Error(`genesis.consensus.parameters.${key} ${remedy}`);
}

function integer(object: Record<string, unknown>, key: string, min: number, max: number): number {
  const value = object[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    fail(key, `is ${String(value)}: an integer from ${min} to ${max} is needed`);
  }
  return value;
}

function objectOf(json: unknown, key: string, known: readonly string[]): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    fail(key, 'must be a JSON object');
  }
  for (const name of Object.keys(json)) {
    if (!known.includes(name)) fail(key === '' ? name : `${key}.${name}`, 'is unknown: remove it');
  }
  return json as Record<string, unknown>;
}

function parseLimitBits(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{8}$/.test(value)) {
    fail('limitBits', `is ${String(value)}: compact bits as 0x and eight digits are needed`);
  }
  const bits = Number(value);
  if (targetOfBits(bits) === undefined) {
    fail(
      'limitBits',
      `is ${value}, which is zero, negative or above 2^256: use 0x207fffff or less`,
    );
  }
  return bits;
}

function parseMinimumWork(value: unknown): bigint {
  if (value === undefined) return 0n;
  if (typeof value !== 'string' || !/^(0x[0-9a-fA-F]{1,64}|[0-9]{1,77})$/.test(value)) {
    fail(
      'minimumWork',
      `is ${String(value)}: a number of hashes as text (0x… or decimal) is needed`,
    );
  }
  return BigInt(value);
}

function parsePace(value: unknown): Pace | undefined {
  if (value === undefined) return undefined;
  const object = objectOf(value, 'pace', ['intervalMs', 'transactionMs']);
  const wait = (name: 'intervalMs' | 'transactionMs'): number => {
    const milliseconds = object[name];
    if (!Number.isSafeInteger(milliseconds) || (milliseconds as number) < 1) {
      fail(`pace.${name}`, `is ${String(milliseconds)}: whole milliseconds from 1 up are needed`);
    }
    return milliseconds as number;
  };
  return { intervalMs: wait('intervalMs'), transactionMs: wait('transactionMs') };
}

/**
 * Reads `genesis.consensus.parameters`.
 * @throws Error naming the key that is wrong and what it needs.
 */
export function parseParameters(json: unknown): PowParameters {
  const object = objectOf(json, '', knownKeys);
  const { difficulty } = object;
  if (difficulty !== 'asert' && difficulty !== 'fixed') {
    fail('difficulty', `is ${String(difficulty)}: use "asert", or "fixed" for a devnet`);
  }
  const parameters: PowParameters = {
    difficulty,
    spacing: integer(object, 'spacing', 1, 86_400),
    halfLife: integer(object, 'halfLife', 1, 31_536_000),
    step: integer(object, 'step', 0, 86_400),
    futureLimit: integer(object, 'futureLimit', 1, 86_400),
    limitBits: parseLimitBits(object.limitBits),
    minimumWork: parseMinimumWork(object.minimumWork),
    pace: parsePace(object.pace),
  };
  if (parameters.step > parameters.spacing) {
    fail('step', `is ${parameters.step}: above the spacing no chain can keep its schedule`);
  }
  const ratio = parameters.futureLimit / parameters.halfLife;
  if (difficulty === 'asert' && ratio > limits.futureOverHalfLifeMax) {
    // A miner who dates its block F ahead multiplies its own next target by 2^(F / half-life).
    fail('futureLimit', `is ${parameters.futureLimit}: at most halfLife / 60 is safe`);
  }
  return parameters;
}
