/**
 * Reorganisations for contract tests: remembers the chain at the end of every block and goes back to
 * any of them, as a node does that learns of a heavier branch.
 */

import type { ContractChain } from './contract-chain.ts';

/** Deepest reorganisation a test may ask for. */
const depthMax = 16;

export class ForkingChain {
  readonly #chain: ContractChain;
  readonly #blocks: { readonly height: number; readonly restore: () => void }[] = [];

  constructor(chain: ContractChain) {
    this.#chain = chain;
    chain.atEndOfBlock(() => {
      this.#blocks.push({ height: chain.height, restore: chain.snapshot() });
      if (this.#blocks.length > depthMax + 1) this.#blocks.shift();
    });
  }

  /**
   * Undoes the last `depth` blocks and what the open block held; the next call is in the first block
   * of the new branch. @throws RangeError for a depth that is not remembered.
   */
  reorganise(depth: number): void {
    const parent = this.#chain.height - depth - 1;
    const place = this.#blocks.findIndex(({ height }) => height === parent);
    const block = this.#blocks[place];
    if (block === undefined) throw new RangeError(`block ${parent} is not remembered`);
    this.#blocks.length = place + 1;
    block.restore();
  }
}
