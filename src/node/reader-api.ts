/** What the main thread asks of a reader thread. */

import type { ReadAnswer } from '../api/backend.ts';
import type { HeaderEntry } from '../primitives/block.ts';
import type { OpenedChain } from './executor-api.ts';

export interface ReaderOptions {
  readonly database: string;
  readonly genesisFile: string;
  readonly finality: OpenedChain['finality'];
  readonly clientVersion: string;
}

export interface ReaderApi {
  open(options: ReaderOptions): Promise<void>;
  /** Runs one read method over one snapshot of the database. */
  read(method: string, parameters: readonly unknown[]): ReadAnswer;
  finality(): { readonly safe: HeaderEntry; readonly finalized: HeaderEntry };
  stop(): Promise<void>;
}

export type ReaderNotice = {
  readonly kind: 'fault';
  readonly method: string;
  readonly text: string;
};
