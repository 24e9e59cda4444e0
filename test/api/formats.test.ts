/** Results against the public execution-apis schemas, and as viem and ethers read them. */

import { JsonRpcProvider } from 'ethers';
import { createPublicClient, http } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logsBloom } from '../../src/api/format.ts';
import { readMethods } from '../../src/api/reads.ts';
import type { ApiServer } from '../../src/api/server.ts';
import { toHex, utf8 } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { displayId } from '../../src/primitives/header.ts';
import { TestNode } from './backend.ts';
import { baseFee, chainId, contract, MemoryChain, sender, transactions } from './chain.ts';
import { schemaFaults, schemas } from './schemas.ts';

type Members = Record<string, unknown>;

const chain = new MemoryChain();
const read = (method: string, ...params: unknown[]): unknown =>
  JSON.parse(JSON.stringify(readMethods[method]?.(chain.reader(), params) ?? null));

describe('schemas', () => {
  it('holds for blocks with hashes and with whole transactions', () => {
    for (const full of [false, true]) {
      const block = read('eth_getBlockByNumber', '0x1', full) as Members;
      expect(schemaFaults(schemas.block, block)).toEqual([]);
    }
  });

  it('holds for every type of transaction', () => {
    const block = read('eth_getBlockByNumber', '0x1', true) as { transactions: Members[] };
    expect(block.transactions.map((one) => one.type)).toEqual(['0x0', '0x1', '0x2', '0x2']);
    for (const transaction of block.transactions) {
      const type = transaction.type as '0x0' | '0x1' | '0x2';
      expect(schemaFaults(schemas.transaction[type], transaction)).toEqual([]);
    }
  });

  it('holds for receipts and logs, which have no other members', () => {
    const receipts = read('eth_getBlockReceipts', '0x1') as { logs: Members[] }[];
    expect(receipts).toHaveLength(4);
    for (const receipt of receipts) {
      expect(schemaFaults(schemas.receipt, receipt as unknown as Members)).toEqual([]);
      for (const log of receipt.logs) expect(schemaFaults(schemas.log, log)).toEqual([]);
    }
  });

  it('notices a quantity with a leading zero', () => {
    const block = { ...(read('eth_getBlockByNumber', '0x1') as Members), number: '0x01' };
    expect(schemaFaults(schemas.block, block)).toEqual(['number is "0x01"']);
  });
});

describe('blocks', () => {
  it('shows ids byte-reversed and takes them back', () => {
    const { entry } = chain.applied[1] as (typeof chain.applied)[number];
    const shown = displayId(entry.id);
    const byNumber = read('eth_getBlockByNumber', '0x1') as Members;
    expect(byNumber.hash).toBe(shown);
    expect(toHex(Uint8Array.from(Buffer.from(shown.slice(2), 'hex').reverse()))).toBe(entry.id);
    expect(read('eth_getBlockByHash', shown, false)).toEqual(byNumber);
    const next = read('eth_getBlockByNumber', '0x2') as Members;
    expect(next.parentHash).toBe(shown);
  });

  it('shows work as difficulty, and the nonce in eight bytes', () => {
    const block = read('eth_getBlockByNumber', '0x1') as Members;
    // Bits 0x207fffff: target 0x7fffff << 232, so two hashes are expected.
    expect(block.difficulty).toBe('0x2');
    expect(block.nonce).toBe('0x0000000000000008');
    expect(block.mixHash).toBe(`0x${'00'.repeat(32)}`);
    expect(block.baseFeePerGas).toBe(`0x${baseFee.toString(16)}`);
  });

  it('answers null for what is not there', () => {
    expect(read('eth_getBlockByNumber', '0x9')).toBeNull();
    expect(read('eth_getBlockByHash', `0x${'11'.repeat(32)}`)).toBeNull();
    expect(read('eth_getTransactionByHash', `0x${'11'.repeat(32)}`)).toBeNull();
    expect(read('eth_getTransactionReceipt', `0x${'11'.repeat(32)}`)).toBeNull();
  });
});

