/** Templates: when they are asked for, with what time and bits, and what happens to found blocks. */

import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/primitives/limits.ts';
import { easyParameters, genesis, honestPeer, mine, mineChain, World } from './support.ts';

const pace = { intervalMs: 2_000, transactionMs: 250 };
const devnet = { ...easyParameters, step: 0, pace };

/** Lets the clock reach the template timer and fires it. */
function elapse(world: World): void {
  world.now = world.state.timers.get('template') ?? world.now;
  world.run({ kind: 'elapsed', timer: 'template' });
}

describe('templates', () => {
  it('come empty at once, then full, on every new head', () => {
    const world = new World();
    world.run({ kind: 'mining', enabled: true });
    const block = mine(genesis);
    world.announce('a', block);
    const proposals = world.of('propose').map(({ parent, empty }) => ({ parent, empty }));
    expect(proposals).toEqual([
      { parent: genesis.id, empty: true },
      { parent: genesis.id, empty: false },
      { parent: block.id, empty: true },
      { parent: block.id, empty: false },
    ]);
  });

  it('carry the clock, but never less than one step after the parent', () => {
    const world = new World();
    world.run({ kind: 'mining', enabled: true });
    const nowSeconds = Math.floor(world.now / 1000);
    expect(world.of('propose').at(-1)).toMatchObject({ time: nowSeconds, bits: 0x207fffff });
    const ahead = mine(genesis, { time: nowSeconds + 20 });
    world.announce('a', ahead);
    expect(world.of('propose').at(-1)?.time).toBe(nowSeconds + 25);
  });

  it('wait while one step after the parent is still too new', () => {
    const world = new World();
    world.run({ kind: 'mining', enabled: true });
    const before = world.of('propose').length;
    world.announce('a', mine(genesis, { time: Math.floor(world.now / 1000) + 28 }));
    expect(world.of('propose')).toHaveLength(before);
    elapse(world);
    expect(world.of('propose')).toHaveLength(before + 2);
  });

  it('are renewed for transactions, throttled, and every 30 s without any', () => {
    const world = new World();
    world.run({ kind: 'mining', enabled: true });
    for (let waiting = 1; waiting < 50; waiting++) world.run({ kind: 'submitted', waiting });
    expect(world.of('propose')).toHaveLength(2);
    const start = world.now;
    elapse(world);
    expect(world.now - start).toBe(limits.templateThrottleMs);
    expect(world.of('propose')).toHaveLength(3);
    elapse(world);
    expect(world.now - start).toBe(limits.templateThrottleMs + limits.templateRefreshMs);
    expect(world.of('propose')).toHaveLength(4);
    expect(world.of('propose').at(-1)?.empty).toBe(false);
  });

  it('stop with mining, and while the node catches up', () => {
    const world = new World();
    world.run({ kind: 'mining', enabled: true });
    world.run({ kind: 'mining', enabled: false });
    expect(world.of('seal')).toEqual([{ kind: 'seal', block: undefined }]);
    world.run({ kind: 'mining', enabled: true });
    const chain = mineChain(genesis, 50);
    world.join('a', chain.at(-1) as never);
    const peer = honestPeer(chain);
    for (let [next] = world.open(); next !== undefined; [next] = world.open()) {
      if (world.head.height > 0 && world.head.height < 46) {
        expect(world.state.mining.parent).toBeUndefined();
      }
      world.answer(next, peer(next.query));
    }
    expect(world.of('propose').at(-1)?.parent).toBe(chain.at(-1)?.id);
  });

  it('go on when headers come without their bodies', () => {
    const world = new World();
    const chain = mineChain(genesis, 50);
    world.run({ kind: 'mining', enabled: true });
    world.join('a', chain.at(-1) as never);
    world.serve({
      a: (query) =>
        query.kind === 'headers' ? honestPeer(chain)(query) : { kind: 'bodies', value: [] },
    });
    expect(world.state.mining.parent).toBe(genesis.id);
  });
});

describe('a found block', () => {
  it('is stored, applied, and announced once it is durable', () => {
    const world = new World();
    world.run({ kind: 'mining', enabled: true });
    const found = mine(genesis, { transactions: [Uint8Array.of(7)] });
    const effects = world.step({ kind: 'sealed', block: found.block });
    expect(effects.map(({ kind }) => kind)).toEqual(['record', 'record', 'apply']);
    world.execute();
    expect(world.head.id).toBe(found.id);
    expect(world.of('broadcast').map(({ message }) => message.header)).toEqual([found.header]);
    expect(world.of('broadcast')[0]?.message.shortIds).toHaveLength(1);
  });

  it('that is wrong alarms the operator and goes nowhere', () => {
    const world = new World();
    world.run({ kind: 'sealed', block: mine(genesis, { height: 5 }).block });
    world.run({ kind: 'sealed', block: mine(genesis, { workless: true }).block });
    expect(world.of('alarm').map(({ code }) => code)).toEqual([
      'own-block-invalid',
      'own-block-invalid',
    ]);
    expect(world.state.tree.size).toBe(1);
  });

  it('that lost the race is kept but not announced', () => {
    const world = new World();
    world.announce('a', mine(genesis, { salt: 1 }));
    const late = mine(genesis, { salt: 2 });
    world.run({ kind: 'sealed', block: late.block });
    expect(world.of('broadcast')).toEqual([]);
    expect(world.chain.hasBody(late.id)).toBe(true);
  });
});

describe('a proposed template', () => {
  it('is searched while its parent is the head, and dropped after', () => {
    const world = new World();
    world.run({ kind: 'mining', enabled: true });
    const template = mine(genesis).block;
    world.run({ kind: 'proposed', block: template, parent: genesis.id });
    expect(world.of('seal')).toEqual([{ kind: 'seal', block: template }]);
    world.announce('a', mine(genesis, { salt: 3 }));
    world.run({ kind: 'proposed', block: template, parent: genesis.id });
    expect(world.of('seal')).toHaveLength(1);
  });
});

describe("a devnet's pace", () => {
  it('makes an empty block after the interval and a full one soon after a transaction', () => {
    const world = new World(devnet);
    world.run({ kind: 'mining', enabled: true });
    expect(world.of('propose')).toEqual([]);
    const start = world.now;
    elapse(world);
    expect(world.now - start).toBe(2_000);
    const first = mine(genesis);
    world.run({ kind: 'sealed', block: first.block });
    world.now += 100;
    world.run({ kind: 'submitted', waiting: 1 });
    world.now += 50;
    world.run({ kind: 'submitted', waiting: 2 });
    const waited = world.now;
    elapse(world);
    expect(world.now - waited).toBe(200);
    expect(world.of('propose').map(({ parent, empty }) => ({ parent, empty }))).toEqual([
      { parent: genesis.id, empty: false },
      { parent: first.id, empty: false },
    ]);
  });

  it('yields to a block asked for by hand, even with mining off', () => {
    const world = new World(devnet);
    world.run({ kind: 'elapsed', timer: 'mine-now' });
    expect(world.of('propose')).toHaveLength(1);
    const template = mine(genesis);
    world.run({ kind: 'proposed', block: template.block, parent: genesis.id });
    expect(world.of('seal').at(-1)?.block).toBe(template.block);
    world.run({ kind: 'sealed', block: template.block });
    expect(world.head.id).toBe(template.id);
    expect(world.of('seal').at(-1)?.block).toBeUndefined();
    expect(world.of('propose')).toHaveLength(1);
  });
});
