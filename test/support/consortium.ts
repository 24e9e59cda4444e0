/** A consortium of real processes on loopback, as `dodona consortium init` founds it. */

import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type FoundedConsortium,
  foundConsortium,
  peerPortOffset,
} from '../../src/node/consortium.ts';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import { NodeProcess, until } from './process.ts';

const template = fileURLToPath(new URL('../../genesis/consortium.json', import.meta.url));
const quiet = ['--no-demo', '--log.level', 'warn'];

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * A port with `count` free ones from it on, and as many where the members meet. They are taken a
 * while after this look, so each worker of the tests looks in a thousand ports of its own.
 */
export async function freeBasePort(count: number): Promise<number> {
  const first = 20_000 + 1_000 * (Number(process.env.VITEST_POOL_ID ?? 0) % 12);
  for (;;) {
    const base = first + Math.floor(Math.random() * (1_000 - peerPortOffset - count));
    const ports = Array.from({ length: count }, (_, index) => base + index);
    const all = [...ports, ...ports.map((port) => port + peerPortOffset)];
    if ((await Promise.all(all.map(isFree))).every(Boolean)) return base;
  }
}

export interface PbftStatus {
  readonly view: number;
  readonly phase: string;
  readonly primary: number;
  readonly self: number | null;
  readonly viewChanges: number;
  readonly members: readonly {
    readonly key: string;
    readonly address: string;
    readonly height: number;
    readonly lastSeenSeconds: number | null;
  }[];
}

export class ConsortiumProcesses {
  readonly folder: string;
  readonly founded: FoundedConsortium;
  /** By index; undefined while a member is down. */
  readonly nodes: (NodeProcess | undefined)[];

  private constructor(folder: string, founded: FoundedConsortium) {
    this.folder = folder;
    this.founded = founded;
    this.nodes = founded.members.map(() => undefined);
  }

  /** Writes a new consortium to `folder`; nobody runs yet. */
  static async found(folder: string, members: number): Promise<ConsortiumProcesses> {
    const founded = await foundConsortium(
      {
        folder,
        members,
        chainId: 1_338,
        basePort: await freeBasePort(members),
        template,
        time: Math.floor(Date.now() / 1_000),
      },
      createNativeCrypto(),
    );
    return new ConsortiumProcesses(folder, founded);
  }

  async start(index: number): Promise<NodeProcess> {
    const { configFile } = this.founded.members[index] as { configFile: string };
    const data = join(this.folder, `member-${index}`, 'data');
    const node = await NodeProcess.launch(['--config', configFile, ...quiet], data);
    this.nodes[index] = node;
    return node;
  }

  async startAll(): Promise<void> {
    await Promise.all(this.nodes.map((_, index) => this.start(index)));
  }

  /** A node with the genesis file and no member's key, beside all members. */
  async observe(name: string): Promise<NodeProcess> {
    const bootnodes = await Promise.all(this.running.map((node) => node.address()));
    const genesis = join(this.folder, 'member-0', 'genesis', 'consortium.json');
    const datadir = join(this.folder, name);
    return NodeProcess.start({ genesis, datadir, bootnodes, mine: false });
  }

  get running(): NodeProcess[] {
    return this.nodes.filter((node) => node !== undefined);
  }

  node(index: number): NodeProcess {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`member ${index} is down`);
    return node;
  }

  status(index: number): Promise<PbftStatus> {
    return this.node(index).rpc<PbftStatus>('pbft_status');
  }

  /** Ends a member as a power cut does. */
  async kill(index: number): Promise<void> {
    await this.node(index).kill();
    this.nodes[index] = undefined;
  }

  /** Resolves when every running member has a block at `height`. */
  async reached(height: number, nodes: readonly NodeProcess[] = this.running): Promise<void> {
    await until(`height ${height}`, async () => {
      const heads = await Promise.all(nodes.map((node) => node.head()));
      return heads.every(({ number }) => number >= height) ? true : undefined;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.map((node) => node.kill()));
  }
}
