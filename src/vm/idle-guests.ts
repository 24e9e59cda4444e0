/**
 * Instances that wait for the next call of their contract. To make one takes 50 us and reserves 10 GiB
 * of address space, to reset one takes 2. None leaves before it is as good as new, so results never
 * show which calls met a fresh one; those that are dropped were never cleared in vain.
 */

import { limits } from '../primitives/limits.ts';
import type { Contract } from './contract.ts';
import type { Guest } from './guest.ts';

export class IdleGuests {
  /** By contract, the one that was used longest ago first. */
  private readonly guests = new Map<Contract, Guest[]>();
  private pages = 0;

  /** An instance as good as new, which belongs to the caller until it is given back. */
  take(contract: Contract): Guest | undefined {
    const guest = this.guests.get(contract)?.pop();
    if (guest === undefined) return undefined;
    this.pages -= contract.initialPages;
    guest.reset(contract.initialBytes);
    return guest;
  }

  /** Keeps an instance after its call; one whose memory has grown is dropped for good. */
  give(contract: Contract, guest: Guest): void {
    if (guest.hasGrown) return;
    const waiting = this.guests.get(contract) ?? [];
    waiting.push(guest);
    this.guests.delete(contract);
    this.guests.set(contract, waiting);
    this.pages += contract.initialPages;
    for (const [oldest, others] of this.guests) {
      if (this.pages <= limits.idleMemoryPagesMax || oldest === contract) break;
      this.drop(oldest, others.length);
    }
    if (this.pages > limits.idleMemoryPagesMax) this.drop(contract, 1);
  }

  /** Drops everything of a contract that left the cache. */
  forget(contract: Contract): void {
    this.drop(contract, this.guests.get(contract)?.length ?? 0);
  }

  private drop(contract: Contract, count: number): void {
    const waiting = this.guests.get(contract);
    if (waiting === undefined) return;
    waiting.length -= count;
    this.pages -= count * contract.initialPages;
    if (waiting.length === 0) this.guests.delete(contract);
  }
}
