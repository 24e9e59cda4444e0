/**
 * What a juror has promised, on disk before a vote leaves: one outcome for each round of a question,
 * under the lock that keeps a second process from voting otherwise.
 */

import { ReportBook } from './report-book.ts';

/** Questions as the book keys them: 32 bytes. */
export function questionText(id: bigint): `0x${string}` {
  return `0x${id.toString(16).padStart(64, '0')}`;
}

export class VoteBook {
  readonly #book: ReportBook;

  private constructor(book: ReportBook) {
    this.#book = book;
  }

  /** Opens or begins the book. @throws BookInUse, or Error naming the file when it is damaged */
  static async open(file: string): Promise<VoteBook> {
    return new VoteBook(await ReportBook.open(file));
  }

  get(question: bigint, round: number): number | undefined {
    const promised = this.#book.get(questionText(question), round);
    return promised === undefined ? undefined : Number(promised.value);
  }

  /** Resolves when it is durable. @throws AlreadyPromised for a second, other outcome */
  promise(question: bigint, round: number, outcome: number): Promise<void> {
    return this.#book.promise({ feed: questionText(question), round, value: BigInt(outcome) });
  }
}
