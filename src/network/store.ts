/**
 * The small file of a node's acquaintances: addresses with their record, anchors (peers dialled
 * first after a restart, so that a restart is no chance to isolate the node) and bans.
 */

import { readFile, rename, writeFile } from 'node:fs/promises';
import { limits } from '../primitives/limits.ts';
import { isDialable } from './addresses.ts';
import type { Ban } from './penalties.ts';
import type { Logger, PeerId } from './types.ts';

export interface KnownPeer {
  readonly id: PeerId;
  /** Multiaddress with the peer id. */
  readonly address: string;
  /** Wall time of the last completed status exchange; 0 for never. */
  readonly seenMs: number;
  /** Failed dials since then. */
  readonly failures: number;
}

interface Contents {
  readonly peers: readonly KnownPeer[];
  readonly anchors: readonly PeerId[];
  readonly bans: readonly Ban[];
}

const isNumber = (value: unknown): value is number => Number.isFinite(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value.length < 512;

function parseContents(text: string): Contents {
  const json = JSON.parse(text) as Partial<Record<keyof Contents, unknown>>;
  const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value : []);
  return {
    peers: list(json.peers)
      .filter(
        (peer) =>
          isText(peer.id) &&
          isText(peer.address) &&
          isDialable(peer.address) &&
          isNumber(peer.seenMs) &&
          isNumber(peer.failures),
      )
      .slice(0, limits.peerStoreMax) as unknown as KnownPeer[],
    anchors: (Array.isArray(json.anchors) ? json.anchors : []).filter(isText),
    bans: list(json.bans)
      .filter((ban) => isText(ban.subject) && isNumber(ban.untilMs))
      .slice(0, limits.penaltyEntriesMax) as unknown as Ban[],
  };
}

export class PeerBook {
  private readonly file: string;
  private saving: Promise<void> = Promise.resolve();
  private readonly peers = new Map<PeerId, KnownPeer>();
  /** Anchors of the previous run. */
  readonly anchors: readonly PeerId[];
  /** Bans of the previous run, expired ones included. */
  readonly bans: readonly Ban[];

  private constructor(file: string, contents: Contents) {
    this.file = file;
    this.anchors = contents.anchors;
    this.bans = contents.bans;
    for (const peer of contents.peers) this.peers.set(peer.id, peer);
  }

  /** Reads `file`; a missing or damaged one gives an empty book, for it can be learned again. */
  static async open(file: string, logger: Logger): Promise<PeerBook> {
    const empty: Contents = { peers: [], anchors: [], bans: [] };
    try {
      return new PeerBook(file, parseContents(await readFile(file, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        logger.warn(
          { file, reason: (error as Error).message },
          'peer file is unreadable: starting empty',
        );
      }
      return new PeerBook(file, empty);
    }
  }

  get(id: PeerId): KnownPeer | undefined {
    return this.peers.get(id);
  }

  all(): readonly KnownPeer[] {
    return [...this.peers.values()];
  }

  /** Notes an address someone told; the record of a known peer stays. */
  learn(id: PeerId, address: string): void {
    if (!isDialable(address)) return;
    const known = this.peers.get(id);
    this.peers.set(id, { seenMs: 0, failures: 0, ...known, id, address });
    this.makeRoom();
  }

  succeeded(id: PeerId, nowMs: number): void {
    const known = this.peers.get(id);
    if (known !== undefined) this.peers.set(id, { ...known, seenMs: nowMs, failures: 0 });
  }

  /** Counts a failed dial; a peer never met goes after the third. */
  failed(id: PeerId): void {
    const known = this.peers.get(id);
    if (known === undefined) return;
    if (known.seenMs === 0 && known.failures >= 2) this.peers.delete(id);
    else this.peers.set(id, { ...known, failures: known.failures + 1 });
  }

  /** Over the limit, the one seen longest ago goes (never met: first). */
  private makeRoom(): void {
    if (this.peers.size <= limits.peerStoreMax) return;
    let worst: KnownPeer | undefined;
    for (const peer of this.peers.values()) {
      if (worst === undefined || peer.seenMs < worst.seenMs) worst = peer;
    }
    this.peers.delete((worst as KnownPeer).id);
  }

  /** Writes the file whole or not at all; one write at a time. */
  save(anchors: readonly PeerId[], bans: readonly Ban[]): Promise<void> {
    const write = (): Promise<void> => this.write({ peers: this.all(), anchors, bans });
    this.saving = this.saving.then(write, write);
    return this.saving;
  }

  private async write(contents: Contents): Promise<void> {
    const temporary = `${this.file}.new`;
    await writeFile(temporary, `${JSON.stringify(contents, undefined, 1)}\n`, { mode: 0o600 });
    await rename(temporary, this.file);
  }
}
