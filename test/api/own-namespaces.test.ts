/** `dodona_*`, `oracle_*` and `miner_*`: what a light client checks, and the shapes people script on. */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { NodeBackend } from '../../src/api/backend.ts';
import { Dispatcher } from '../../src/api/dispatch.ts';
import type { OracleFeed, OracleService, ReportRequest } from '../../src/api/oracle-service.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { decodeStateProof } from '../../src/primitives/state-proof.ts';
import { TestNode } from './backend.ts';
import { contract, recipient, sender } from './chain.ts';

const feed: OracleFeed = {
  feed: new Uint8Array(32).fill(1),
  name: 'BTC/USD',
  kind: 'commit-reveal',
  decimals: 8,
  proxy: contract,
  oracle: recipient,
  heartbeatSeconds: 3_600,
  deviationBps: 50,
  listed: true,
};

/** Answers fixed facts and keeps what it was asked to report. */
function testOracle(reports: ReportRequest[]): OracleService {
  const window = { revealFrom: 20, revealUntil: 30, penaltyIfMissed: 10n ** 16n };
  return {
    feeds: async () => [feed],
    read: async (name, maxAgeSeconds, confirmations) =>
      name !== 'BTC/USD'
        ? { code: 'unknown-feed', message: `no feed ${name}: see oracle_feeds` }
        : {
            feed,
            state: maxAgeSeconds === 1 ? 'stale' : 'fresh',
            value: 9_512_345_000_000n,
            confidence: 100n,
            ageSeconds: 12,
            updatedAt: 1_750_000_000,
            updatedHeight: 7,
            reports: 5,
            round: 2n ** 70n,
            height: 40 - confirmations,
            refusal: undefined,
          },
    round: async () => ({
      feed,
      round: 3,
      phase: 'reveal',
      commitFrom: 1,
      sealFrom: 14,
      revealFrom: 20,
      revealUntil: 30,
      seats: [{ reporter: sender, bond: 10n ** 21n, state: 'idle', value: undefined }],
      pool: 10n ** 18n,
      value: undefined,
    }),
    question: async (id) =>
      id !== 7n
        ? { code: 'UnknownQuestion', message: 'the contract refuses: UnknownQuestion()' }
        : {
            id: new Uint8Array(32).fill(7),
            asker: contract,
            questionHash: new Uint8Array(32),
            status: 'commit',
            outcomes: 2,
            tooEarly: false,
            outcome: undefined,
            round: 0,
            instance: 0,
            askedHeight: 3,
            drawFrom: 6,
            commitFrom: 7,
            sealFrom: 15,
            revealFrom: 17,
            revealUntil: 25,
            appealUntil: undefined,
            finalFrom: undefined,
            jurySize: 3,
            seats: [{ juror: sender, state: 'drawn', outcome: undefined }],
            pot: 3n * 10n ** 18n,
            executed: false,
            about: { feed: 'BTC/USD', decimals: 8, round: 3, value: 2n ** 70n },
          },
    submitReport: async (request) => {
      reports.push(request);
      return { round: 4, commitFrom: 11, commitTransaction: new Uint8Array(32).fill(2), ...window };
    },
    prepareReport: async (request) => {
      reports.push(request);
      const transaction = { to: contract, data: fromHex('aabb'), value: 0n };
      const salt = new Uint8Array(32).fill(9);
      return {
        round: 4,
        commitFrom: 11,
        salt,
        commit: transaction,
        reveal: transaction,
        ...window,
      };
    },
  };
}

function start(withOracle: boolean) {
  const node = new TestNode();
  const reports: ReportRequest[] = [];
  const oracle = withOracle ? testOracle(reports) : undefined;
  const backend: NodeBackend = { ...node.backend, oracle };
  const dispatcher = new Dispatcher({
    backend,
    nowMs: () => 0,
    fault: (error) => {
      throw error;
    },
  });
  const ask = async (method: string, ...params: unknown[]): Promise<Record<string, unknown>> => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const caller = { origin: 'none', authorized: true, loopback: true } as const;
    const answer = JSON.parse((await dispatcher.answer(text, { caller })) as string);
    if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.result;
  };
  return { node, reports, ask };
}

const sha256d = (hex: unknown): Buffer => {
  const once = createHash('sha256')
    .update(fromHex(hex as string))
    .digest();
  return createHash('sha256').update(once).digest();
};

describe('headers and proofs', () => {
  it('gives what hashes to the id and to the commitment', async () => {
    const { ask } = start(false);
    const header = await ask('dodona_getHeader', '0x1');
    expect(`0x${sha256d(header.raw).reverse().toString('hex')}`).toBe(header.id);
    expect(`0x${sha256d(header.record).toString('hex')}`).toBe(header.commitment);
    expect(header).toMatchObject({ height: 1, canonical: true, work: '2', chainWork: '4' });
    expect(await ask('dodona_getHeader', header.id)).toEqual(header);
  });

  it('gives raw headers in a row, as many as there are', async () => {
    const { ask } = start(false);
    const first = await ask('dodona_getHeader', '0x1');
    const answer = await ask('dodona_getHeaders', 1, 2_000);
    expect(answer).toMatchObject({ from: 1, headers: expect.stringContaining(`${first.raw}`) });
    expect((answer.headers as string).length).toBe(2 + 160 * (answer.count as number));
    expect(await ask('dodona_getHeaders', 1_000_000)).toMatchObject({ count: 0, headers: '0x' });
    await expect(ask('dodona_getHeaders', 0, 2_001)).rejects.toMatchObject({ code: -32602 });
  });

  it('gives proofs in their encoding, and says where none are kept', async () => {
    const { ask } = start(false);
    const proof = await ask('dodona_getProof', `0x${toHex(sender)}`);
    const account = proof.account as { value: null; proof: string };
    expect(account.value).toBeNull();
    expect(decodeStateProof(fromHex(account.proof)).end.kind).toBe('empty');
    await expect(ask('dodona_getProof', `0x${toHex(sender)}`, ['0x1'])).rejects.toMatchObject({
      code: 4444,
      message: expect.stringContaining('ask for "latest"'),
    });
  });
});

