/**
 * What a reporter has promised, on disk before the promise leaves: the value of each round, so that
 * it can be revealed after a crash and no round is ever answered with two values.
 */

import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { limits } from '../primitives/limits.ts';

export interface Promised {
  readonly feed: `0x${string}`;
  readonly round: number;
  readonly value: bigint;
}

/** Another value was already promised for this round. */
export class AlreadyPromised extends Error {
  readonly code = 'already-promised';
  constructor(promised: Promised) {
    super(`round ${promised.round} was already answered with ${promised.value}`);
    this.name = 'AlreadyPromised';
  }
}

const keyOf = (feed: string, round: number): string => `${feed} ${round}`;

export class ReportBook {
  readonly #file: string;
  readonly #promised: Map<string, Promised>;
  #saving: Promise<void> = Promise.resolve();

  private constructor(file: string, promised: readonly Promised[]) {
    this.#file = file;
    this.#promised = new Map(promised.map((entry) => [keyOf(entry.feed, entry.round), entry]));
  }

  /** Opens or begins the book. @throws Error naming the file when it is damaged */
  static async open(file: string): Promise<ReportBook> {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      return new ReportBook(file, []);
    }
    try {
      const entries = JSON.parse(text) as { feed: `0x${string}`; round: number; value: string }[];
      return new ReportBook(
        file,
        entries.map(({ feed, round, value }) => ({ feed, round, value: BigInt(value) })),
      );
    } catch (error) {
      throw new Error(`${file} is no report book: move it away to start a new one`, {
        cause: error,
      });
    }
  }

  get(feed: string, round: number): Promised | undefined {
    return this.#promised.get(keyOf(feed, round));
  }

  /** Open promises of a feed, oldest first. */
  of(feed: string): readonly Promised[] {
    return [...this.#promised.values()]
      .filter((entry) => entry.feed === feed)
      .sort((left, right) => left.round - right.round);
  }

  /** Resolves when the promise is durable. @throws AlreadyPromised for a second, other value */
  async promise(entry: Promised): Promise<void> {
    const known = this.get(entry.feed, entry.round);
    if (known !== undefined && known.value !== entry.value) throw new AlreadyPromised(known);
    this.#promised.set(keyOf(entry.feed, entry.round), entry);
    const rounds = this.of(entry.feed);
    for (const old of rounds.slice(0, -limits.reportsRememberedPerFeed)) {
      this.#promised.delete(keyOf(old.feed, old.round));
    }
    await this.#save();
  }

  #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const entries = [...this.#promised.values()].map(({ feed, round, value }) => ({
        feed,
        round,
        value: value.toString(),
      }));
      const handle = await open(`${this.#file}.new`, 'w', 0o600);
      try {
        await handle.writeFile(`${JSON.stringify(entries, null, 1)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(`${this.#file}.new`, this.#file);
    });
    return this.#saving;
  }
}
