/** `pbft_*`: what members and clients of a consortium ask, and the answer where there is none. */

import { describe, expect, it } from 'vitest';
import type { ConsortiumInfo, NodeBackend } from '../../src/api/backend.ts';
import { Dispatcher } from '../../src/api/dispatch.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { encodeSeal, votePayload } from '../../src/primitives/seal.ts';
import { TestNode } from './backend.ts';
import { network } from './chain.ts';

const nowMs = 1_700_000_100_000;
const member = (index: number) => ({
  key: `0${index}`.repeat(32),
  address: `0${index}`.repeat(20),
  view: 6,
  height: 41,
  lastSeenMs: index === 2 ? undefined : nowMs - 250,
  evidence: index === 3 ? { kind: 'prepare', view: 5, height: 40 } : undefined,
});
const info: ConsortiumInfo = {
  view: 6,
  phase: 'normal',
  primary: 2,
  quorum: 3,
  faults: 1,
  self: 1,
  viewDeadlineMs: nowMs + 1_940,
  viewChanges: 6,
  statistics: {
    blocks: 41,
    emptyBlocks: 30,
    transactions: 9_000,
    largestBlock: 1_200,
    latencyMs: { p50: 31, p99: 204, max: 610 },
  },
  members: [0, 1, 2, 3].map(member),
};

function start(consortium: ConsortiumInfo | undefined) {
  const node = new TestNode();
  const { backend: plain } = node;
  const status: NodeBackend['status'] = async () => ({
    ...(await plain.status()),
    ...(consortium === undefined ? {} : { consortium }),
  });
  const backend = { ...plain, status };
  const fault = (error: unknown): never => {
    throw error;
  };
  const dispatcher = new Dispatcher({ backend, nowMs: () => nowMs, fault });
  const ask = async (method: string, ...params: unknown[]): Promise<Record<string, unknown>> => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const caller = { origin: 'none', authorized: false, loopback: true } as const;
    const answer = JSON.parse((await dispatcher.answer(text, { caller })) as string);
    if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.result;
  };
  return { node, ask };
}

describe('pbft_status', () => {
  it('shows view, counts and every member to anyone', async () => {
    const status = await start(info).ask('pbft_status');
    expect(status).toMatchObject({
      view: 6,
      phase: 'normal',
      diverged: false,
      primary: 2,
      self: 1,
      quorum: 3,
      faults: 1,
      viewChanges: 6,
      statistics: info.statistics,
    });
    const members = status.members as Record<string, unknown>[];
    expect(members).toHaveLength(4);
    expect(members[1]).toMatchObject({ index: 1, key: `0x${'01'.repeat(32)}`, lastSeenSeconds: 0 });
    expect(members[1]?.address).toMatch(/^0x[0-9a-fA-F]{40}$/);
    expect(members[2]?.lastSeenSeconds).toBeNull();
    expect(members[3]?.evidence).toEqual({ kind: 'prepare', view: 5, height: 40 });
  });

  it('has null for what is not known yet, and says when the replica diverged', async () => {
    const none = { p50: undefined, p99: undefined, max: undefined };
    const counts = { blocks: 0, emptyBlocks: 0, transactions: 0, largestBlock: 0, latencyMs: none };
    const status = await start({
      ...info,
      phase: 'diverged',
      self: undefined,
      viewDeadlineMs: undefined,
      statistics: counts,
    }).ask('pbft_status');
    expect(status).toMatchObject({ diverged: true, self: null, viewTimeoutSeconds: null });
    expect(status.statistics).toEqual({
      ...counts,
      latencyMs: { p50: null, p99: null, max: null },
    });
  });

  it('is unknown where nobody is a member', async () => {
    await expect(start(undefined).ask('pbft_status')).rejects.toMatchObject({ code: -32601 });
    await expect(start(info).ask('pbft_status', 1)).rejects.toMatchObject({ code: -32602 });
  });
});

describe('pbft_getSeal', () => {
  it('gives the signatures and what they sign', async () => {
    const { node, ask } = start(info);
    const { block, entry } = node.chain.head;
    const signatures = new Map([0, 2, 3].map((index) => [index, new Uint8Array(64).fill(index)]));
    const seal = encodeSeal({ view: 6, signatures }, 4);
    node.chain.blocks.set(entry.id, { ...node.chain.head, block: { ...block, seal } });
    const answer = await ask('pbft_getSeal', entry.height);
    const subject = { genesisId: network.genesisHash, height: entry.height, id: entry.id };
    expect(answer).toMatchObject({ block: { height: entry.height }, view: 6 });
    expect(fromHex(answer.payload as string)).toEqual(votePayload('commit', 6, subject));
    expect(fromHex(answer.seal as string)).toEqual(seal);
    const signers = (answer.signatures as { member: number }[]).map((each) => each.member);
    expect(signers).toEqual([0, 2, 3]);
    expect(await ask('pbft_getSeal', 'latest')).toEqual(answer);
  });

  it('says which blocks have none', async () => {
    const { ask } = start(info);
    await expect(ask('pbft_getSeal', 0)).rejects.toThrow('block 0 has no seal');
    await expect(ask('pbft_getSeal', 1_000_000)).rejects.toThrow('not found');
    await expect(ask('pbft_getSeal', 1, 2)).rejects.toMatchObject({ code: -32602 });
  });
});
