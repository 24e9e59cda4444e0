/** Real nodes in processes of their own: gossip, a partition with its healing, a late joiner. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testAccounts } from '../../src/node/accounts.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { signTransaction } from '../../src/primitives/keys.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess, until } from '../support/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'dodona-processes-'));
const genesis = writeNetwork(folder, fastDevnet({ intervalMs: 400, transactionMs: 100 }));
const running: NodeProcess[] = [];

async function start(name: string, mine: boolean, bootnodes: string[] = []): Promise<NodeProcess> {
  const node = await NodeProcess.start({ genesis, datadir: join(folder, name), mine, bootnodes });
  running.push(node);
  return node;
}

/** A transfer of one acorn from test account `index`, as raw hex. */
function transfer(index: number, nonce: bigint): string {
  const { privateKey } = testAccounts()[index] as { privateKey: Uint8Array };
  const raw = signTransaction(
    {
      type: 2,
      chainId: 1337n,
      nonce,
      gasLimit: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 10n ** 9n,
      to: new Uint8Array(20).fill(0xbb),
      value: 1n,
      data: new Uint8Array(0),
      accessList: [],
    },
    privateKey,
    nobleCrypto,
  );
  return `0x${toHex(raw)}`;
}

function minedIn(node: NodeProcess, hash: string): Promise<string> {
  return until(`transaction ${hash}`, async () => {
    const receipt = await node.rpc<{ blockHash: string } | null>('eth_getTransactionReceipt', hash);
    return receipt?.blockHash;
  });
}

/** Waits until all nodes have the same block at a height of at least `height`. */
function agree(nodes: readonly NodeProcess[], height: number): Promise<string> {
  return until(`agreement at ${height}`, async () => {
    const lowest = Math.min(
      ...(await Promise.all(nodes.map((node) => node.head()))).map((h) => h.number),
    );
    if (lowest < height) return undefined;
    const blocks = await Promise.all(nodes.map((node) => node.block(lowest)));
    const [first] = blocks;
    const same = blocks.every((block) => block?.hash === first?.hash);
    if (!same) return undefined;
    expect(new Set(blocks.map((block) => block?.stateRoot)).size).toBe(1);
    return first?.hash;
  });
}

describe('three processes and a late one', () => {
  let a: NodeProcess;
  let b: NodeProcess;
  let c: NodeProcess;

  beforeAll(async () => {
    a = await start('a', true);
    const address = await a.address();
    [b, c] = (await Promise.all([start('b', false, [address]), start('c', false, [address])])) as [
      NodeProcess,
      NodeProcess,
    ];
    await until('peers', async () => ((await a.peerIds()).length >= 2 ? true : undefined));
  });

  afterAll(async () => {
    await Promise.all(running.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('gossip blocks and transactions', async () => {
    const hash = await b.rpc<string>('eth_sendRawTransaction', transfer(0, 0n));
    const mined = await minedIn(c, hash);
    expect(await minedIn(a, hash)).toBe(mined);
    await agree([a, b, c], 3);
  });

  it('heal a partition: one heaviest chain, and what the losers mined is mined again', async () => {
    const [idA, idB, idC] = await Promise.all(
      [a, b, c].map(
        async (node) => (await node.rpc<{ self: { id: string } }>('dodona_peers')).self.id,
      ),
    );
    await Promise.all([
      c.rpc('admin_removePeer', idA),
      c.rpc('admin_removePeer', idB),
      a.rpc('admin_removePeer', idC),
      b.rpc('admin_removePeer', idC),
    ]);
    await until('partition', async () => ((await c.peerIds()).length === 0 ? true : undefined));
    const lost = await c.rpc<string>('eth_sendRawTransaction', transfer(1, 0n));
    await c.rpc('evm_mine');
    const losingBlock = await minedIn(c, lost);
    const fork = (await c.head()).number;
    await until('the other side to be ahead', async () =>
      (await a.head()).number >= fork + 3 ? true : undefined,
    );
    expect(await a.rpc('eth_getTransactionReceipt', lost)).toBeNull();
    await c.rpc('admin_addPeer', await a.address());
    await agree([a, b, c], fork + 3);
    await until('the lost transaction to be mined again', async () => {
      const receipt = await a.rpc<{ blockHash: string } | null>('eth_getTransactionReceipt', lost);
      return receipt?.blockHash;
    });
    const again = await minedIn(c, lost);
    expect(again).not.toBe(losingBlock);
    const tips = await c.rpc<{ id: string; status: string }[]>('dodona_chainTips');
    expect(tips.find(({ id }) => id === losingBlock)?.status).toBe('valid-fork');
  });

  it('let a fourth join late and sync headers first', async () => {
    const d = await start('d', false, [await b.address()]);
    const { number } = await a.head();
    await agree([a, b, c, d], number);
    await until('the end of the sync', async () =>
      (await d.rpc('eth_syncing')) === false ? true : undefined,
    );
  });

  it('stop cleanly and continue the same chain', async () => {
    const before = await b.head();
    expect(await b.stop()).toBe(0);
    b = await start('b', false, [await a.address()]);
    expect((await b.block(before.number))?.hash).toBe(before.hash);
    await agree([a, b, c], before.number + 2);
  });
});
