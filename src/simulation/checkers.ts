/**
 * What must hold at every moment of every run, checked from outside the protocol: by the chain each
 * node has told the world, whatever it believes inside.
 */

import type { HeadChange } from '../consensus/host.ts';
import type { PeerId, Protocol, ReportCode } from '../consensus/protocol.ts';
import type { HeaderEntry } from '../primitives/block.ts';
import type { Hex } from '../primitives/bytes.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { encodeHeader } from '../primitives/header.ts';
import { meetsTarget, workOfBits } from '../primitives/work.ts';

/** A rule that a run has broken. */
export class SimulationFailure extends Error {
  readonly check: string;

  constructor(check: string, detail: string) {
    super(`${check}: ${detail}`);
    this.name = 'SimulationFailure';
    this.check = check;
  }
}

export interface CheckerOptions {
  readonly finality: Protocol<unknown, unknown, unknown>['finality'];
  /** No reorganisation may be deeper: what the run's partitions can explain, with room. */
  readonly depthMax: number;
  readonly genesis: HeaderEntry;
}

/** Reports that an honest node may make of an honest peer: slowness, never guilt. */
const harmlessReports: readonly ReportCode[] = ['stalled', 'rate'];
const harmlessAlarms: readonly string[] = ['deep-reorganisation', 'view-change', 'members-changed'];

/** Whether a report blames nobody. */
export function isHarmless(code: ReportCode): boolean {
  return harmlessReports.includes(code);
}

export class Checkers {
  readonly #options: CheckerOptions;
  readonly #crypto: Crypto;
  /** The chain that each node has told, genesis first. */
  readonly #chains = new Map<PeerId, HeaderEntry[]>();
  readonly #verified = new Set<Hex>();
  /** With immediate finality: the one block of each height. */
  readonly #decided = new Map<number, Hex>();
  deepestReorganisation = 0;
  reorganisations = 0;

  constructor(options: CheckerOptions, crypto: Crypto) {
    this.#options = options;
    this.#crypto = crypto;
  }

  /** Different blocks that any node has ever had in its chain. */
  get blocksSeen(): number {
    return this.#verified.size;
  }

  chainOf(node: PeerId): readonly HeaderEntry[] {
    return this.#chains.get(node) ?? [this.#options.genesis];
  }

  /**
   * A node came up with `head`: nothing that it had told may be gone, unless for more work.
   * @param header finds the stored headers of this node.
   */
  started(node: PeerId, head: HeaderEntry, header: (id: Hex) => HeaderEntry | undefined): void {
    const chain = this.#chains.get(node) ?? [this.#options.genesis];
    this.#chains.set(node, chain);
    const applied: HeaderEntry[] = [];
    let entry = head;
    while (chain[entry.height]?.id !== entry.id) {
      applied.unshift(entry);
      const parent = header(toHex(entry.header.previous));
      if (!parent)
        throw new SimulationFailure('stored chain', `${node} lacks a parent of ${head.id}`);
      entry = parent;
    }
    const reverted = chain.slice(entry.height + 1).reverse();
    if (applied.length === 0 && reverted.length > 0) {
      throw new SimulationFailure(
        'durable head',
        `${node} had told height ${reverted[0]?.height}, after its restart it has ${head.height}`,
      );
    }
    if (applied.length > 0) this.headChanged(node, { head, reverted, applied });
  }

  headChanged(node: PeerId, change: HeadChange): void {
    const chain = this.#chains.get(node) as HeaderEntry[];
    const before = chain.at(-1) as HeaderEntry;
    for (const entry of change.reverted) {
      const top = chain.pop();
      if (top?.id !== entry.id) {
        throw new SimulationFailure(
          'revert order',
          `${node} reverts ${entry.id}, its head is ${top?.id}`,
        );
      }
    }
    for (const entry of change.applied) {
      this.#extend(node, chain, entry);
    }
    if (chain.at(-1)?.id !== change.head.id) {
      throw new SimulationFailure(
        'head',
        `${node} tells ${change.head.id}, applied ${chain.at(-1)?.id}`,
      );
    }
    if (change.reverted.length > 0) this.#reorganised(node, before, change);
  }

  reported(node: PeerId, peer: PeerId, code: ReportCode): void {
    if (isHarmless(code)) return;
    throw new SimulationFailure('honest peers', `${node} reports the honest ${peer}: ${code}`);
  }

  alarmed(node: PeerId, code: string, detail: string): void {
    if (harmlessAlarms.includes(code)) return;
    throw new SimulationFailure('alarm', `${node}: ${code} ${detail}`);
  }

  #extend(node: PeerId, chain: HeaderEntry[], entry: HeaderEntry): void {
    const parent = chain.at(-1) as HeaderEntry;
    if (toHex(entry.header.previous) !== parent.id || entry.height !== parent.height + 1) {
      throw new SimulationFailure('apply order', `${node} applies ${entry.id} on ${parent.id}`);
    }
    this.#verify(entry, parent);
    this.#decide(node, entry);
    chain.push(entry);
  }

  #reorganised(node: PeerId, before: HeaderEntry, change: HeadChange): void {
    const depth = change.reverted.length;
    this.reorganisations += 1;
    this.deepestReorganisation = Math.max(this.deepestReorganisation, depth);
    if (this.#options.finality === 'immediate') {
      throw new SimulationFailure('finality', `${node} undid ${depth} final blocks`);
    }
    if (change.head.work <= before.work) {
      throw new SimulationFailure(
        'most work',
        `${node} left work ${before.work} at height ${before.height} for ${change.head.work} at ${change.head.height}`,
      );
    }
    if (depth > this.#options.depthMax) {
      throw new SimulationFailure(
        'common prefix',
        `${node} undid ${depth} blocks, at most ${this.#options.depthMax} can be explained`,
      );
    }
  }

  /** Facts of a header that need no trust in anyone's code but the hash. */
  #verify(entry: HeaderEntry, parent: HeaderEntry): void {
    if (this.#verified.has(entry.id)) return;
    const { header, id } = entry;
    const hash = this.#crypto.sha256d(encodeHeader(header));
    if (toHex(hash) !== id)
      throw new SimulationFailure('block id', `${id} is not its header's hash`);
    if (this.#options.finality === 'probabilistic') {
      if (!meetsTarget(hash, header.bits)) {
        throw new SimulationFailure('proof of work', `${id} does not meet its bits`);
      }
      if (entry.work !== parent.work + workOfBits(header.bits)) {
        throw new SimulationFailure('cumulative work', `${id} claims ${entry.work}`);
      }
    }
    if (header.time < parent.header.time) {
      throw new SimulationFailure('time', `${id} is older than its parent`);
    }
    this.#verified.add(id);
  }

  #decide(node: PeerId, { height, id }: HeaderEntry): void {
    if (this.#options.finality !== 'immediate') return;
    const decided = this.#decided.get(height) ?? id;
    this.#decided.set(height, decided);
    if (decided !== id) {
      throw new SimulationFailure(
        'agreement',
        `height ${height}: ${node} has ${id}, others ${decided}`,
      );
    }
  }
}
