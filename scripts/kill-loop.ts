/** Kills a mining and an importing node at random moments; 50 times unless told otherwise. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killLoop } from '../test/support/kill-loop.ts';

const kills = Number(process.argv[2] ?? 50);
const folder = mkdtempSync(join(tmpdir(), 'dodona-kill-'));
const { heights } = await killLoop(folder, kills, Math.random);
rmSync(folder, { recursive: true, force: true });
console.log(`${kills} kills, heights ${heights.join(' and ')}, no block lost, databases sound`);
