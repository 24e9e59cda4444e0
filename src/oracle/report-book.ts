/**
 * What a reporter has promised, on disk before the promise leaves: the value of each round, so that
 * it can be revealed after a crash and no round is ever answered with two values.
 */

import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
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

/** Another process writes this book: two writers could answer one round with two values. */
export class BookInUse extends Error {
  readonly code = 'book-in-use';
  constructor(file: string, pid: number) {
    super(`${file} is in use by process ${pid}: an account reports from one place only`);
    this.name = 'BookInUse';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Takes the lock of a book for this process. A lock that a dead process left is taken over. */
export async function lockBook(file: string): Promise<void> {
  const lock = `${file}.lock`;
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (holder > 0 && holder !== process.pid && isRunning(holder)) throw new BookInUse(file, holder);
  if (holder > 0) await rm(lock, { force: true });
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new BookInUse(file, Number(await readFile(lock, 'utf8').catch(() => '')));
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

  /** Opens or begins the book. @throws BookInUse, or Error naming the file when it is damaged */
  static async open(file: string): Promise<ReportBook> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await lockBook(file);
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
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
    // Only rounds before this one are forgotten, so that no promise is dropped that is still due.
    for (const old of rounds.slice(0, -limits.reportsRememberedPerFeed)) {
      if (old.round < entry.round) this.#promised.delete(keyOf(old.feed, old.round));
    }
    try {
      await this.#save();
    } catch (error) {
      if (known === undefined) this.#promised.delete(keyOf(entry.feed, entry.round));
      throw error;
    }
  }

  #save(): Promise<void> {
    // A save that failed must not keep later ones from the disk.
    this.#saving = this.#saving
      .catch(() => {})
      .then(async () => {
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
