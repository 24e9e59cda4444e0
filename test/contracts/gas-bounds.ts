/**
 * native/contracts/GAS.md: the bound of each entry point of each oracle contract. A test measures the
 * dearest calls of a contract and holds them to its rows. After a change of prices or code,
 * `WRITE_GAS=1 npm test -- test/contracts --maxWorkers=1` writes the rows anew, a tenth above what
 * was measured, in full thousands.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { readArtifact } from './artifacts.ts';

const file = new URL('../../native/contracts/GAS.md', import.meta.url);
const row = /^\| (\w+) \| (.+?) \| (\d+) \|$/;

const rounded = (gas: bigint): bigint => ((gas * 11n + 9_999n) / 10_000n) * 1_000n;

function boundsOf(contract: string): Map<string, bigint> {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => row.exec(line))
    .filter((found) => found?.[1] === contract);
  return new Map(rows.map((found) => [found?.[2] as string, BigInt(found?.[3] as string)]));
}

/** Replaces the rows of one contract; the others and the text stay. */
function writeBounds(contract: string, used: ReadonlyMap<string, bigint>): void {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const first = lines.findIndex((line) => row.test(line));
  const text = first < 0 ? lines : lines.slice(0, first);
  const kept = lines.filter((line) => row.test(line) && row.exec(line)?.[1] !== contract);
  const own = [...used].map(([entry, gas]) => `| ${contract} | ${entry} | ${rounded(gas)} |`);
  writeFileSync(file, `${[...text, ...[...kept, ...own].sort()].join('\n')}\n`);
}

/** Name of the entry point of a row: what stands before a comma tells the case. */
const entryOf = (row: string): string => row.split(',')[0] as string;

/**
 * Holds what was used to the table, in which every function of the contract stands that changes state.
 * @param used gas of the frame, without the intrinsic gas of a transaction, by entry point; a case of
 * its own follows after a comma
 */
export function holdToBounds(contract: string, used: ReadonlyMap<string, bigint>): void {
  if (process.env.WRITE_GAS === '1') writeBounds(contract, used);
  const bounds = boundsOf(contract);
  expect([...bounds.keys()].sort()).toEqual([...used.keys()].sort());
  for (const [entry, gas] of used) expect(gas, entry).toBeLessThanOrEqual(bounds.get(entry) ?? 0n);
  const changing = readArtifact(contract).abi.flatMap((item) =>
    item.type === 'function' && !['view', 'pure'].includes(item.stateMutability) ? [item.name] : [],
  );
  expect([...used.keys()].map(entryOf)).toEqual(expect.arrayContaining(changing));
}
