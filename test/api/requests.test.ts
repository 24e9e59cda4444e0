/** JSON-RPC itself: shapes, error numbers, limits, and what parameters are refused with. */

import { beforeEach, describe, expect, it } from 'vitest';
import { Dispatcher } from '../../src/api/dispatch.ts';
import { revertReason } from '../../src/api/errors.ts';
import { fromHex, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';
import { TestNode } from './backend.ts';
import { contract, recipient, sender, signed, topics } from './chain.ts';

const caller = { origin: 'none', authorized: false, loopback: true } as const;
let node: TestNode;
let dispatcher: Dispatcher;
let nowMs = 0;

beforeEach(() => {
  node = new TestNode();
  nowMs = 0;
  dispatcher = new Dispatcher({
    backend: node.backend,
    nowMs: () => nowMs,
    fault: (error) => node.faults.push(error),
    methods: {
      getblocktemplate: { access: 'miner', legacy: true, run: () => ({ height: 3 }) },
      test_crash: {
        access: 'public',
        run: () => {
          throw new Error('secret path /root');
        },
      },
    },
  });
});

const say = (text: string): Promise<string | undefined> => dispatcher.answer(text, { caller });

async function ask(method: string, ...params: unknown[]): Promise<unknown> {
  const text = await say(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  const { result, error } = JSON.parse(text as string);
  if (error === undefined) return result;
  throw Object.assign(new Error(error.message), error);
}

const fault = (code: number, message?: RegExp | string) =>
  expect.objectContaining({
    code,
    ...(message !== undefined && {
      message: message instanceof RegExp ? expect.stringMatching(message) : message,
    }),
  });
const refuses = (call: Promise<unknown>, code: number, message?: RegExp | string): Promise<void> =>
  expect(call).rejects.toEqual(fault(code, message));

describe('JSON-RPC 2.0', () => {
  it.each([
    ['{', -32700],
    ['[]', -32600],
    ['1', -32600],
    ['null', -32600],
    ['{"jsonrpc":"2.0","id":1}', -32600],
    ['{"jsonrpc":"3.0","id":1,"method":"eth_chainId"}', -32600],
    ['{"id":1,"method":"eth_chainId"}', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{"a":1}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"eth_fillTransaction","params":[]}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"toString","params":[]}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"__proto__","params":[]}', -32601],
  ])('answers %s with %d', async (text, code) => {
    expect(JSON.parse((await say(text)) as string).error.code).toBe(code);
  });

  it('echoes the id as it came', async () => {
    for (const id of ['"x"', '0', 'null', '7']) {
      const text = await say(`{"jsonrpc":"2.0","id":${id},"method":"net_version"}`);
      expect(text).toBe(`{"jsonrpc":"2.0","id":${id},"result":"31337"}`);
    }
  });

  it('stays silent for notifications, also when they fail', async () => {
    expect(await say('{"jsonrpc":"2.0","method":"eth_chainId"}')).toBeUndefined();
    expect(await say('[{"jsonrpc":"2.0","method":"nothing"}]')).toBeUndefined();
  });

  it('answers batches in their order, one bad request not spoiling the rest', async () => {
    const text = await say(
      '[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},1,{"jsonrpc":"2.0","id":2,"method":"net_version"}]',
    );
    const answers = JSON.parse(text as string);
    expect(answers.map((one: { id: unknown }) => one.id)).toEqual([1, null, 2]);
  });

  it('answers miners in the shape of JSON-RPC 1.0', async () => {
    expect(JSON.parse((await say('{"id":0,"method":"getblocktemplate"}')) as string)).toEqual({
      result: { height: 3 },
      error: null,
      id: 0,
    });
  });

  it('keeps our own failures to the log', async () => {
    await refuses(ask('test_crash'), -32603, 'internal error: see the log of the node');
    expect(node.faults).toHaveLength(1);
  });
});

describe('limits', () => {
  it('names the number when a batch is too long', async () => {
    const one = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
    const most = `[${Array(limits.rpcBatchMax).fill(one).join(',')}]`;
    expect(JSON.parse((await say(most)) as string)).toHaveLength(limits.rpcBatchMax);
    const { error } = JSON.parse((await say(`${most.slice(0, -1)},${one}]`)) as string);
    expect(error.message).toContain(`at most ${limits.rpcBatchMax}`);
  });

  it('stops a batch whose answers grow too large', async () => {
    const output = new Uint8Array(1_000_000);
    node.chain.answerCall = () => ({ status: 'success', output, gasUsed: 1n });
    const call = `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"to":"0x${toHex(contract)}"}]}`;
    const answers = JSON.parse((await say(`[${Array(80).fill(call).join(',')}]`)) as string);
    const sizeMax = limits.rpcResponseSizeBytesMax;
    const whole = answers.filter((one: { result?: string }) => one.result !== undefined);
    expect(whole).toHaveLength(Math.floor(sizeMax / 2_000_040));
    expect(answers[0].result).toHaveLength(2_000_002);
    expect(answers[79].error).toEqual(fault(-32003, new RegExp(`larger than ${sizeMax}`)));
  });

  it('bounds the range and the results of eth_getLogs, with numbers', async () => {
    Object.assign(node.chain.head.entry, { height: 20_000 });
    await refuses(
      ask('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' }),
      -32005,
      /20001 blocks, at most 10000/,
    );
  });

  it('stops a search when its time is used up', async () => {
    node.chain.isExpired = true;
    await refuses(ask('eth_getLogs', { fromBlock: '0x0' }), -32002, /narrow the range 0 to 2/);
  });
});