describe('blooms', () => {
  it('has the value that go-ethereum’s own test expects', () => {
    // TestBloomExtensively in core/types/bloom9_test.go
    const items = Array.from({ length: 100 }, (_, index) =>
      utf8(`xxxxxxxxxx data ${index} yyyyyyyyyyyyyy`),
    );
    const bloom = logsBloom(
      items.map((address) => ({ address, topics: [], data: new Uint8Array(0) })),
      nobleCrypto,
    );
    expect(toHex(nobleCrypto.keccak256(bloom))).toBe(
      'c8d3ca65cdb4874300a9e39475508f23ed6da09fdbc487f89a2dcf50b09eb263',
    );
  });

  it('may match anything where receipts are not kept', () => {
    const pruned = new MemoryChain();
    const reader = { ...pruned.reader(), receipts: () => undefined };
    const block = readMethods.eth_getBlockByNumber?.(reader, ['0x1']) as Members;
    expect(block.logsBloom).toBe(`0x${'ff'.repeat(256)}`);
  });
});

describe('receipts', () => {
  it('counts gas by transaction and logs through the block', () => {
    const receipts = read('eth_getBlockReceipts', '0x1') as {
      gasUsed: string;
      logs: { logIndex: string }[];
    }[];
    expect(receipts.map((one) => one.gasUsed)).toEqual(Array(4).fill('0x5208'));
    expect(receipts.flatMap((one) => one.logs.map((log) => log.logIndex))).toEqual([
      '0x0',
      '0x1',
      '0x2',
      '0x3',
    ]);
  });

  it('gives the hint of a failure by its own method', () => {
    const hash = (index: number): string => `0x${toHex(transactions[index]?.hash as Uint8Array)}`;
    expect(read('dodona_transactionHint', hash(2))).toBe('memory access out of bounds');
    expect(read('dodona_transactionHint', hash(0))).toBeNull();
  });
});

describe('viem and ethers', () => {
  const node = new TestNode();
  let server: ApiServer;
  let url = '';
  beforeAll(async () => {
    server = await node.serve();
    url = `http://127.0.0.1:${server.port}`;
  });
  afterAll(() => server.close());

  it('reads through viem', async () => {
    const client = createPublicClient({ transport: http(url) });
    expect(await client.getChainId()).toBe(chainId);
    expect(await client.getBlockNumber()).toBe(2n);
    const block = await client.getBlock({ blockNumber: 1n, includeTransactions: true });
    expect(block.baseFeePerGas).toBe(baseFee);
    expect(block.transactions.map((one) => one.type)).toEqual([
      'legacy',
      'eip2930',
      'eip1559',
      'eip1559',
    ]);
    expect(block.transactions[3]?.gasPrice).toBe(baseFee + 1_000_000_000n);
    const creation = await client.getTransactionReceipt({
      hash: block.transactions[2]?.hash as `0x${string}`,
    });
    expect(creation.status).toBe('reverted');
    expect(creation.contractAddress).toBe('0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0');
    const logs = await client.getLogs({ fromBlock: 0n, address: `0x${toHex(contract)}` });
    expect(logs.map((log) => log.logIndex)).toEqual([0, 2]);
    expect(await client.getBalance({ address: `0x${toHex(sender)}` })).toBe(5n * 10n ** 18n);
    expect((await client.getFeeHistory({ blockCount: 3, rewardPercentiles: [50] })).reward).toEqual(
      [[0n], [1_000_000_000n], [0n]],
    );
  });

  it('reads through ethers, in batches', async () => {
    const provider = new JsonRpcProvider(url);
    try {
      const [network, block, count] = await Promise.all([
        provider.getNetwork(),
        provider.getBlock(1, true),
        provider.getTransactionCount(`0x${toHex(sender)}`, 'pending'),
      ]);
      expect(network.chainId).toBe(BigInt(chainId));
      expect(block?.baseFeePerGas).toBe(baseFee);
      expect(block?.prefetchedTransactions.map((one) => one.type)).toEqual([0, 1, 2, 2]);
      expect(count).toBe(4);
      const receipt = await provider.getTransactionReceipt(block?.transactions[1] as string);
      expect(receipt?.logs).toHaveLength(2);
      expect((await provider.getFeeData()).maxFeePerGas).toBeGreaterThan(baseFee);
    } finally {
      provider.destroy();
    }
  });
});