describe('status', () => {
  it('shows the node in plain JSON', async () => {
    const { ask, node } = start(false);
    const shown = await ask('dodona_status');
    expect(shown).toMatchObject({
      network: 'test',
      chainId: 31_337,
      genesis: `0x${'03'.repeat(32)}`,
      head: { height: 2, work: '6' },
      syncing: null,
      pool: { pending: 0, queued: 0 },
    });
    expect(await ask('dodona_chainTips')).toMatchObject([{ height: 2, status: 'active' }]);
    expect(await ask('dodona_peers')).toEqual({
      self: { id: 'me', addresses: ['/ip4/127.0.0.1/tcp/1'] },
      peers: [],
    });
    node.syncing = { current: 5, highest: 9 };
    expect(await ask('eth_syncing')).toEqual({
      startingBlock: '0x0',
      currentBlock: '0x5',
      highestBlock: '0x9',
    });
  });

  it('passes the words of a failed connection on', async () => {
    const { ask } = start(false);
    await expect(ask('admin_addPeer', '/ip4/10.0.0.1/tcp/1')).rejects.toMatchObject({
      code: -32000,
      message: 'cannot connect: no route to host',
    });
  });
});

describe('oracle', () => {
  it('shows integers as decimal text and bytes as hex', async () => {
    const { ask } = start(true);
    expect(await ask('oracle_read', 'BTC/USD')).toMatchObject({
      feed: { name: 'BTC/USD', proxy: `0x${toHex(contract)}` },
      state: 'fresh',
      value: '9512345000000',
      round: '1180591620717411303424',
      updatedHeight: 7,
      height: 40,
    });
    expect(await ask('oracle_read', 'BTC/USD', null, 6)).toMatchObject({ height: 34 });
    await expect(ask('oracle_read', 'BTC/USD', 60, -1)).rejects.toThrow('confirmations');
    expect(await ask('oracle_round', 'BTC/USD')).toMatchObject({
      phase: 'reveal',
      seats: [{ reporter: `0x${toHex(sender)}`, bond: '1000000000000000000000' }],
    });
    expect(await ask('oracle_feeds')).toHaveLength(1);
  });

  it('turns a fault into an error that keeps its code', async () => {
    const { ask } = start(true);
    await expect(ask('oracle_read', 'X/Y')).rejects.toMatchObject({
      code: -32000,
      message: 'no feed X/Y: see oracle_feeds',
      data: { code: 'unknown-feed' },
    });
  });

  it('shows a question by its id of 32 bytes', async () => {
    const { ask } = start(true);
    const id = `0x${'07'.padStart(64, '0')}`;
    expect(await ask('oracle_question', id)).toMatchObject({
      status: 'commit',
      seats: [{ juror: `0x${toHex(sender)}`, state: 'drawn' }],
      pot: '3000000000000000000',
      about: { feed: 'BTC/USD', round: 3, value: '1180591620717411303424' },
    });
    const other = ask('oracle_question', `0x${'08'.padStart(64, '0')}`);
    await expect(other).rejects.toMatchObject({ data: { code: 'UnknownQuestion' } });
    await expect(ask('oracle_question', '0x07')).rejects.toMatchObject({ code: -32602 });
  });

  it('takes values as decimal text, negative ones too', async () => {
    const { ask, reports } = start(true);
    const report = { feed: 'BTC/USD', value: '-123456789012345678901', round: 4 };
    expect(await ask('oracle_submitReport', report)).toEqual({
      round: 4,
      commitFrom: 11,
      commitTransaction: `0x${'02'.repeat(32)}`,
      revealFrom: 20,
      revealUntil: 30,
      penaltyIfMissed: '10000000000000000',
    });
    expect(reports[0]).toEqual({
      feed: 'BTC/USD',
      value: -123456789012345678901n,
      round: 4,
      reporter: undefined,
    });
    const remedy = /send an integer as decimal text/;
    for (const value of ['1.5', '0x10', 1.5, '', '01']) {
      await expect(ask('oracle_submitReport', { ...report, value })).rejects.toThrow(remedy);
    }
  });

  it('prepares for a named reporter only', async () => {
    const { ask, reports } = start(true);
    const report = { feed: 'BTC/USD', value: 5 };
    await expect(ask('oracle_prepareReport', report)).rejects.toThrow(/address that will sign/);
    const reporter = `0x${toHex(recipient)}`;
    const prepared = await ask('oracle_prepareReport', { ...report, reporter });
    expect(prepared.commit).toEqual({ to: `0x${toHex(contract)}`, data: '0xaabb', value: '0' });
    expect(reports).toHaveLength(1);
  });

  it('says where there is no oracle', async () => {
    const { ask } = start(false);
    await expect(ask('oracle_feeds')).rejects.toMatchObject({ code: -32601 });
  });
});
