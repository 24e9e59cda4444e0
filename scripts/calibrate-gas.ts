/**
 * Time for each gas of every operator, host function and precompile, worst first:
 * `npx tsx scripts/calibrate-gas.ts [default|liftoff|turbofan]`, each in a process of its own. One gas stands for 10 ns; what lies
 * above 30 on the reference machine is too cheap. Prices change only with a new version of the table.
 */

import { setFlagsFromString } from 'node:v8';
import { createNativeCrypto } from '../src/node/native-crypto.ts';
import { bigintToBytes, concat, emptyBytes } from '../src/primitives/bytes.ts';
import { gasTable } from '../src/vm/gas-table.ts';
import { precompiles } from '../src/vm/precompiles.ts';
import { createVm } from '../src/vm/vm.ts';
import { addressOf, ContractScene } from '../test/support/contract-scene.ts';
import {
  controlSubjects,
  hookSubjects,
  moduleFor,
  plainSubjects,
  type Subject,
} from './bench/vm-subjects.ts';

const tier = process.argv[2] ?? 'default';
if (tier === 'liftoff') setFlagsFromString('--liftoff-only');
else if (tier === 'turbofan') setFlagsFromString('--no-liftoff');
else if (tier !== 'default') throw new Error(`${tier}: default, liftoff or turbofan`);

const crypto = createNativeCrypto();
const contract = addressOf(0xc0);
const rows: { readonly name: string; readonly nanosecondsPerGas: number }[] = [];

const gas = 20_000_000n;

/** Milliseconds of processor time, which a busy machine stretches least. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Three runs, the fastest counts: others share the machine. */
function measure(subject: Subject): void {
  const scene = new ContractScene(createVm({ crypto }));
  scene.mustDeploy(contract, moduleFor(subject));
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) {
    const startMs = processorMs();
    const { hint } = scene.call(contract, new Uint8Array(64), { gas });
    const elapsedMs = processorMs() - startMs;
    if (hint === undefined) throw new Error(`${subject.name} ended`);
    best = Math.min(best, elapsedMs);
  }
  rows.push({ name: subject.name, nanosecondsPerGas: (best * 1e6) / Number(gas) });
}

function measurePrecompiles(): void {
  const prices = gasTable(1).precompiles;
  const word = (value: bigint): Uint8Array => bigintToBytes(value, 32);
  const p256 = [
    'bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023',
    '2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18',
    '4cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76',
    '2927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838',
    'c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e',
  ];
  const recover = concat(word(12_345n), word(27n), word(3n ** 100n), word(5n ** 100n));
  const inputs = [
    [recover],
    [emptyBytes, new Uint8Array(64), new Uint8Array(65_536)],
    [emptyBytes, new Uint8Array(64), new Uint8Array(65_536)],
    [emptyBytes, new Uint8Array(65_536)],
    [concat(...p256.map((hex) => word(BigInt(`0x${hex}`))))],
  ];
  for (const [index, { run, price }] of precompiles.entries()) {
    for (const input of inputs[index] ?? []) {
      const cost = price(input, prices);
      const count = Math.max(20, Math.floor(2_000_000 / cost));
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 3; round++) {
        const startMs = processorMs();
        for (let each = 0; each < count; each++) run(input, crypto);
        best = Math.min(best, processorMs() - startMs);
      }
      const name = `precompile ${index + 1} of ${precompiles.length}, ${input.length} bytes`;
      rows.push({ name, nanosecondsPerGas: (best * 1e6) / (count * cost) });
    }
  }
}

for (const subject of [...plainSubjects(), ...controlSubjects, ...hookSubjects()]) measure(subject);
measurePrecompiles();
rows.sort((left, right) => right.nanosecondsPerGas - left.nanosecondsPerGas);
console.log(`${tier}: ns for each gas; a block of 30 M gas takes 0.03 s times that`);
for (const { name, nanosecondsPerGas } of rows) {
  console.log(`${nanosecondsPerGas.toFixed(1).padStart(8)}  ${name}`);
}
