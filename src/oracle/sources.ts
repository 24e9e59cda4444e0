/**
 * Where a reporter's prices come from: HTTP JSON, a CSV replay, a sample market that is made up.
 * Each source answers one question, the price at a time, or says why it cannot.
 */

import { limits } from '../primitives/limits.ts';
import { parseDecimal } from './decimal.ts';

export interface PriceSource {
  /** As shown to the operator, for instance the URL or the CSV column. */
  readonly name: string;
  /** True when a past time has its own answer; a live source knows the present alone. */
  readonly knowsPast?: boolean;
  /** Price at `time` (seconds since 1970), scaled by 10^decimals. @throws SourceError */
  read(time: number): Promise<bigint>;
}

/** A source that has no usable price now. The agent goes on with its others. */
export class SourceError extends Error {
  readonly code: 'source-unreachable' | 'source-malformed' | 'source-silent';
  constructor(code: SourceError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SourceError';
    this.code = code;
  }
}

/** The member of a parsed JSON value that a path such as `data.0.price` names. */
export function pickPath(json: unknown, path: string): unknown {
  let value = json;
  for (const part of path.split('.').filter((name) => name !== '')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
  }
  return value;
}

async function readLimited(response: Response, name: string): Promise<string> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    sizeBytes += part.value.length;
    if (sizeBytes > limits.sourceResponseSizeBytesMax) {
      await reader?.cancel();
      throw new SourceError(
        'source-malformed',
        `${name} answered more than ${limits.sourceResponseSizeBytesMax} bytes`,
      );
    }
    chunks.push(part.value);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** A price in a JSON document behind a URL. The clock is the server's: `time` is not sent. */
export function httpSource(options: {
  readonly url: string;
  readonly path: string;
  readonly decimals: number;
}): PriceSource {
  const name = `${options.url} ${options.path}`;
  return {
    name,
    async read() {
      let text: string;
      try {
        const response = await fetch(options.url, {
          headers: { accept: 'application/json' },
          redirect: 'error',
          signal: AbortSignal.timeout(limits.sourceTimeoutMs),
        });
        if (!response.ok) throw new Error(`status ${response.status}`);
        text = await readLimited(response, name);
      } catch (error) {
        if (error instanceof SourceError) throw error;
        throw new SourceError('source-unreachable', `${name}: ${(error as Error).message}`, error);
      }
      let found: unknown;
      try {
        found = pickPath(JSON.parse(text), options.path);
      } catch (error) {
        throw new SourceError('source-malformed', `${name} answered no JSON`, error);
      }
      if (typeof found !== 'string' && typeof found !== 'number') {
        throw new SourceError('source-malformed', `${name} has no number at "${options.path}"`);
      }
      return parsePrice(String(found), options.decimals, name);
    },
  };
}

function parsePrice(text: string, decimals: number, name: string): bigint {
  let price: bigint;
  try {
    price = parseDecimal(text, decimals);
  } catch (error) {
    throw new SourceError('source-malformed', `${name}: ${(error as Error).message}`, error);
  }
  if (price <= 0n)
    throw new SourceError('source-malformed', `${name}: price ${text} is not positive`);
  return price;
}

/** One column of a CSV file with a first line of names and ascending times in its first column. */
export interface PriceTable {
  readonly times: readonly number[];
  /** Decimal texts; empty where there was no trade. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

/** @throws RangeError naming the line that is wrong. */
export function parsePriceTable(text: string): PriceTable {
  const [header = '', ...rows] = text.split(/\r?\n/).filter((line) => line !== '');
  const names = header.split(',');
  const times: number[] = [];
  const columns = new Map<string, string[]>(names.slice(1).map((name) => [name, []]));
  rows.forEach((row, index) => {
    const cells = row.split(',');
    const time = Number(cells[0]);
    if (!Number.isSafeInteger(time) || time <= (times.at(-1) ?? -1)) {
      throw new RangeError(`line ${index + 2}: "${cells[0]}" is no time after the line before it`);
    }
    if (cells.length !== names.length) {
      throw new RangeError(`line ${index + 2}: ${cells.length} cells, ${names.length} are needed`);
    }
    times.push(time);
    names.slice(1).forEach((name, column) => {
      columns.get(name)?.push(cells[column + 1] as string);
    });
  });
  return { times, columns };
}

/**
 * Replays a column: the last trade at or before the replayed time. `clock` maps the asked time to
 * the table's, so that days can be replayed in minutes. A gap longer than `maxAge` is silence.
 */
export function replaySource(options: {
  readonly table: PriceTable;
  readonly column: string;
  readonly decimals: number;
  readonly maxAgeSeconds: number;
  readonly clock: (time: number) => number;
}): PriceSource {
  const { table, column } = options;
  const cells = table.columns.get(column);
  if (cells === undefined) {
    throw new RangeError(
      `no column "${column}": the file has ${[...table.columns.keys()].join(', ')}`,
    );
  }
  const name = `replay ${column}`;
  return {
    name,
    knowsPast: true,
    async read(asked) {
      const time = options.clock(asked);
      let row = lastAtOrBefore(table.times, time);
      while (row >= 0 && cells[row] === '') row -= 1;
      const age = time - (table.times[row] ?? Number.NEGATIVE_INFINITY);
      if (row < 0 || age > options.maxAgeSeconds) {
        throw new SourceError(
          'source-silent',
          `${name} has no trade in the ${options.maxAgeSeconds} s before ${time}`,
        );
      }
      return parsePrice(cells[row] as string, options.decimals, name);
    },
  };
}

function lastAtOrBefore(times: readonly number[], time: number): number {
  let low = -1;
  let high = times.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= time) low = middle;
    else high = middle;
  }
  return low;
}

/** 32-bit mixing (finalizer of MurmurHash3): the same on every machine, good enough to make up prices. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * A made-up market for development networks: a wave of hours and minutes around `base` that all
 * reporters share, plus up to 10 basis points that differ by `seed`. The same at each run; it
 * says nothing about any real market.
 */
export function sampleSource(options: {
  readonly seed: number;
  readonly base: bigint;
}): PriceSource {
  return {
    name: `sample market ${options.seed} (made up)`,
    knowsPast: true,
    async read(time) {
      const wave = (period: number): bigint =>
        BigInt(Math.round(1_000_000 * Math.sin((2 * Math.PI * (time % period)) / period)));
      const shared = wave(3_600) * 2n + wave(420) / 2n + wave(86_400) * 3n;
      const noise = BigInt((mix(options.seed * 0x9e3779b1 + Math.floor(time / 5)) % 2_001) - 1_000);
      const ppm = shared / 100n + noise;
      return options.base + (options.base * ppm) / 1_000_000n;
    },
  };
}