describe('parameters', () => {
  it.each([
    ['eth_getBalance', ['0x12'], /address: "0x12" is no address/],
    ['eth_getBalance', [`0xF39fd6e51aad88F6F4ce6aB8827279cffFb92266`], /checksum/],
    ['eth_getBlockByNumber', ['1'], /block is "1": send a 0x height/],
    ['eth_getBlockByNumber', ['0x01'], /without leading zeros/],
    ['eth_getBlockByNumber', ['latest', 'yes'], /fullTransactions is "yes": send true or false/],
    ['eth_getBlockByNumber', ['latest', true, 1], /3 came, this method takes at most 2/],
    ['eth_getBlockByHash', ['0x1234'], /blockHash is "0x1234": send 0x and 64/],
    ['eth_getStorageAt', [`0x${'11'.repeat(20)}`, '0x'], /slot is "0x"/],
    ['eth_call', [{ data: '0x123', to: `0x${'11'.repeat(20)}` }], /transaction.data/],
    [
      'eth_call',
      [{ to: `0x${'11'.repeat(20)}`, data: '0x12', input: '0x34' }],
      /differs from input/,
    ],
    ['eth_call', [{ to: `0x${'11'.repeat(20)}` }, 'latest', { '0x1': {} }], /stateOverride/],
    ['eth_feeHistory', ['0x0', 'latest'], /send 1 or more/],
    ['eth_feeHistory', ['0x1', 'latest', [50, 20]], /ascending/],
    ['eth_getLogs', [{ topics: [null, [['0x']]] }], /filter.topics\[1\]/],
    ['eth_getLogs', [{ fromBlock: '0x2', toBlock: '0x1' }], /above toBlock/],
    ['eth_getLogs', [{ blockHash: `0x${'11'.repeat(32)}`, fromBlock: '0x1' }], /drop it/],
    ['eth_sendRawTransaction', ['02f8'], /rawTransaction is "02f8"/],
    ['oracle_read', [5], /feed is 5: send a text/],
  ])('%s %j', async (method, params, message) => {
    await refuses(ask(method, ...params), -32602, message);
  });

  it('takes heights, tags, hashes and the objects of EIP-1898', async () => {
    const account = `0x${toHex(sender)}`;
    const head = (await ask('eth_getBlockByNumber', 'latest')) as { hash: string };
    for (const block of ['latest', 'pending', '0x2', { blockNumber: '0x2' }, head.hash]) {
      expect(await ask('eth_getBalance', account, block)).toBe('0x4563918244f40000');
    }
    const object = { blockHash: head.hash, requireCanonical: true };
    expect(await ask('eth_getBalance', account, object)).toBe('0x4563918244f40000');
    await refuses(ask('eth_getBalance', account, '0x1'), 4444, /not kept/);
    await refuses(ask('eth_getBalance', account, '0x9'), -32001, /the head is 0x2/);
  });
});

describe('calls', () => {
  const to = `0x${toHex(contract)}`;

  it('answers a revert with code 3, the reason and the data', async () => {
    const data = fromHex(
      `08c379a0${'20'.padStart(64, '0')}${'5'.padStart(64, '0')}${toHex(utf8('stale')).padEnd(64, '0')}`,
    );
    node.chain.answerCall = () => ({ status: 'reverted', output: data, gasUsed: 30_000n });
    await expect(ask('eth_call', { to })).rejects.toEqual(
      expect.objectContaining({
        code: 3,
        message: 'execution reverted: stale',
        data: `0x${toHex(data)}`,
      }),
    );
    await refuses(ask('eth_estimateGas', { to, data: '0x12' }), 3, 'execution reverted: stale');
  });

  it('reads reasons only where they are well-formed', () => {
    const word = (value: number): string => value.toString(16).padStart(64, '0');
    expect(revertReason(fromHex(`4e487b71${word(0x11)}`))).toBe('panic 0x11');
    expect(revertReason(fromHex(`08c379a0${word(32)}${'ff'.repeat(32)}`))).toBeUndefined();
    expect(revertReason(fromHex('08c379a0'))).toBeUndefined();
    expect(revertReason(new Uint8Array(0))).toBeUndefined();
  });

  it('refuses EVM bytecode by name', async () => {
    await refuses(ask('eth_call', { data: '0x6080604052' }), -32000, /dodona contract build/);
    const raw = signed({ type: 2, nonce: 4n, to: undefined, data: fromHex('6080604052') }).raw;
    await refuses(ask('eth_sendRawTransaction', `0x${toHex(raw)}`), -32000, /EVM bytecode/);
  });

  it('answers the estimate as a quantity', async () => {
    expect(await ask('eth_estimateGas', { to, value: '0x1' })).toBe('0x5208');
  });

  it('caps the estimate at what the sender can pay', async () => {
    const from = `0x${toHex(sender)}`;
    const gases: bigint[] = [];
    node.chain.answerCall = ({ gas }) => {
      gases.push(gas);
      return { status: 'failed', output: new Uint8Array(0), gasUsed: gas, hint: 'out of gas' };
    };
    const gasPrice = `0x${(10n ** 14n).toString(16)}`;
    await refuses(
      ask('eth_estimateGas', { from, to, data: '0x12', gasPrice }),
      -32000,
      'out of gas (with 25000 gas, all of it used)',
    );
    expect(gases[0]).toBe(50_000n);
    const value = `0x${(10n ** 19n).toString(16)}`;
    await refuses(
      ask('eth_estimateGas', { from, to, value, gasPrice }),
      -32000,
      /^insufficient funds for gas/,
    );
  });
});

