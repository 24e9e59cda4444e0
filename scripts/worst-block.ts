/**
 * How long full blocks of the worst operators, host functions and precompiled contracts take:
 * `npx tsx scripts/worst-block.ts`. One transaction with all the gas of a block goes through the
 * ledger as when a block is imported; its time has to stay below a second.
 */

import { setFlagsFromString } from 'node:v8';
import { BlockExecution, createBlockContext } from '../src/ledger/execute.ts';
import { Journal } from '../src/ledger/journal.ts';
import { createNativeCrypto } from '../src/node/native-crypto.ts';
import { bigintToBytes, concat, fromHex } from '../src/primitives/bytes.ts';
import { keys } from '../src/primitives/store.ts';
import type { WasmModule } from '../src/vm/module.ts';
import { valueTypes } from '../src/vm/opcodes.ts';
import { createVm } from '../src/vm/vm.ts';
import { account, oak, TrustingSigner, testGenesis } from '../test/ledger/chain.ts';
import { MemoryStore } from '../test/ledger/support.ts';
import { op } from '../test/support/module-builder.ts';
import { callerOf, coldShapes, growers, measureCold } from './bench/cold-modules.ts';
import {
  controlSubjects,
  hookSubjects,
  moduleFor,
  plainSubjects,
  type Subject,
  signature,
} from './bench/vm-subjects.ts';

const crypto = createNativeCrypto();
const contract = new Uint8Array(20).fill(0xc0);
const called = new Uint8Array(20).fill(0xc1);
const sender = account(1);
const wanted =
  /^(i64.rem_s|i64.load|i32.load8_s|call_indirect|memory.*|storage_.*|transient_.*|write_result.*|native_keccak.*|block_basefee|msg_value|read_return.*|emit_log.*|account_.*|math_.*|static_call.*)$/;

const word = (value: bigint): Uint8Array => bigintToBytes(value, 32);
/** The test vector of RFC 6979, A.2.5 ("sample", SHA-256). */
const p256 = fromHex(
  'af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf' +
    'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
    'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8' +
    '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6' +
    '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
);
const recover = concat(word(12_345n), word(27n), word(3n ** 100n), word(5n ** 100n));

/** Calls the precompiled contract at `address` with `input`, for ever. */
function precompileSubject(name: string, address: number, input: Uint8Array): Subject {
  const { i32 } = valueTypes;
  const arguments_ = [640, 2_048, input.length].map((each) => op('i32.const', each));
  const segment = (offset: number, bytes: Uint8Array) => ({
    offset: [op('i32.const', offset), op('end')],
    bytes,
  });
  return {
    name,
    repeat: 1,
    hook: { name: 'static_call_contract', type: signature('iiili', i32) },
    code: [...arguments_, op('i64.const', -1n), op('i32.const', 1_024), op('call', 0), op('drop')],
    data: [segment(640, bigintToBytes(BigInt(address), 20)), segment(2_048, input)],
  };
}

const subjects: readonly Subject[] = [
  ...[...plainSubjects(), ...controlSubjects, ...hookSubjects()].filter(({ name }) =>
    wanted.test(name.split(' (')[0] as string),
  ),
  precompileSubject('ecrecover', 1, recover),
  precompileSubject('SHA-256 of nothing', 2, new Uint8Array(0)),
  precompileSubject('RIPEMD-160 of nothing', 3, new Uint8Array(0)),
  precompileSubject('RIPEMD-160 of 32 KiB', 3, new Uint8Array(32_768)),
  precompileSubject('identity', 4, new Uint8Array(0)),
  precompileSubject('P-256', 0x100, p256),
];

const genesis = testGenesis(new Map([[sender, 1_000_000n * oak]]));

interface Measured {
  readonly name: string;
  readonly wallMs: number;
  readonly processorMs: number;
}

/** One block with one transaction that calls the endless loop, over `callee`, with all the gas there is. */
function measure(subject: Subject, callee?: Uint8Array): Measured {
  const store = new MemoryStore();
  const prepared = new Journal(store, crypto);
  prepared.credit(sender, 1_000_000n * oak);
  prepared.setNonce(contract, 1n);
  prepared.setCode(contract, moduleFor(subject));
  if (callee !== undefined) {
    prepared.setNonce(called, 1n);
    prepared.setCode(called, callee);
  }
  const { after, codes } = prepared.changes();
  store.apply([...after].map(([path, value]) => ({ key: keys.state(fromHex(path)), value })));
  store.apply([...codes].map(([hash, value]) => ({ key: keys.code(fromHex(hash)), value })));
  const parts = { genesis, reader: store, vm: createVm({ crypto }), crypto };
  const facts = { height: 1, time: genesis.time + 15, beneficiary: sender, baseFeePerGas: 1n };
  const transaction = new TrustingSigner().sign({
    ...{ from: sender, nonce: 0n, to: contract, value: 0n, gasLimit: BigInt(genesis.gasLimit) },
  });
  const startMs = performance.now();
  const start = process.cpuUsage();
  const block = new BlockExecution(parts, createBlockContext(parts, facts));
  const fault = block.add(transaction);
  block.finish();
  const { user, system } = process.cpuUsage(start);
  const wallMs = performance.now() - startMs;
  if (fault !== undefined || block.gasUsed !== genesis.gasLimit) {
    throw new Error(`${subject.name}: ${fault?.message ?? `${block.gasUsed} gas used`}`);
  }
  return { name: subject.name, wallMs, processorMs: (user + system) / 1_000 };
}

// As in nodes: the engine validates functions when it compiles them.
setFlagsFromString('--wasm-lazy-validation');
console.log(
  `blocks of ${genesis.gasLimit} gas of modules that no cache holds, each used once: processor time`,
);
let next = 1_000_000;
const printCold = (shape: string, note = ''): void => {
  const make = coldShapes[shape] as () => WasmModule;
  const measured = measureCold(make(), next, genesis.gasLimit, crypto);
  next = measured.next;
  console.log(`${measured.processorMs.toFixed(0).padStart(6)} ms  ${shape}${note}`);
};
printCold(
  'the least contract',
  ', the first of a new process: our own passes are not optimised yet',
);
for (const shape of Object.keys(coldShapes)) printCold(shape);

const rows = [
  ...Object.entries(growers).map(([name, grower]) =>
    measure(callerOf(called, `fresh instance: ${name}`), grower),
  ),
  ...subjects.map((subject) => measure(subject)),
].sort((left, right) => right.processorMs - left.processorMs);
console.log(`blocks of ${genesis.gasLimit} gas: processor time of all threads, wall time`);
for (const { name, processorMs, wallMs } of rows) {
  console.log(
    `${processorMs.toFixed(0).padStart(6)} ms ${wallMs.toFixed(0).padStart(6)} ms  ${name}`,
  );
}
