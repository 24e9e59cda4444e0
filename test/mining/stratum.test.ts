/** The Stratum server over real sockets, against a miner that was written from the protocol's text. */

import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { difficultyOfTarget, targetOfDifficulty } from '../../src/mining/difficulty.ts';
import { notifyLine } from '../../src/mining/stratum/messages.ts';
import { VariableDifficulty } from '../../src/mining/stratum/variable-difficulty.ts';
import { solvedHeader } from '../../src/mining/template.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { encodeHeader } from '../../src/primitives/header.ts';
import { hashToNumber } from '../../src/primitives/work.ts';
import { headerOf, StratumMiner } from '../support/stratum-miner.ts';
import { harder, parentA, parentB, Scene, templateOn } from './stratum-scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = new Scene();
  await scene.start();
});
afterEach(async () => {
  await scene.stop();
});

describe('known answers', () => {
  const previous = 'd02b10fc0d4711eae1a805af50a8a83312a2215e00017f2b0000000000000000';

  it('writes the parent as ESP-Miner reads it, and hashes to its difficulty', () => {
    const swapped = Buffer.from(previous, 'hex').swap32();
    const header = {
      version: 0x20000004,
      previous: new Uint8Array(swapped),
      commitment: fromHex('6d0359c451434605c52a5a9ce074340be47c2c63840731f9edf1db3f26b1cdd9'),
      time: 0x646ff1a9,
      bits: 0x1705ae3a,
      nonce: 0x276e8947,
    };
    const template = {
      id: '1',
      header,
      recordPrefix: new Uint8Array(192),
      height: 1,
      target: 1n,
    };
    const { params } = JSON.parse(notifyLine('1', template, true)) as { params: unknown[] };
    expect(params[1]).toBe(previous);
    expect(params.slice(5)).toEqual(['20000004', '1705ae3a', '646ff1a9', true]);
    const hash = nobleCrypto.sha256d(encodeHeader(header));
    expect(toHex(hash.slice().reverse())).toMatch(/^000000000e30101020e2ec8c/);
    expect(difficultyOfTarget(hashToNumber(hash))).toBeCloseTo(18.0435, 3);
  });

  it('turns difficulties into targets exactly', () => {
    expect(targetOfDifficulty(1)).toBe(0xffffn << 208n);
    expect(targetOfDifficulty(2 ** -20)).toBe(0xffffn << 228n);
    expect(targetOfDifficulty(2 ** 40)).toBe(0xffffn << 168n);
    for (const difficulty of [2 ** -20, 0.25, 1, 3, 1e9]) {
      expect(difficultyOfTarget(targetOfDifficulty(difficulty))).toBeCloseTo(difficulty, 9);
    }
  });
});

