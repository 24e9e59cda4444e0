/** Four members in processes of their own, with power cuts, and a node that only follows them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, reverseBytes, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { decodeRecord } from '../../src/primitives/record.ts';
import { membersHash, verifySeal } from '../../src/primitives/seal.ts';
import { ConsortiumProcesses } from '../support/consortium.ts';
import { type NodeProcess, until } from '../support/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'dodona-consortium-'));
const target = '0x00000000000000000000000000000000000000bb';

interface Receipt {
  readonly blockHash: string;
  readonly blockNumber: string;
  readonly status: string;
}

interface Seal {
  readonly seal: string;
  readonly members: readonly { readonly key: string; readonly address: string }[];
}

async function send(node: NodeProcess): Promise<string> {
  const [from] = await node.rpc<string[]>('eth_accounts');
  return node.rpc<string>('eth_sendTransaction', { from, to: target, value: '0x1' });
}

function receiptOf(node: NodeProcess, hash: string): Promise<Receipt> {
  return until(`receipt of ${hash}`, async () => {
    const receipt = await node.rpc<Receipt | null>('eth_getTransactionReceipt', hash);
    return receipt ?? undefined;
  });
}

describe('a consortium of four processes', () => {
  let consortium: ConsortiumProcesses;
  let observer: NodeProcess | undefined;

  beforeAll(async () => {
    consortium = await ConsortiumProcesses.found(join(folder, 'net'), 4);
    await consortium.startAll();
    await consortium.reached(1);
    observer = await consortium.observe('observer');
  });

  afterAll(async () => {
    await Promise.all([consortium?.stop(), observer?.kill()]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('makes blocks that are final, sealed and the same everywhere', async () => {
    const hash = await send(consortium.node(3));
    const follower = observer as NodeProcess;
    const nodes = [...consortium.running, follower];
    const receipts = await Promise.all(nodes.map((node) => receiptOf(node, hash)));
    expect(new Set(receipts.map(({ blockHash }) => blockHash)).size).toBe(1);
    const { blockHash, blockNumber, status } = receipts[0] as Receipt;
    expect(status).toBe('0x1');
    const [latest, finalized] = await Promise.all([
      consortium.node(0).block(Number(blockNumber)),
      consortium.node(0).block('finalized'),
    ]);
    expect(latest?.hash).toBe(blockHash);
    expect(finalized?.number).toBeGreaterThanOrEqual(Number(blockNumber));

    const { seal, members } = await follower.rpc<Seal>('pbft_getSeal', Number(blockNumber));
    const parent = Number(blockNumber) - 1;
    const { record } = await follower.rpc<{ record: string }>(
      'dodona_getHeader',
      `0x${parent.toString(16)}`,
    );
    expect((await follower.rpc<{ self: number | null }>('pbft_status')).self).toBeNull();
    const { genesis } = await follower.rpc<{ genesis: string }>('dodona_status');
    const subject = {
      genesisId: fromHex(genesis),
      height: Number(blockNumber),
      id: toHex(reverseBytes(fromHex(blockHash))),
    };
    const list = members.map(({ key, address }) => ({
      key: fromHex(key),
      address: fromHex(address),
    }));
    // What a client needs to know that these are the members: the record of the block before.
    if (parent > 0) {
      expect(membersHash(list, nobleCrypto)).toEqual(decodeRecord(fromHex(record)).extraData);
    }
    expect((await follower.rpc<Seal>('pbft_getSeal', 1)).members).toEqual(members);
    expect(verifySeal(fromHex(seal), subject, list, nobleCrypto)).toBe(true);
    const other = { ...subject, height: subject.height + 1 };
    expect(verifySeal(fromHex(seal), other, list, nobleCrypto)).toBe(false);
  });

  it('proves state, and says that nobody mines', async () => {
    const node = consortium.node(1);
    const proof = await node.rpc<{ account: { value: string | null } }>('dodona_getProof', target);
    expect(proof.account.value).not.toBeNull();
    for (const [method, ...params] of [
      ['miner_start'],
      ['miner_status'],
      ['evm_mine'],
      ['getblocktemplate', {}],
    ] as const) {
      await expect(node.rpc(method, ...params), method).rejects.toThrow('does not mine');
    }
  });

  it('goes on in another view when the primary dies under load', async () => {
    const { primary, view } = await consortium.status(0);
    const other = (primary + 1) % 4;
    const node = consortium.node(other);
    await send(node);
    await consortium.kill(primary);
    const hash = await send(node);
    await receiptOf(node, hash);
    expect((await consortium.status(other)).view).toBeGreaterThan(view);
    await consortium.start(primary);
    await receiptOf(consortium.node(primary), hash);
  });

  it('stops without a quorum, loses nothing, and resumes by itself', async () => {
    await Promise.all([consortium.kill(0), consortium.kill(1)]);
    const node = consortium.node(2);
    const hash = await send(node);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    // Nobody who died can have voted for a block with what was sent after.
    expect(await node.rpc('eth_getTransactionReceipt', hash)).toBeNull();
    const { number } = await node.head();
    await Promise.all([consortium.start(0), consortium.start(1)]);
    const receipts = await Promise.all(consortium.running.map((each) => receiptOf(each, hash)));
    expect(new Set(receipts.map(({ blockHash }) => blockHash)).size).toBe(1);
    const blocks = await Promise.all(consortium.running.map((each) => each.block(number)));
    expect(new Set(blocks.map((block) => block?.stateRoot)).size).toBe(1);
  });
});
