/** A real node and the libraries that people use: wallets, event listeners, a light client. */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Contract, JsonRpcProvider, Wallet } from 'ethers';
import { createPublicClient, webSocket } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import addresses from '../../native/contracts/addresses.json' with { type: 'json' };
import { decodeAccount } from '../../src/ledger/account.ts';
import { testAccounts } from '../../src/node/accounts.ts';
import { fromHex, reverseBytes, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { decodeHeader } from '../../src/primitives/header.ts';
import { decodeRecord } from '../../src/primitives/record.ts';
import { decodeStateProof, verifyStateProof } from '../../src/primitives/state-proof.ts';
import { meetsTarget } from '../../src/primitives/work.ts';
import {
  type ClientFacts,
  type ClientTarget,
  factsByEthers,
  factsByViem,
  readArtifact,
  stakeScenario,
} from '../support/clients.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess, until } from '../support/process.ts';

const artifact = readArtifact(
  fileURLToPath(new URL('../../genesis/artifacts/StakeRegistry.json', import.meta.url)),
);
const folder = mkdtempSync(join(tmpdir(), 'dodona-clients-'));
let node: NodeProcess;

beforeAll(async () => {
  const genesis = writeNetwork(folder, fastDevnet({ intervalMs: 500, transactionMs: 100 }));
  node = await NodeProcess.start({ genesis, datadir: join(folder, 'data'), mine: true });
});

afterAll(async () => {
  await node.kill();
  rmSync(folder, { recursive: true, force: true });
});

function account(index: number): { readonly privateKey: `0x${string}`; readonly address: string } {
  const found = testAccounts()[index];
  if (found === undefined) throw new Error(`no test account ${index}`);
  return {
    privateKey: `0x${toHex(found.privateKey)}`,
    address: `0x${toHex(found.address)}`,
  };
}

describe('wallet libraries', () => {
  const expected: ClientFacts = {
    chainId: 1337,
    transferStatus: 'success',
    transferGasUsed: 21_000n,
    transferGasEstimate: 21_000n,
    received: 10n ** 15n,
    unexplained: 0n,
    codeSizeBytes: expect.any(Number),
    readBefore: 0n,
    readAfter: 10n ** 18n,
    events: ['Deposited'],
    logsFound: 1,
    revertName: 'ZeroAmount',
    estimateSuffices: true,
    burstNonces: [0, 1, 2],
    burstStatuses: ['success', 'success', 'success'],
    knowsNonceTooLow: true,
    knowsInsufficientFunds: true,
    unknownReceipt: null,
  };
  const target = (index: number): ClientTarget => ({
    url: node.url,
    privateKey: account(index).privateKey,
    recipient: `0x${'00'.repeat(19)}b${index}`,
  });

  it('serves viem', async () => {
    expect(await factsByViem(target(3), stakeScenario(artifact))).toEqual(expected);
  });

  it('serves ethers', async () => {
    expect(await factsByEthers(target(4), stakeScenario(artifact))).toEqual(expected);
  });

  it('signs for its own accounts and mines on demand', async () => {
    const [from, to] = [account(5).address, account(6).address];
    const hash = await node.rpc<string>('eth_sendTransaction', { from, to, value: '0x1' });
    await node.rpc('evm_mine');
    expect(await node.rpc('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' });
  });
});

describe('events', () => {
  it('reach ethers by filters and viem by WebSocket', async () => {
    const provider = new JsonRpcProvider(node.url, undefined, { pollingInterval: 100 });
    const viem = createPublicClient({ transport: webSocket(node.url.replace('http', 'ws')) });
    const wallet = new Wallet(account(7).privateKey, provider);
    const address = addresses.StakeRegistry as `0x${string}`;
    const contract = new Contract(address, artifact.abi as never, wallet);
    const heardByEthers: bigint[] = [];
    await contract.on('Deposited', (_, amount: bigint) => heardByEthers.push(amount));
    const heardByViem = new Promise<unknown>((resolve, reject) => {
      viem.watchContractEvent({
        address,
        abi: artifact.abi,
        eventName: 'Deposited',
        onLogs: ([log]) => resolve((log as unknown as { args: { amount: bigint } }).args.amount),
        onError: reject,
      });
    });
    // Both subscriptions are on before the deposit: each connection answers in its order.
    await Promise.all([viem.getChainId(), provider.getBlockNumber()]);
    const amount = 3n * 10n ** 18n;
    await (await contract.getFunction('deposit')({ value: amount })).wait();
    expect(await heardByViem).toBe(amount);
    const heard = await until('the event', () => heardByEthers[0]);
    expect(heard).toBe(amount);
    await contract.removeAllListeners();
    await provider.getBlockNumber();
    provider.destroy();
    (await viem.transport.getRpcClient()).close();
  });
});

interface ProofJson {
  readonly path: string;
  readonly value: string | null;
  readonly proof: string;
}

describe('a light client', () => {
  it('checks a balance with one header, one record and SHA-256', async () => {
    const owner = account(8).address;
    const nobody = `0x${'ab'.repeat(20)}`;
    for (const address of [owner, nobody]) {
      const answer = await node.rpc<{
        header: { id: string; raw: string; record: string };
        account: ProofJson;
      }>('dodona_getProof', address, [], 'latest');
      const raw = fromHex(answer.header.raw);
      const id = nobleCrypto.sha256d(raw);
      expect(`0x${toHex(reverseBytes(id))}`).toBe(answer.header.id);
      const header = decodeHeader(raw);
      expect(meetsTarget(id, header.bits)).toBe(true);
      const record = fromHex(answer.header.record);
      expect(nobleCrypto.sha256d(record)).toEqual(header.commitment);
      const path = createHash('sha256').update(Uint8Array.of(0)).update(fromHex(address)).digest();
      const { value, proof } = answer.account;
      const claim = {
        root: decodeRecord(record).stateRoot,
        path: new Uint8Array(path),
        value: value === null ? undefined : fromHex(value),
        proof: decodeStateProof(fromHex(proof)),
      };
      expect(verifyStateProof(claim, nobleCrypto)).toBe(true);
      const balance = decodeAccount(claim.value).balance;
      expect(balance).toBe(BigInt(await node.rpc<string>('eth_getBalance', address)));
      expect(balance > 0n).toBe(address === owner);
    }
  });
});
