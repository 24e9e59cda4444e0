/** No input, however strange, is our fault: every method refuses it in words, and nothing throws. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dispatcher } from '../../src/api/dispatch.ts';
import { nodeMethods } from '../../src/api/methods.ts';
import { readMethods } from '../../src/api/reads.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { TestNode } from './backend.ts';
import { contract, sender, transactions } from './chain.ts';

const caller = { origin: 'none', authorized: true, loopback: true } as const;
const hex = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;

/** Values of the kinds that methods take, right and almost right. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    'latest',
    'pending',
    'earliest',
    'safe',
    '0x0',
    '0x1',
    '0x01',
    '0x',
    '',
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 53,
    hex(sender),
    hex(contract),
    hex(transactions[0]?.hash as Uint8Array),
    hex(transactions[0]?.raw as Uint8Array),
    `0x${'ff'.repeat(32)}`,
    '0xffffffffffffffff',
    { blockHash: `0x${'00'.repeat(32)}` },
    { blockNumber: '0x1' },
    {},
    [],
  ),
  fc.record(
    {
      from: fc.constant(hex(sender)),
      to: fc.constantFrom<unknown>(hex(contract), null, '0x12'),
      data: fc.constantFrom<unknown>('0x', '0x12', '0x123', 7),
      value: fc.constantFrom<unknown>('0x0', '0x1', '1'),
      gas: fc.constantFrom<unknown>('0x0', '0x5208', '0xffffffffffffffffffff'),
      gasPrice: fc.constantFrom<unknown>('0x0', '0x1', null),
      accessList: fc.constantFrom<unknown>([], [{}], 'x'),
      nonce: fc.constantFrom<unknown>('0x0', `0x${'f'.repeat(64)}`),
      fromBlock: fc.constantFrom<unknown>('0x0', 'latest', 5),
      topics: fc.constantFrom<unknown>([], [null], [[]], ['0x'], 'x'),
      address: fc.constantFrom<unknown>(hex(contract), [hex(contract)], ['x']),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
);

function start(): { readonly node: TestNode; readonly dispatcher: Dispatcher } {
  const node = new TestNode();
  const fault = (error: unknown): unknown => node.faults.push(error);
  return { node, dispatcher: new Dispatcher({ backend: node.backend, nowMs: () => 0, fault }) };
}

describe('foreign requests', () => {
  it.each([...Object.keys({ ...readMethods, ...nodeMethods })])('%s', async (method) => {
    const { node, dispatcher } = start();
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 4 }), async (params) => {
        const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
        const answer = JSON.parse((await dispatcher.answer(request, { caller })) as string);
        expect(node.faults).toEqual([]);
        expect(answer.error?.code).not.toBe(-32603);
        expect('result' in answer).toBe(answer.error === undefined);
      }),
      { numRuns: 60 },
    );
    dispatcher.close();
  });

  it('answers any text with JSON or silence', async () => {
    const { node, dispatcher } = start();
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.jsonValue()).map((one) => JSON.stringify(one)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (message) => {
        const answer = await dispatcher.answer(message, { caller });
        if (answer !== undefined) JSON.parse(answer);
        expect(node.faults).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