describe('a conversation', () => {
  it('sets the difficulty before the first job, and says who is paid', async () => {
    scene.desk.setTemplate(templateOn(parentA, '1'));
    const miner = await scene.miner();
    await miner.job();
    expect(miner.methods.filter((method) => method.startsWith('mining'))).toEqual([
      'mining.set_difficulty',
      'mining.notify',
    ]);
    expect(miner.methods).toContain('client.show_message');
    expect(miner.extranonce1).toHaveLength(16);
    expect(miner.extranonce2Size).toBe(8);
    const other = await scene.miner();
    expect(other.extranonce1).not.toBe(miner.extranonce1);
  });

  it('takes a block whose header both sides build alike', async () => {
    const template = templateOn(parentA, '1');
    scene.desk.setTemplate(template);
    const miner = await scene.miner();
    const job = await miner.job();
    const share = miner.mine(job, (1n << 255n) >> 12n);
    expect(await miner.submit(job, share)).toMatchObject({ result: true, error: null });
    const [sealed] = scene.sealed;
    if (sealed === undefined) throw new Error('no block was handed in');
    const header = encodeHeader(solvedHeader(template, sealed.solution, nobleCrypto));
    expect(toHex(header)).toBe(headerOf(job, miner.extranonce1, share).toString('hex'));
    expect(scene.accounts.blocks).toMatchObject([{ height: 9, door: 'stratum', worker: 'worker' }]);
    const again = miner.mine(job, (1n << 255n) >> 12n, '01'.repeat(8));
    expect(await miner.submit(job, again)).toMatchObject({ result: true });
    expect(scene.sealed).toHaveLength(1);
  });

  it('refuses with the codes that miners know', async () => {
    scene.desk.setTemplate(templateOn(parentA, '1', harder));
    const early = await StratumMiner.open(scene.server.port);
    scene.miners.push(early);
    expect(await early.request('mining.submit', [])).toMatchObject({ error: { 0: 25 } });
    await early.request('mining.subscribe', []);
    expect(await early.request('mining.submit', [])).toMatchObject({ error: { 0: 24 } });

    const miner = await scene.miner(2 ** -20);
    const job = await miner.job();
    const share = miner.mine(job);
    const codeOf = async (...params: unknown[]): Promise<unknown> => {
      const { result, error } = await miner.request('mining.submit', ['worker', ...params]);
      expect(result).toBe(false);
      return error?.slice(0, 2);
    };
    const { extranonce2, nonce } = share;
    expect(await codeOf('nojob', extranonce2, job.time, nonce)).toMatchObject({ 0: 21 });
    expect(await codeOf(job.id, extranonce2, '6b49d201', nonce)).toEqual([
      20,
      'time is fixed by the job',
    ]);
    expect(await codeOf(job.id, '00', job.time, nonce)).toMatchObject({ 0: 20 });
    expect(await codeOf(job.id, extranonce2, job.time, nonce, '00002000')).toMatchObject({ 0: 20 });
    expect(await codeOf(job.id, 'ff'.repeat(8), job.time, 'ffffffff')).toMatchObject({ 0: 23 });
    expect(await miner.submit(job, share)).toMatchObject({ result: true });
    expect(await codeOf(job.id, extranonce2, job.time, nonce)).toMatchObject({ 0: 22 });
    expect(await miner.request('mining.dance', [])).toMatchObject({ error: { 0: 20 } });
    expect(await miner.request('mining.get_transactions', [job.id])).toMatchObject({ result: [] });
    scene.desk.setHead(toHex(parentB));
    expect(await codeOf(job.id, extranonce2, job.time, nonce)).toMatchObject({ 0: 21 });
    expect(scene.accounts.shares).toEqual({
      'not-subscribed': 1,
      unauthorized: 1,
      stale: 2,
      'wrong-time': 1,
      malformed: 1,
      'wrong-version': 1,
      'low-difficulty': 1,
      accepted: 1,
      duplicate: 1,
    });
  });

  it('lets versions roll within the mask of both sides (BIP310, BIP320)', async () => {
    scene.desk.setTemplate(templateOn(parentA, '1', harder));
    const miner = await StratumMiner.open(scene.server.port);
    scene.miners.push(miner);
    const asked = { 'version-rolling.mask': 'ffff0000', 'version-rolling.min-bit-count': 2 };
    const reply = await miner.request('mining.configure', [['version-rolling', 'other'], asked]);
    expect(reply.result).toEqual({
      'version-rolling': true,
      'version-rolling.mask': '1fff0000',
      other: false,
    });
    await miner.request('mining.suggest_difficulty', [2 ** -20]);
    await miner.login();
    const job = await miner.job();
    for (let nonce = 0; ; nonce++) {
      const share = { extranonce2: '00'.repeat(8), nonce: nonce.toString(16).padStart(8, '0') };
      const header = headerOf(job, miner.extranonce1, share, '3abc0000');
      if (hashToNumber(nobleCrypto.sha256d(header)) > job.target) continue;
      expect(await miner.submit(job, share, '1abc0000')).toMatchObject({ result: true });
      break;
    }
  });

  it('changes jobs during work: a new parent cleans, a refresh does not', async () => {
    scene.desk.setTemplate(templateOn(parentA, '1', harder));
    const miner = await scene.miner(2 ** -20);
    const first = await miner.job();
    const late = miner.mine(first);
    scene.desk.setHead(toHex(parentB));
    scene.desk.setTemplate(templateOn(parentB, '2', harder));
    const second = await miner.job((job) => job.id !== first.id);
    expect(second.clean).toBe(true);
    expect(await miner.submit(first, late)).toMatchObject({ error: { 0: 21 } });
    expect(await miner.submit(second, miner.mine(second))).toMatchObject({ result: true });
    expect(scene.sealed).toEqual([]);
    scene.desk.setTemplate(templateOn(parentB, '3', harder));
    const full = await miner.job((job) => job.id !== second.id);
    expect(full.clean).toBe(false);
    expect(
      await miner.submit(second, miner.mine(second, second.target, '05'.repeat(8))),
    ).toMatchObject({ result: true });
    scene.desk.setTemplate(templateOn(parentB, '4', harder));
    await miner.request('mining.extranonce.subscribe', []);
    expect(miner.jobs.at(-1)?.id).toBe(full.id);
  });

  it('shows names without what a terminal would act on', async () => {
    const miner = await StratumMiner.open(scene.server.port);
    scene.miners.push(miner);
    await miner.login('rig\u001b[2J\n7\u202e \u{1f40c}');
    expect(scene.server.workers().map(({ name }) => name)).toEqual(['rig?[2J?7? \u{1f40c}']);
    // Cut in the middle of a character of two units.
    await miner.login(`${'x'.repeat(63)}\u{1f40c}`);
    expect(scene.server.workers().map(({ name }) => name)).toEqual([`${'x'.repeat(63)}?`]);
  });

  it('never suggests itself out of the blocks that it could find', async () => {
    const template = templateOn(parentA, '1', harder);
    scene.desk.setTemplate(template);
    const miner = await scene.miner();
    const first = await miner.job();
    for (const difficulty of [2 ** 60, 1e-300]) {
      await miner.request('mining.suggest_difficulty', [difficulty]);
      const job = await miner.job(({ id }) => id !== first.id);
      expect(job.target).toBeGreaterThanOrEqual(template.target);
    }
    for (const wrong of [[0], [-1], [1e300], ['1'], [null], [], null]) {
      const reply = await miner.request('mining.suggest_difficulty', wrong as unknown[]);
      expect(reply, String(wrong)).toMatchObject({ error: { 0: 20 } });
    }
  });

  it('asks for templates only while miners are there, and lets them reconnect', async () => {
    const first = await scene.miner();
    expect(scene.demands).toEqual([true]);
    first.close();
    while (scene.demands.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(scene.demands).toEqual([true, false]);
    const again = await scene.miner();
    scene.desk.setTemplate(templateOn(parentA, '1'));
    expect((await again.job()).clean).toBe(true);
    expect(again.extranonce1).not.toBe(first.extranonce1);
  });
});

describe('bounds', () => {
  it('answers garbage, then hangs up; so it does on an endless line', async () => {
    const miner = await StratumMiner.open(scene.server.port);
    scene.miners.push(miner);
    miner.write('{"half":\nnot json\n[]\n{"id":{},"method":"mining.subscribe"}\n');
    expect(await miner.request('mining.subscribe', [])).toBeDefined();
    expect(miner.isClosed).toBe(false);
    for (let count = 0; count < 20; count++) miner.write('\u0000garbage\n');
    while (!miner.isClosed) await new Promise((resolve) => setTimeout(resolve, 5));

    const endless = await StratumMiner.open(scene.server.port);
    scene.miners.push(endless);
    endless.write('x'.repeat(100_000));
    while (!endless.isClosed) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('serves a miner among 500 idle connections', async () => {
    const idle = await Promise.all(
      Array.from(
        { length: 500 },
        () =>
          new Promise<ReturnType<typeof connect>>((resolve) => {
            const socket = connect(scene.server.port, '127.0.0.1', () => resolve(socket));
          }),
      ),
    );
    scene.desk.setTemplate(templateOn(parentA, '1'));
    const miner = await scene.miner();
    const job = await miner.job();
    expect(await miner.submit(job, miner.mine(job))).toMatchObject({ result: true });
    expect(scene.server.connections).toBe(501);
    for (const socket of idle) socket.destroy();
    while (scene.server.connections > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

describe('variable difficulty', () => {
  /** Seconds between the last shares of a miner of constant speed, and its difficulty. */
  function settle(hashesPerSecond: number, blockDifficulty: number): number {
    let now = 0;
    const difficulty = new VariableDifficulty(now);
    difficulty.begin(blockDifficulty);
    for (let count = 0; count < 400; count++) {
      now += (difficulty.current * 2 ** 32 * 1_000) / hashesPerSecond;
      difficulty.share();
      difficulty.adjust(now, blockDifficulty);
    }
    return (difficulty.current * 2 ** 32) / hashesPerSecond;
  }

  it('comes to a share every few seconds for slow and fast miners', () => {
    for (const rate of [1e6, 1e7, 1e10, 1e14]) {
      expect(settle(rate, 1e12)).toBeGreaterThan(1.5);
      expect(settle(rate, 1e12)).toBeLessThan(9);
    }
  });

  it('never asks for more than a block costs, unless that is next to nothing', () => {
    expect(settle(1e10, 1)).toBeLessThan(0.5);
    expect(settle(1e7, 2 ** -31)).toBeGreaterThan(0.1);
  });

  it('falls for a miner from whom nothing comes', () => {
    const difficulty = new VariableDifficulty(0, 1024);
    expect(difficulty.adjust(10_000, 1e12)).toBe(false);
    expect(difficulty.adjust(30_000, 1e12)).toBe(true);
    expect(difficulty.current).toBe(64);
  });
});
