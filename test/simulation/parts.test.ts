/** The virtual clock, chance, disk, network and miner, each by itself. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { baseVersion, encodeHeader } from '../../src/primitives/header.ts';
import { meetsTarget } from '../../src/primitives/work.ts';
import { VirtualClock } from '../../src/simulation/clock.ts';
import { SimulatedDisk } from '../../src/simulation/disk.ts';
import { HashPower } from '../../src/simulation/hash-power.ts';
import { type Endpoint, SimulatedNetwork } from '../../src/simulation/network.ts';
import { Random } from '../../src/simulation/random.ts';

const nothing = (): void => undefined;

describe('virtual clock', () => {
  it('runs tasks by time, then by the order of scheduling', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), (delays) => {
        const clock = new VirtualClock();
        const ran: number[] = [];
        delays.forEach((delay, index) => {
          clock.schedule(delay, () => ran.push(index));
        });
        clock.runUntil(100, nothing);
        const expected = delays
          .map((delay, index) => ({ delay, index }))
          .sort((left, right) => left.delay - right.delay || left.index - right.index);
        expect(ran).toEqual(expected.map(({ index }) => index));
      }),
    );
  });

  it('stops at the given time, skips what was cancelled, runs what tasks schedule', () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.schedule(5, () => {
      ran.push(`a ${clock.now}`);
      clock.schedule(0, () => ran.push(`b ${clock.now}`));
    });
    clock.schedule(6, () => ran.push('cancelled')).cancel();
    clock.schedule(11, () => ran.push(`c ${clock.now}`));
    clock.runUntil(10, nothing);
    expect(ran).toEqual(['a 5', 'b 5']);
    expect(clock.now).toBe(10);
    clock.runUntil(11, nothing);
    expect(ran.at(-1)).toBe('c 11');
  });
});

describe('random', () => {
  it('repeats itself by seed, and a purpose does not disturb another', () => {
    const draw = (random: Random): number[] => Array.from({ length: 5 }, () => random.bits());
    expect(draw(new Random('1'))).toEqual(draw(new Random('1')));
    expect(draw(new Random('1'))).not.toEqual(draw(new Random('2')));
    const one = new Random('1');
    const before = draw(one.fork('disk'));
    one.next();
    expect(draw(one.fork('disk'))).toEqual(before);
    expect(draw(one.fork('network'))).not.toEqual(before);
  });

  it('is uniform and memoryless enough: means within 2 %', () => {
    const random = new Random('means');
    const mean = (draw: () => number): number => {
      let sum = 0;
      for (let index = 0; index < 50_000; index++) sum += draw();
      return sum / 50_000;
    };
    expect(Math.abs(mean(() => random.next()) - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(mean(() => random.exponential(7)) - 7)).toBeLessThan(0.14);
    expect(Math.abs(mean(() => random.integer(3, 5)) - 4)).toBeLessThan(0.02);
  });

  it('shuffles without losing anything', () => {
    const items = [1, 2, 3, 4, 5, 6, 7];
    const shuffled = new Random('shuffle').shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort()).toEqual(items);
    expect(() => new Random('x').pick([])).toThrow(RangeError);
  });
});

describe('simulated disk', () => {
  const operation = (name: string, value: string | undefined) => ({
    key: utf8(name),
    value: value === undefined ? undefined : utf8(value),
  });

  it('keeps after a crash all that was synced and a prefix of the rest, whole batches only', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
        fc.integer(),
        fc.integer({ min: 0, max: 40 }),
        (syncs, seed, crashAt) => {
          const clock = new VirtualClock();
          const disk = new SimulatedDisk(clock, new Random(`${seed}`), { syncMs: 5, lies: false });
          let promised = 0;
          const completed: number[] = [];
          syncs.forEach((sync, index) => {
            clock.schedule(3 * index, () => {
              const batch = [operation(`a${index}`, 'x'), operation(`b${index}`, 'y')];
              disk.append(batch, sync, () => {
                completed.push(index);
                if (sync) promised = index + 1;
              });
              expect(disk.get(utf8(`a${index}`))).toEqual(utf8('x'));
            });
          });
          clock.runUntil(crashAt, nothing);
          disk.crash();
          clock.runUntil(crashAt, nothing);
          const kept = syncs.map((_, index) => disk.get(utf8(`a${index}`)) !== undefined);
          const count = kept.filter(Boolean).length;
          expect(kept).toEqual(syncs.map((_, index) => index < count));
          expect(count).toBeGreaterThanOrEqual(promised);
          syncs.forEach((_, index) => {
            expect(disk.get(utf8(`b${index}`)) !== undefined).toBe(kept[index]);
          });
          expect(completed).toEqual(completed.map((_, index) => index));
        },
      ),
    );
  });

  it('never calls back after a crash, and forgets deletions that were not durable', () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk(clock, new Random('2'), { syncMs: 5, lies: false });
    disk.format([operation('k', 'v')]);
    let done = false;
    disk.append([operation('k', undefined)], true, () => {
      done = true;
    });
    expect(disk.get(utf8('k'))).toBeUndefined();
    disk.crash();
    clock.runUntil(1_000, nothing);
    expect(done).toBe(false);
    expect(disk.lostBatches === 1).toBe(disk.get(utf8('k')) !== undefined);
  });

  it('lists and ranges in key order', async () => {
    const disk = new SimulatedDisk(new VirtualClock(), new Random('3'), { syncMs: 1, lies: false });
    disk.format(['b', 'a', 'd', 'c'].map((name) => operation(name, name)));
    const rows = await disk.range(utf8('a'), utf8('d'), { limit: 2, reverse: true });
    expect(rows.map(([key]) => key)).toEqual([utf8('c'), utf8('b')]);
  });
});

/** A network whose nodes write down what reaches them. */
function createNetwork(options: { loss?: number } = {}) {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork(clock, new Random('network'), nobleCrypto, {
    delayMsMin: 10,
    delayMsMean: 5,
    loss: options.loss ?? 0,
    duplication: 0,
    degree: 2,
  });
  const log: string[] = [];
  const endpoint = (self: string, isTrusting: boolean): Endpoint => ({
    gossip: (_topic, peer, delivery) => {
      log.push(`${self} hears ${peer}`);
      network.judge(self, delivery, isTrusting ? 'accept' : 'ignore');
    },
    direct: (peer) => log.push(`${self} gets ${peer}`),
    serve: (_kind, query) => query,
    joined: (peer) => log.push(`${self} meets ${peer}`),
    left: (peer) => log.push(`${self} misses ${peer}`),
  });
  const run = (ms: number): string[] => {
    clock.runUntil(clock.now + ms, nothing);
    return log.splice(0);
  };
  return { clock, network, endpoint, run };
}

