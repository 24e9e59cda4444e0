/** What Stratum does as time goes by, on a clock that only the test moves. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { MiningAccounts, type ShareOutcome } from '../../src/mining/accounting.ts';
import { TemplateDesk } from '../../src/mining/desk.ts';
import { StratumSession } from '../../src/mining/stratum/session.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { limits } from '../../src/primitives/limits.ts';
import { StratumMiner } from '../support/stratum-miner.ts';
import { parentA, Scene, templateOn } from './stratum-scene.ts';

interface Line {
  readonly method?: string;
  readonly params: readonly unknown[];
  readonly result?: unknown;
  readonly error?: readonly [number, string, null] | null;
}

/** One conversation without a socket, where every hash is a block. */
class Talk {
  now = 0;
  readonly lines: Line[] = [];
  readonly shares: ShareOutcome[] = [];
  readonly session: StratumSession;
  readonly desk = new TemplateDesk(
    {
      crypto: { ...nobleCrypto, sha256d: () => new Uint8Array(32) },
      accounts: new MiningAccounts(),
      seal: async () => 'accepted',
      demand: () => undefined,
      now: () => 0,
    },
    toHex(parentA),
  );

  constructor() {
    let jobs = 0;
    this.desk.setTemplate(templateOn(parentA, '1'));
    this.session = new StratumSession({
      desk: this.desk,
      nextJob: () => String(++jobs),
      payout: '',
      now: () => this.now,
      send: (line) => this.lines.push(JSON.parse(line)),
      share: (outcome) => this.shares.push(outcome),
      block: () => undefined,
      ready: () => undefined,
    });
    this.say('mining.subscribe');
    this.say('mining.authorize', 'rig', 'x');
  }

  say(method: string, ...params: readonly unknown[]): Line | undefined {
    this.session.receive(JSON.stringify({ id: 1, method, params }));
    return this.lines.findLast((line) => line.method === undefined);
  }

  jobs(): readonly unknown[] {
    return this.lines
      .filter(({ method }) => method === 'mining.notify')
      .map(({ params }) => params[0]);
  }

  /** Ticks once a second for so long. */
  wait(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      this.now += 1_000;
      this.session.tick();
    }
  }
}

const clocks = ['performance', 'setInterval', 'setTimeout'] as const;

describe('a session', () => {
  it('gets a job every 25 s though nothing changes: miners sleep after 120 s without', () => {
    const talk = new Talk();
    // A rate without shares is judged after 20 s, and then the least difficulty stays.
    talk.say('mining.suggest_difficulty', limits.stratumDifficultyMin);
    const before = talk.jobs().length;
    talk.wait(24);
    expect(talk.jobs()).toHaveLength(before);
    talk.wait(1);
    expect(talk.jobs()).toHaveLength(before + 1);
    talk.wait(100);
    expect(talk.jobs()).toHaveLength(before + 5);
    expect(new Set(talk.jobs()).size).toBe(before + 5);
  });

  it('gets more transactions once in five seconds', () => {
    const talk = new Talk();
    talk.say('mining.suggest_difficulty', limits.stratumDifficultyMin);
    const before = talk.jobs().length;
    talk.desk.setTemplate(templateOn(parentA, '2'));
    talk.wait(4);
    expect(talk.jobs()).toHaveLength(before);
    talk.wait(1);
    expect(talk.jobs()).toHaveLength(before + 1);
    talk.wait(20);
    expect(talk.jobs()).toHaveLength(before + 1);
  });

  it('keeps so many shares of a job, and so many jobs', () => {
    const talk = new Talk();
    const submit = (job: unknown, nonce: number): Line | undefined => {
      const digits = nonce.toString(16).padStart(8, '0');
      return talk.say('mining.submit', 'rig', job, '00'.repeat(8), '6b49d200', digits);
    };
    const job = talk.jobs().at(-1);
    for (let nonce = 0; nonce < limits.stratumSharesPerJobMax; nonce++) {
      // The pace of the least difficulty: a share in 4 s.
      talk.now += limits.stratumShareMs;
      submit(job, nonce);
    }
    expect(talk.shares).toHaveLength(limits.stratumSharesPerJobMax);
    expect(new Set(talk.shares)).toEqual(new Set(['accepted']));
    expect(submit(job, 0)?.error?.[0]).toBe(22);
    const last = submit(job, limits.stratumSharesPerJobMax);
    expect(last?.error).toEqual([20, 'too many shares for one job', null]);
    expect(talk.shares.at(-1)).toBe('rejected');
    // The next job takes some again; after 64 of them the first one is gone.
    talk.wait(25);
    expect(submit(talk.jobs().at(-1), 0)?.result).toBe(true);
    for (let count = talk.jobs().length; count < limits.stratumJobsPerConnection; count++) {
      talk.say('mining.suggest_difficulty', limits.stratumDifficultyMin);
    }
    expect(submit(job, 0)?.error?.[0]).toBe(22);
    talk.say('mining.suggest_difficulty', limits.stratumDifficultyMin);
    expect(submit(job, 0)?.error?.[0]).toBe(21);
  });
});

describe('a connection', () => {
  afterEach(() => void vi.useRealTimers());

  async function openScene(): Promise<Scene> {
    vi.useFakeTimers({ toFake: [...clocks] });
    const scene = new Scene();
    await scene.start();
    return scene;
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('is closed when no greeting came for 30 s, and after an hour without a word', async () => {
    const scene = await openScene();
    const silent = await StratumMiner.open(scene.server.port);
    scene.miners.push(silent);
    const polite = await scene.miner();
    vi.advanceTimersByTime(limits.stratumGreetingMs - 1_000);
    await polite.request('mining.extranonce.subscribe', []);
    expect(silent.isClosed).toBe(false);
    vi.advanceTimersByTime(2_000);
    while (!silent.isClosed) await turn();
    vi.advanceTimersByTime(limits.stratumIdleMs - 3_000);
    await polite.request('mining.extranonce.subscribe', []);
    vi.advanceTimersByTime(limits.stratumIdleMs - 1_000);
    await turn();
    expect(polite.isClosed).toBe(false);
    vi.advanceTimersByTime(2_000);
    while (!polite.isClosed) await turn();
    await scene.stop();
  });

  it('that sends too fast is read later, and loses nothing', async () => {
    const scene = await openScene();
    const [fast, other] = [await scene.miner(), await scene.miner()];
    // A thousand bytes a line: not many more fit into what a socket hands over at once.
    const padding = 'x'.repeat(1_000);
    const chunkLines = 65;
    let answered = 0;
    const count = 2 * limits.stratumLinesBurst;
    const answers = Array.from({ length: count }, async () => {
      await fast.request('mining.extranonce.subscribe', [padding]);
      answered += 1;
    });
    // Time enough to take everything, if nothing held it back.
    for (let round = 0; round < 50; round++) {
      await other.request('mining.extranonce.subscribe', []);
    }
    expect(answered).toBeLessThanOrEqual(limits.stratumLinesBurst + chunkLines);
    expect(fast.isClosed).toBe(false);
    while (answered < count) {
      vi.advanceTimersByTime(1_000);
      await turn();
    }
    await Promise.all(answers);
    await scene.stop();
  });
});
