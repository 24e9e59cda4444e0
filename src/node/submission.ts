/**
 * Local transactions on their way to the pool. Those that arrive in one turn of the event loop,
 * such as the requests of a batch, travel to the verifier and to the executor together.
 */

import type { SubmitResult } from '../api/backend.ts';
import { limits } from '../primitives/limits.ts';
import type { ExecutorApi } from './executor-api.ts';
import { pack } from './packed.ts';
import type { Caller } from './port.ts';
import type { VerifierApi } from './verifier.ts';

interface Waiting {
  readonly raw: Uint8Array;
  readonly done: (result: SubmitResult) => void;
  readonly failed: (error: unknown) => void;
}

export class SubmissionQueue {
  readonly #executor: Caller<ExecutorApi>;
  readonly #verifier: Caller<VerifierApi>;
  #waiting: Waiting[] = [];

  constructor(executor: Caller<ExecutorApi>, verifier: Caller<VerifierApi>) {
    this.#executor = executor;
    this.#verifier = verifier;
  }

  /** Resolves with the pool's verdict on `raw`. @throws when a thread is gone */
  submit(raw: Uint8Array): Promise<SubmitResult> {
    return new Promise((done, failed) => {
      this.#waiting.push({ raw, done, failed });
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
      else if (this.#waiting.length >= limits.submissionBatchMax) this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    try {
      const raw = pack(batch.map((entry) => entry.raw));
      const recovered = await this.#verifier.call('recover', raw);
      const refusals = await this.#executor.call('submit', raw, recovered);
      for (const [index, { done }] of batch.entries()) {
        done(refusals[index] ?? { hash: recovered.hashes.slice(32 * index, 32 * index + 32) });
      }
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }
}