describe('transactions', () => {
  it('shows a waiting transaction with null block fields and counts its nonce', async () => {
    const transaction = signed({ type: 2, nonce: 4n });
    const hash = await ask('eth_sendRawTransaction', `0x${toHex(transaction.raw)}`);
    expect(hash).toBe(`0x${toHex(transaction.hash)}`);
    const shown = (await ask('eth_getTransactionByHash', hash)) as Record<string, unknown>;
    expect([shown.blockHash, shown.blockNumber, shown.transactionIndex]).toEqual([
      null,
      null,
      null,
    ]);
    expect(shown.gasPrice).toBe(shown.maxFeePerGas);
    expect(await ask('eth_getTransactionReceipt', hash)).toBeNull();
    expect(await ask('eth_getTransactionCount', `0x${toHex(sender)}`, 'pending')).toBe('0x5');
    expect(await ask('eth_getTransactionCount', `0x${toHex(sender)}`, 'latest')).toBe('0x4');
    expect(await ask('txpool_status')).toEqual({ pending: '0x1', queued: '0x0' });
    const inspected = (await ask('txpool_inspect')) as { pending: Record<string, object> };
    expect(inspected.pending['0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266']).toEqual({
      4: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8: 1000000000000000000 wei + 100000 gas × 2000000000 wei',
    });
  });

  it('passes the pool’s words on for wallets to match', async () => {
    node.refusal = { code: 'nonce-too-low', message: 'nonce too low: next nonce 4, tx nonce 0' };
    const raw = `0x${toHex(signed({ type: 2, nonce: 0n }).raw)}`;
    await expect(ask('eth_sendRawTransaction', raw)).rejects.toEqual(
      expect.objectContaining({
        code: -32000,
        message: 'nonce too low: next nonce 4, tx nonce 0',
        data: { code: 'nonce-too-low' },
      }),
    );
  });

  it('refuses what does not decode, by name, before the pool sees it', async () => {
    await refuses(ask('eth_sendRawTransaction', '0x03'), -32000, /type 3 \(blobs, EIP-4844\)/);
    await refuses(ask('eth_sendRawTransaction', '0xc0'), -32000, /invalid transaction/);
    const huge = `0x${'00'.repeat(limits.transactionSizeBytesMax + 1)}`;
    await refuses(ask('eth_sendRawTransaction', huge), -32000, /at most 163840/);
    expect(node.waiting).toEqual([]);
  });

  it('gives transactions sent at once their own nonces', async () => {
    const from = `0x${toHex(sender)}`;
    const to = `0x${toHex(recipient)}`;
    const send = (): Promise<unknown> => ask('eth_sendTransaction', { from, to, value: '0x1' });
    await Promise.all([send(), send(), send()]);
    expect(node.waiting.map((one) => one.nonce)).toEqual([4n, 5n, 6n]);
    const stranger = ask('eth_sendTransaction', { from: to, to, value: '0x1' });
    await refuses(stranger, -32000, /unknown account/);
    await send();
    expect(node.waiting).toHaveLength(4);
  });

  it('points eth_getProof to its replacement', async () => {
    await refuses(ask('eth_getProof', []), -32601, /use dodona_getProof$/);
  });
});

describe('logs', () => {
  const hash = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;
  const count = async (filter: object): Promise<number> =>
    ((await ask('eth_getLogs', { fromBlock: '0x0', ...filter })) as unknown[]).length;

  it('matches addresses and topics as Ethereum does', async () => {
    expect(await count({})).toBe(4);
    expect(await count({ address: hash(contract) })).toBe(2);
    expect(await count({ address: [hash(contract), hash(recipient)] })).toBe(4);
    expect(await count({ address: [] })).toBe(4);
    expect(await count({ topics: [hash(topics[0])] })).toBe(4);
    expect(await count({ topics: [null, hash(topics[1])] })).toBe(2);
    expect(await count({ topics: [[hash(topics[1]), hash(topics[0])]] })).toBe(4);
    expect(await count({ topics: [hash(topics[1])] })).toBe(0);
    expect(await count({ topics: [null, null] })).toBe(2);
    expect(await count({ toBlock: '0x0' })).toBe(0);
  });
});
