/**
 * Wallets of a run: each sends transfers through one node, waits for them, and starts again from
 * the chain's nonce when one was lost with its node or undone with its block.
 */

import { addressOfPrivateKey } from '../primitives/keys.ts';
import type { SimulatedChain } from './chain.ts';
import type { VirtualClock } from './clock.ts';
import type { SimulatedNode } from './node.ts';
import type { Random } from './random.ts';

/** A wallet gives up on what it sent after so long. */
const patienceMs = 120_000;
/** More would wait in the pool behind each other and test nothing new. */
const inFlightMax = 8n;

interface Wallet<Message> {
  readonly key: Uint8Array;
  readonly address: Uint8Array;
  readonly home: SimulatedNode<Message>;
  nextNonce: bigint;
  lastSentAt: number;
}

export class Workload<Message> {
  readonly #chain: SimulatedChain<Message>;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #wallets: readonly Wallet<Message>[];
  readonly #intervalMs: number;
  submitted = 0;

  /** @param intervalMs mean time between two transfers of the whole network */
  constructor(
    chain: SimulatedChain<Message>,
    clock: VirtualClock,
    random: Random,
    nodes: readonly SimulatedNode<Message>[],
    intervalMs: number,
  ) {
    this.#chain = chain;
    this.#clock = clock;
    this.#random = random;
    this.#intervalMs = intervalMs;
    this.#wallets = chain.accounts.map((key) => ({
      key,
      address: addressOfPrivateKey(key),
      home: random.pick(nodes),
      nextNonce: 0n,
      lastSentAt: Number.NEGATIVE_INFINITY,
    }));
  }

  begin(): void {
    if (this.#wallets.length === 0) return;
    this.#clock.schedule(this.#random.exponential(this.#intervalMs), () => {
      this.#send(this.#random.pick(this.#wallets));
      this.begin();
    });
  }

  #send(wallet: Wallet<Message>): void {
    const { home } = wallet;
    if (!home.isRunning) return;
    const mined = this.#chain.nonceOf(home.disk, wallet.address);
    const isLost = this.#clock.now - wallet.lastSentAt > patienceMs;
    if (isLost || wallet.nextNonce < mined) wallet.nextNonce = mined;
    if (wallet.nextNonce >= mined + inFlightMax) return;
    const target = this.#random.chance(0.5)
      ? this.#random.pick(this.#wallets).address
      : this.#random.bytes(20);
    const raw = this.#chain.transfer(wallet.key, wallet.nextNonce, target);
    wallet.lastSentAt = this.#clock.now;
    if (!home.submit(raw)) return;
    wallet.nextNonce += 1n;
    this.submitted += 1;
  }
}
