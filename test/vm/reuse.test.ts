/**
 * Instances that serve several calls: each finds what a new one has, whatever the call before it left.
 */

import { describe, expect, it } from 'vitest';
import { emptyBytes } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { limits } from '../../src/primitives/limits.ts';
import { type Contract, ContractCache, prepareContract } from '../../src/vm/contract.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import { Guest } from '../../src/vm/guest.ts';
import { IdleGuests } from '../../src/vm/idle-guests.ts';
import type { WasmModule } from '../../src/vm/module.ts';
import { valueTypes } from '../../src/vm/opcodes.ts';
import { createVm } from '../../src/vm/vm.ts';
import { addressOf, ContractScene } from '../support/contract-scene.ts';
import { body, contractWith, entryBytes, op } from '../support/module-builder.ts';

const { i32, i64 } = valueTypes;
const table = gasTable(1);
const pageSizeBytes = 65_536;
const zero = op('i32.const', 0);

function contractOf(wasm: Uint8Array): Contract {
  const contract = prepareContract(wasm, table);
  if ('code' in contract) throw new Error(contract.message);
  return contract;
}

function guestOf(contract: Contract): Guest {
  return new Guest(new WebAssembly.Instance(contract.module).exports, table);
}

/** Runs the entry point with `argument`; a trap is as good as an answer. */
function run(guest: Guest, argument: number): number | undefined {
  guest.open(1_000_000n, { stackWords: 1_000, memoryPages: 60 });
  try {
    return (guest.exports.user_entrypoint as (argument: number) => number)(argument);
  } catch {
    return undefined;
  }
}

const memoryOf = (guest: Guest): Uint8Array =>
  new Uint8Array((guest.exports.memory as WebAssembly.Memory).buffer);

/** Fills its memory with 0xff; grows by its argument's pages; traps for an argument above 60. */
const spoil = [
  zero,
  op('i32.const', 0xff),
  op('i32.const', pageSizeBytes),
  op('memory.fill'),
  op('local.get', 0),
  op('memory.grow'),
  op('i32.const', -1),
  op('i32.eq'),
  op('if', 0x40),
  op('unreachable'),
  op('end'),
  zero,
];
const data: WasmModule['data'] = [
  { offset: [op('i32.const', 100), op('end')], bytes: Uint8Array.of(1, 2, 3) },
  { offset: [op('i32.const', 102), op('end')], bytes: Uint8Array.of(9) },
];
const spoiler = contractOf(entryBytes(spoil, { data }));

describe('a reused instance', () => {
  it.each([0, 61])(
    'has zeros and its data segments again, after an end and a trap (%i)',
    (pages) => {
      const idle = new IdleGuests();
      const guest = guestOf(spoiler);
      const fresh = Buffer.from(memoryOf(guest));
      expect(run(guest, pages)).toBe(pages === 0 ? 0 : undefined);
      expect(memoryOf(guest)[5]).toBe(0xff);
      idle.give(spoiler, guest);
      expect(idle.take(spoiler)).toBe(guest);
      expect(Buffer.compare(memoryOf(guest), fresh)).toBe(0);
      expect([...memoryOf(guest).subarray(99, 104)]).toEqual([0, 1, 2, 9, 0]);
    },
  );

  it('never comes back once its memory has grown', () => {
    const idle = new IdleGuests();
    const guest = guestOf(spoiler);
    expect(run(guest, 1)).toBe(0);
    idle.give(spoiler, guest);
    expect(idle.take(spoiler)).toBeUndefined();
  });

  it('serves one call at a time, and waits within the bound of pages', () => {
    const idle = new IdleGuests();
    const guests = Array.from({ length: limits.idleMemoryPagesMax + 2 }, () => guestOf(spoiler));
    for (const guest of guests) idle.give(spoiler, guest);
    const taken = new Set<Guest>();
    for (let guest = idle.take(spoiler); guest !== undefined; guest = idle.take(spoiler)) {
      taken.add(guest);
    }
    expect(taken.size).toBe(limits.idleMemoryPagesMax);
    idle.give(spoiler, guests[0] as Guest);
    const other = contractOf(entryBytes(spoil, { memories: [{ minimum: 2, maximum: undefined }] }));
    const others = Array.from({ length: limits.idleMemoryPagesMax / 2 }, () => guestOf(other));
    for (const guest of others) idle.give(other, guest);
    expect(idle.take(spoiler)).toBeUndefined();
    expect(idle.take(other)).toBeDefined();
    idle.forget(other);
    expect(idle.take(other)).toBeUndefined();
  });
});