describe('simulated network', () => {
  it('introduces neighbours, and forwards only what was accepted, once', () => {
    const { network, endpoint, run } = createNetwork();
    const names = ['a', 'b', 'c', 'd'];
    network.connect(names);
    for (const name of names) network.attach(name, endpoint(name, name !== 'b'));
    expect(run(1_000).length).toBe(8);
    network.publish('a', 'messages', utf8('hello'));
    const heard = run(1_000).map((line) => line[0]);
    expect(new Set(heard)).toEqual(new Set(['b', 'c', 'd']));
    expect(heard.length).toBe(3);
    network.detach('c');
    expect(run(1_000)).toHaveLength(2);
  });

  it('cuts in one direction, heals, and delivers late what was clogged', () => {
    const { network, endpoint, run } = createNetwork();
    network.connect(['a', 'b']);
    for (const name of ['a', 'b']) network.attach(name, endpoint(name, true));
    run(1_000);
    const heal = network.cut(['a'], ['b'], true);
    network.sendDirect('a', 'b', utf8('1'));
    network.sendDirect('b', 'a', utf8('2'));
    expect(run(1_000)).toEqual(['a gets b']);
    heal();
    network.clog('a', 'b', 5_000);
    network.sendDirect('a', 'b', utf8('3'));
    expect(run(4_000)).toEqual([]);
    expect(run(4_000)).toEqual(['b gets a']);
  });

  it('answers a request, or times out exactly once, or stays silent when cancelled', () => {
    const { network, endpoint, run } = createNetwork();
    network.connect(['a', 'b']);
    for (const name of ['a', 'b']) network.attach(name, endpoint(name, true));
    const results: unknown[] = [];
    const ask = () =>
      network.request('a', 'b', 'status', utf8('q'), 500, (result) => results.push(result));
    ask();
    ask().cancel();
    run(2_000);
    expect(results).toEqual([{ ok: true, bytes: utf8('q') }]);
    network.cut(['b'], ['a'], true);
    ask();
    run(2_000);
    expect(results.slice(1)).toEqual([{ ok: false, reason: 'timeout' }]);
  });

  it('loses nothing any more once it is calm', () => {
    const { network, endpoint, run } = createNetwork({ loss: 1 });
    network.connect(['a', 'b']);
    for (const name of ['a', 'b']) network.attach(name, endpoint(name, true));
    run(1_000);
    network.sendDirect('a', 'b', utf8('1'));
    expect(run(1_000)).toEqual([]);
    network.calm();
    network.sendDirect('a', 'b', utf8('1'));
    expect(run(1_000)).toEqual(['b gets a']);
  });
});

describe('hash power', () => {
  const bits = 0x207fffff;
  const block = {
    header: {
      version: baseVersion,
      previous: new Uint8Array(32),
      commitment: new Uint8Array(32),
      time: 1,
      bits,
      nonce: 0,
    },
    record: {} as never,
    transactions: [],
  };

  it('finds real work after waits whose mean is work over hash rate', () => {
    const clock = new VirtualClock();
    const miner = new HashPower(clock, new Random('miner'), nobleCrypto, 0.02);
    const times: number[] = [];
    let started = 0;
    for (let round = 0; round < 2_000; round++) {
      miner.seal(block, (found) => {
        expect(meetsTarget(nobleCrypto.sha256d(encodeHeader(found.header)), bits)).toBe(true);
        times.push(clock.now - started);
      });
      clock.runUntil(clock.now + 10_000, nothing);
      started = clock.now;
    }
    expect(times.length).toBe(2_000);
    // Two hashes at 0.02 per millisecond: 100 ms.
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    expect(Math.abs(mean - 100)).toBeLessThan(8);
  });

  it('drops the search that new work replaces, and never finds without power', () => {
    const clock = new VirtualClock();
    const found: string[] = [];
    const miner = new HashPower(clock, new Random('miner'), nobleCrypto, 0.02);
    miner.seal(block, () => found.push('old'));
    miner.seal(block, () => found.push('new'));
    miner.seal(undefined, nothing);
    const watcher = new HashPower(clock, new Random('watcher'), nobleCrypto, 0);
    watcher.seal(block, () => found.push('watcher'));
    clock.runUntil(1e6, nothing);
    expect(found).toEqual([]);
    expect(watcher.mines).toBe(false);
  });
});
