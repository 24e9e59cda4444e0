/**
 * The contract machine against revm (anvil) and @ethereumjs/evm: the same work written for each, the
 * same results. Both rivals run the bytecode that solc makes of the Solidity twin.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildContract } from '../../src/node/contract/project.ts';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { compileSolidity } from '../../test/support/solidity.ts';
import { findAnvil, startAnvil } from './anvil.ts';
import { type BenchRow, type Round, rate } from './measure.ts';
import {
  anvilFlags,
  encodeRounds,
  javascriptMachine,
  ownMachine,
  revmMachine,
  type VmRival,
} from './vm-machines.ts';

const folder = fileURLToPath(new URL('../../native/contracts/workloads/', import.meta.url));

interface Workload {
  readonly method: string;
  readonly what: string;
  /** For ours and revm: about a second of revm's work, so that the request itself weighs nothing. */
  readonly rounds: number;
  /** For @ethereumjs/evm, and for the comparison of all three results. */
  readonly fewRounds: number;
  readonly bars: { readonly revm?: number; readonly javascript?: number };
}

const compute = { revm: 10, javascript: 20 };
const workloads: readonly Workload[] = [
  { method: 'generate', what: 'LCG', rounds: 8_000_000, fewRounds: 80_000, bars: compute },
  { method: 'sort', what: 'shell sort of 1,000', rounds: 150, fewRounds: 2, bars: compute },
  { method: 'median', what: 'median of 31', rounds: 40_000, fewRounds: 400, bars: compute },
  // Its floor, which is below the bar, is told in native/contracts/README.md.
  {
    method: 'fixedPoint',
    what: 'u256 mulDiv, log2',
    rounds: 100_000,
    fewRounds: 1_000,
    bars: compute,
  },
  {
    method: 'sha256',
    what: 'SHA-256 of 64 B, own code',
    rounds: 20_000,
    fewRounds: 200,
    bars: compute,
  },
  {
    method: 'hashChain',
    what: 'Keccak-256 of 32 B',
    rounds: 1_000_000,
    fewRounds: 10_000,
    bars: {},
  },
  {
    method: 'transfers',
    what: 'token transfer',
    rounds: 20_000,
    fewRounds: 1_000,
    bars: { revm: 0.5 },
  },
  { method: 'calls', what: '8 nested calls', rounds: 5_000, fewRounds: 500, bars: {} },
];
const roundCount = 5;

interface Rivals {
  readonly own: VmRival;
  readonly revm: VmRival | undefined;
  readonly javascript: VmRival;
}

/** @throws Error when the machines disagree: then they did not do the same work. */
async function compareResults({ method, fewRounds }: Workload, rivals: Rivals): Promise<void> {
  const input = encodeRounds(method, fewRounds);
  const { digest } = await rivals.own.run(input);
  for (const rival of [rivals.revm, rivals.javascript]) {
    const other = await rival?.run(input);
    if (other === undefined || other.digest === digest) continue;
    throw new Error(`${method}: ours gives ${digest}, ${rival?.name} ${other.digest}`);
  }
}

/** One row against each rival; all take turns, so that a busy machine slows all down. */
async function measure(workload: Workload, rivals: Rivals): Promise<readonly BenchRow[]> {
  const { method, what, rounds, fewRounds, bars } = workload;
  await compareResults(workload, rivals);
  const againstRevm: Round[] = [];
  const againstJavascript: Round[] = [];
  const [many, few] = [encodeRounds(method, rounds), encodeRounds(method, fewRounds)];
  // Engines compile while they run: what is measured comes after.
  await rivals.own.run(many);
  await rivals.javascript.run(few);
  let gas = 0;
  for (let turn = 0; turn < roundCount; turn++) {
    const own = await rivals.own.run(many);
    const measured = rate(rounds, own.elapsedMs);
    gas = own.gas / rounds;
    const revm = await rivals.revm?.run(many);
    if (revm !== undefined) {
      if (revm.digest !== own.digest) throw new Error(`${method}: revm gives ${revm.digest}`);
      againstRevm.push({ measured, reference: rate(rounds, revm.elapsedMs) });
    }
    const javascript = await rivals.javascript.run(few);
    againstJavascript.push({ measured, reference: rate(fewRounds, javascript.elapsedMs) });
  }
  const unit = `a second at ${gas.toFixed(gas < 10 ? 1 : 0)} gas`;
  const rows: BenchRow[] = [];
  if (againstRevm.length > 0) {
    rows.push({ work: `vm: ${what}`, unit, rounds: againstRevm, against: 'revm', bar: bars.revm });
  }
  const bar = bars.javascript;
  rows.push({
    work: `vm: ${what}`,
    unit,
    rounds: againstJavascript,
    against: '@ethereumjs/evm',
    bar,
  });
  return rows;
}

export async function benchVm(): Promise<readonly BenchRow[]> {
  const artifact = await buildContract(folder);
  const code = compileSolidity(readFileSync(`${folder}Workloads.sol`, 'utf8'), 'Workloads', true);
  const own = ownMachine(fromHex(artifact.bytecode), createNativeCrypto());
  const javascript = await javascriptMachine(code);
  const program = findAnvil();
  if (program === undefined) {
    console.log('vm: revm is left out, @foundry-rs/anvil-linux-amd64 is not installed here');
  }
  const anvil = program === undefined ? undefined : await startAnvil(program, anvilFlags);
  try {
    const revm = anvil === undefined ? undefined : await revmMachine(anvil, code);
    const rows: BenchRow[] = [];
    for (const workload of workloads) {
      rows.push(...(await measure(workload, { own, revm, javascript })));
    }
    return rows;
  } finally {
    anvil?.child.kill('SIGKILL');
  }
}
