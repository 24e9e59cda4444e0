/**
 * Lives of the oracles for a while: `npx tsx scripts/fuzz-oracles.ts [--minutes 10] [--seed 1]
 * [--blocks 300]`. Each seed is one life of reporters, jurors and hostile strangers on chain, with the
 * books checked after every block, and then its end (test/contracts/oracle-life.ts). The first life
 * that breaks a rule prints its seed and ends with status 1.
 */

import { parseArgs } from 'node:util';
import { OracleLife } from '../test/contracts/oracle-life.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    blocks: { type: 'string', default: '300' },
  },
});

const startMs = performance.now();
const first = Number(values.seed);
const total = { accepted: 0, refused: 0, blocks: 0 };
const seen = new Map<string, number>();

function report(lives: number): void {
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  console.log(
    `${seconds} s: ${lives} lives from seed ${first}, ${total.blocks} blocks, ` +
      `${total.accepted} transactions accepted, ${total.refused} refused`,
  );
}

let seed = first;
for (; performance.now() - startMs < 60_000 * Number(values.minutes); seed++) {
  const life = new OracleLife(seed);
  try {
    life.live(Number(values.blocks));
    life.end();
  } catch (error) {
    console.log(`seed ${seed}, block ${life.scene.chain.height}: ${(error as Error).stack}`);
    process.exitCode = 1;
    break;
  }
  total.accepted += life.accepted;
  total.refused += life.refused;
  total.blocks += life.scene.chain.height;
  for (const [name, count] of life.seen) seen.set(name, (seen.get(name) ?? 0) + count);
  if ((seed - first) % 20 === 19) report(seed - first + 1);
}
report(seed - first);
const counts = [...seen].sort(([left], [right]) => (left < right ? -1 : 1));
console.log(counts.map(([name, count]) => `${name} ${count}`).join(', '));
