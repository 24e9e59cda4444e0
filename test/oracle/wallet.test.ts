/** Fees of an agent's transactions: what no block takes is sent again under its nonce, for more. */

import {
  encodeErrorResult,
  type Hex,
  keccak256,
  parseTransaction,
  type TransactionSerialized,
} from 'viem';
import { describe, expect, it } from 'vitest';
import { oracleAbi } from '../../src/oracle/contracts.ts';
import { RpcFault, type Transport } from '../../src/oracle/transport.ts';
import { Wallet } from '../../src/oracle/wallet.ts';

const to: Hex = '0x00000000000000000000000000000000000000c1';
const gigaacorn = 10n ** 9n;

/** A node whose blocks take nothing until `mined` is raised. */
class StubbornNode implements Transport {
  readonly sent: ReturnType<typeof parseTransaction>[] = [];
  mined = 0;
  refusal: Hex | undefined;
  /** Has every transaction already, as after an answer that was lost. */
  knowsAll = false;

  async request(method: string, parameters: readonly unknown[]): Promise<unknown> {
    switch (method) {
      case 'eth_estimateGas':
        if (this.refusal !== undefined) throw new RpcFault(3, 'reverted', this.refusal);
        return '0xc350';
      case 'eth_getTransactionCount':
        return `0x${(parameters[1] === 'latest' ? this.mined : this.pending()).toString(16)}`;
      case 'eth_getBlockByNumber':
        return { number: '0x1', timestamp: '0x1', baseFeePerGas: '0x3b9aca00' };
      case 'eth_sendRawTransaction':
        this.sent.push(parseTransaction(parameters[0] as TransactionSerialized));
        if (this.knowsAll) throw new RpcFault(-32000, 'already known: 0x…');
        return keccak256(parameters[0] as Hex);
      default:
        throw new RpcFault(-32601, method);
    }
  }

  pending(): number {
    return Math.max(this.mined, ...this.sent.map(({ nonce = 0 }) => nonce + 1));
  }
}

function start(): { readonly node: StubbornNode; readonly wallet: Wallet } {
  const node = new StubbornNode();
  return { node, wallet: new Wallet(node, new Uint8Array(32).fill(7), 1337) };
}

describe('a transaction that no block takes', () => {
  it('is replaced after four blocks, each time for an eighth more', async () => {
    const { node, wallet } = start();
    await wallet.send({ to, data: '0x01' });
    await wallet.send({ to, data: '0x02' });
    for (let height = 10; height <= 18; height++) await wallet.renew(height);
    expect(node.sent.map(({ nonce = 0, data }) => [nonce, data])).toEqual([
      [0, '0x01'],
      [1, '0x02'],
      [0, '0x01'],
      [0, '0x01'],
    ]);
    const fees = node.sent.map((sent) => [sent.maxFeePerGas, sent.maxPriorityFeePerGas]);
    expect(fees[0]).toEqual([5n * gigaacorn, gigaacorn]);
    expect(fees[2]).toEqual([(45n * gigaacorn) / 8n, (9n * gigaacorn) / 8n]);
    expect(fees[3]).toEqual([(405n * gigaacorn) / 64n, (81n * gigaacorn) / 64n]);
  });

  it('gives its place to an empty transfer when it would fail by now', async () => {
    const { node, wallet } = start();
    await wallet.send({ to, data: '0x01' });
    await wallet.renew(10);
    node.refusal = encodeErrorResult({ abi: oracleAbi, errorName: 'WrongPhase', args: [1, 0] });
    expect(await wallet.renew(14)).toMatch(/^transaction 0 waited 4 blocks: cancelled/);
    const last = node.sent.at(-1);
    expect([last?.nonce ?? 0, last?.to?.toLowerCase(), last?.data]).toEqual([
      0,
      wallet.address.toLowerCase(),
      undefined,
    ]);
  });

  it('is left alone once it is mined, and the next one has its turn', async () => {
    const { node, wallet } = start();
    await wallet.send({ to, data: '0x01' });
    await wallet.send({ to, data: '0x02' });
    await wallet.renew(10);
    node.mined = 1;
    expect(await wallet.renew(14)).toMatch(/^transaction 1 waited/);
    node.mined = 2;
    expect(await wallet.renew(30)).toBe(undefined);
    expect(node.sent).toHaveLength(3);
  });

  it('is given up on when it offers a hundred times the usual tip', async () => {
    const { node, wallet } = start();
    await wallet.send({ to });
    for (let height = 0; height < 400; height++) await wallet.renew(height);
    const tips = node.sent.map(({ maxPriorityFeePerGas = 0n }) => maxPriorityFeePerGas);
    expect(tips.at(-1)).toBeGreaterThan(100n * gigaacorn);
    expect(tips.at(-2)).toBeLessThan(100n * gigaacorn);
  });
});

describe('a transaction that the node has already', () => {
  it('counts as sent, under the same hash', async () => {
    const hashes = await Promise.all(
      [false, true].map((knowsAll) => {
        const { node, wallet } = start();
        node.knowsAll = knowsAll;
        return wallet.send({ to, data: '0x01' });
      }),
    );
    expect(hashes[1]).toBe(hashes[0]);
  });
});
