import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { connect, notify, serve, ThreadError } from '../../src/node/port.ts';

interface Api {
  count(value: number): void;
  total(): number;
  add(left: bigint, right: bigint): bigint;
  fail(code: string): void;
  never(): Promise<void>;
}

function pair() {
  const { port1, port2 } = new MessageChannel();
  let sum = 0;
  serve<Api>(port2, {
    count: (value) => {
      sum += value;
    },
    total: () => sum,
    add: (left, right) => left + right,
    fail: (code) => {
      throw Object.assign(new Error('refused'), { code });
    },
    never: () => new Promise(() => {}),
  });
  const notices: unknown[] = [];
  const caller = connect<Api, string>(port1, (notice) => notices.push(notice));
  return { caller, notices, port1, port2 };
}

describe('ports between threads', () => {
  it('answer calls and keep codes of faults', async () => {
    const { caller, port1 } = pair();
    expect(await caller.call('add', 2n ** 70n, 1n)).toBe(2n ** 70n + 1n);
    const failure = caller.call('fail', 'nonce-too-low');
    await expect(failure).rejects.toBeInstanceOf(ThreadError);
    await expect(failure).rejects.toMatchObject({ code: 'nonce-too-low', message: 'refused' });
    port1.close();
  });

  it('carry calls that want no answer, in order', async () => {
    const { caller, port1 } = pair();
    caller.tell('count', 2);
    caller.tell('count', 3);
    expect(await caller.call('total')).toBe(5);
    caller.fail(new Error('gone'));
    caller.tell('count', 3);
    port1.close();
  });

  it('carry notices beside answers', async () => {
    const { caller, notices, port1, port2 } = pair();
    notify(port2, 'head');
    await caller.call('add', 1n, 1n);
    expect(notices).toEqual(['head']);
    port1.close();
  });

  it('reject what is open when the thread is gone, and what comes later', async () => {
    const { caller, port1 } = pair();
    const open = caller.call('never');
    caller.fail(new Error('the executor thread died'));
    await expect(open).rejects.toThrow('died');
    await expect(caller.call('add', 1n, 1n)).rejects.toThrow('died');
    port1.close();
  });
});