/** Answers the sum of memory byte 7 and two globals, and raises all three before it ends. */
function remembering(end: 'return' | 'trap' | 'grow' | 'grow 0'): Uint8Array {
  const count = [
    op('global.get', 0),
    op('global.get', 1),
    op('i32.wrap_i64'),
    op('i32.add'),
    op('i32.const', 7),
    op('i32.load8_u'),
    op('i32.add'),
    op('local.set', 1),
    op('global.get', 0),
    op('i32.const', 1),
    op('i32.add'),
    op('global.set', 0),
    op('global.get', 1),
    op('i64.const', 1n),
    op('i64.add'),
    op('global.set', 1),
    op('i32.const', 7),
    op('local.get', 1),
    op('i32.const', 1),
    op('i32.add'),
    op('i32.store8'),
  ];
  const ends = {
    return: [],
    trap: [
      op('local.get', 1),
      op('i32.const', 30),
      op('i32.eq'),
      op('if', 0x40),
      op('unreachable'),
      op('end'),
    ],
    grow: [op('i32.const', 1), op('memory.grow'), op('drop')],
    'grow 0': [zero, op('memory.grow'), op('drop')],
  };
  return encodeModule(
    contractWith({
      globals: [
        { type: { type: i32, isMutable: true }, initial: [op('i32.const', 20), op('end')] },
        { type: { type: i64, isMutable: true }, initial: [op('i64.const', 10n), op('end')] },
      ],
      bodies: [body([...count, ...ends[end], op('local.get', 1)], [{ count: 1, type: i32 }])],
    }),
  );
}

describe('a contract that looks for what calls before it left', () => {
  it.each(['return', 'trap', 'grow', 'grow 0'] as const)(
    'finds nothing, and pays the same, in new and reused instances (%s)',
    (end) => {
      const contract = addressOf(0xc0);
      const seen = () => {
        const scene = new ContractScene(createVm({ crypto: nobleCrypto }));
        scene.mustDeploy(contract, remembering(end));
        return () => {
          const { status, gasLeft, hint } = scene.call(contract, emptyBytes);
          return { status, gasLeft, hint };
        };
      };
      const fresh = seen()();
      const again = seen();
      for (let call = 0; call < 4; call++) expect(again()).toEqual(fresh);
      expect(fresh.status).toBe(end === 'trap' ? 'failed' : 'reverted');
      if (end !== 'trap') expect(fresh.hint).toContain('status 30');
    },
  );
});

describe('the cache of compiled contracts', () => {
  const sized = (sizeBytes: number): Contract => ({ ...spoiler, sizeBytes });
  const hash = (tag: number): Uint8Array => new Uint8Array(32).fill(tag);

  it('is bounded by bytes: what was used longest ago leaves, pinned ones never', () => {
    const dropped: Contract[] = [];
    const cache = new ContractCache([hash(0)], (contract) => dropped.push(contract));
    const third = Math.floor(limits.moduleCacheSizeBytesMax / 3);
    const contracts = [0, 1, 2, 3, 4].map(() => sized(third));
    for (const [tag, contract] of contracts.slice(0, 4).entries()) {
      cache.set(hash(tag), table, contract);
    }
    expect(dropped).toEqual([]);
    expect(cache.get(hash(1), table)).toBe(contracts[1]);
    cache.set(hash(4), table, contracts[4] as Contract);
    expect(dropped).toEqual([contracts[2]]);
    expect(cache.get(hash(2), table)).toBeUndefined();
    for (const tag of [0, 1, 3, 4]) expect(cache.get(hash(tag), table)).toBe(contracts[tag]);
  });
});
