/**
 * Kills nodes at random moments and starts them again: what a status line has shown was durable,
 * so the restarted node must have that very block, and `db check` must find nothing to repair.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastDevnet, writeNetwork } from './network-files.ts';
import { NodeProcess, until } from './process.ts';

const entry = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface KillLoopResult {
  readonly kills: number;
  /** Height of the miner and of the importing node at the end. */
  readonly heights: readonly [number, number];
}

interface Shown {
  readonly height: number;
  /** First and last digits of the id, as the status line shows them. */
  readonly head: string;
  readonly tail: string;
}

/** The last block that a node has shown as its head. */
function lastShown(output: string): Shown | undefined {
  const lines = [...output.matchAll(/^block\s+(\d+) (0x[0-9a-f]{8})…([0-9a-f]{4})/gm)];
  const line = lines.at(-1);
  if (line === undefined) return undefined;
  return { height: Number(line[1]), head: line[2] as string, tail: line[3] as string };
}

/** @throws Error when a block that was shown is gone or another one */
async function expectShown(node: NodeProcess, shown: Shown): Promise<void> {
  const block = await node.block(shown.height);
  if (block === undefined) throw new Error(`block ${shown.height} was shown and is lost`);
  if (!block.hash.startsWith(shown.head) || !block.hash.endsWith(shown.tail)) {
    throw new Error(`block ${shown.height} was ${shown.head}…${shown.tail}, is ${block.hash}`);
  }
}

function checkDatabase(genesis: string, datadir: string): void {
  execFileSync(process.execPath, [
    entry,
    'db',
    'check',
    '--genesis',
    genesis,
    '--datadir',
    datadir,
  ]);
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Kills a mining and an importing node in turn, `kills` times altogether.
 * @param random uniform in [0, 1)
 */
export async function killLoop(
  folder: string,
  kills: number,
  random: () => number,
): Promise<KillLoopResult> {
  mkdirSync(folder, { recursive: true });
  const genesis = writeNetwork(folder, fastDevnet({ intervalMs: 30, transactionMs: 10 }));
  const datadirs = [join(folder, 'miner'), join(folder, 'importer')] as const;
  // Nobody is dialled before a restarted node was asked what it has: it must be its own.
  const start = (index: 0 | 1): Promise<NodeProcess> =>
    NodeProcess.start({ genesis, datadir: datadirs[index], mine: index === 0 });
  const nodes: [NodeProcess, NodeProcess] = [await start(0), undefined as unknown as NodeProcess];
  const connect = async (): Promise<void> =>
    nodes[1].rpc('admin_addPeer', await nodes[0].address());
  try {
    nodes[1] = await start(1);
    await connect();
    for (let kill = 0; kill < kills; kill++) {
      const victim = kill % 2 === 0 ? 0 : 1;
      const { output: before } = nodes[victim];
      await until('another block', () => lastShown(nodes[victim].output.slice(before.length)));
      await wait(random() * 900);
      await nodes[victim].kill();
      const shown = lastShown(nodes[victim].output) as Shown;
      nodes[victim] = await start(victim);
      await expectShown(nodes[victim], shown);
      await connect();
    }
    const heads = await Promise.all(nodes.map((node) => node.head()));
    return { kills, heights: [heads[0]?.number ?? 0, heads[1]?.number ?? 0] };
  } finally {
    for (const node of nodes) await node?.kill();
    for (const datadir of datadirs) checkDatabase(genesis, datadir);
  }
}
