/**
 * The test chain of the contract kit against the ledger: the same artifact, the same transactions, and
 * so the same gas, logs and results as a block of a node gives.
 */

import { fileURLToPath } from 'node:url';
import { encodeDeployData, encodeFunctionData, type Hex } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeReceipts } from '../../src/ledger/receipts.ts';
import { createdAddress } from '../../src/ledger/transactions.ts';
import { testAccounts } from '../../src/node/accounts.ts';
import type { Artifact } from '../../src/node/contract/artifact.ts';
import { TestChain, type TestContract } from '../../src/node/contract/harness.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import type { Receipt } from '../../src/primitives/receipt.ts';
import { keys } from '../../src/primitives/store.ts';
import { createVm } from '../../src/vm/vm.ts';
import { TestChain as LedgerChain, oak, testGenesis } from '../ledger/chain.ts';

const source = fileURLToPath(new URL('../../native/contracts/examples/erc20', import.meta.url));
const construction = ['Oak Token', 'OAKT', 1_000n] as const;

/** The ledger's blocks, one transaction each. */
class Blocks extends LedgerChain {
  readonly #sender = testAccounts()[0]?.address as Uint8Array;

  constructor() {
    super(
      testGenesis(new Map([[testAccounts()[0]?.address as Uint8Array, 1_000n * oak]])),
      createVm({ crypto }),
    );
  }

  get next(): Uint8Array {
    return createdAddress(this.#sender, this.nonce(this.#sender), crypto);
  }

  run(to: Uint8Array | undefined, data: Hex): Receipt {
    const nonce = this.nonce(this.#sender);
    const fields = { from: this.#sender, nonce, to, data: fromHex(data), value: 0n };
    const signed = this.signer.sign({ ...fields, gasLimit: 10_000_000n });
    const result = this.ledger.submit(signed.raw);
    if (!result.ok) throw new Error(result.message);
    const receipts = this.store.get(keys.receipts(this.mine().entry.id));
    const [stored] = decodeReceipts(receipts as Uint8Array);
    if (stored === undefined) throw new Error('no receipt');
    return stored.receipt;
  }
}

describe('the test chain', () => {
  const chain = new TestChain();
  const blocks = new Blocks();
  let artifact: Artifact;
  let token: TestContract;
  let address: Uint8Array;
  beforeAll(async () => {
    artifact = await TestChain.build(source);
    token = await chain.deploy(artifact, construction);
    address = blocks.next;
  });

  it('deploys at the address and for the gas of a block', () => {
    const { abi, bytecode } = artifact;
    const receipt = blocks.run(undefined, encodeDeployData({ abi, bytecode, args: construction }));
    expect(receipt.status).toBe(1);
    expect(token.address.toLowerCase()).toBe(`0x${toHex(address)}`);
    const [row] = chain.gasReport();
    expect(row).toMatchObject({ method: 'deploy', calls: 1, mean: receipt.cumulativeGasUsed });
  });

  it.each([
    ['transfer', [`0x${'bb'.repeat(20)}`, 5n]],
    ['transfer', [`0x${'bb'.repeat(20)}`, 7n]],
    ['approve', [`0x${'cc'.repeat(20)}`, 9n]],
  ])('%s: gas and logs are those of a block', (functionName, args) => {
    const sent = token.send(functionName, args);
    const receipt = blocks.run(
      address,
      encodeFunctionData({ abi: artifact.abi, functionName, args }),
    );
    expect(receipt.status).toBe(1);
    expect(sent.gasUsed).toBe(BigInt(receipt.cumulativeGasUsed));
    const inBlock = receipt.logs.map((log) => ({
      address: `0x${toHex(log.address)}`,
      topics: log.topics.map((topic) => `0x${toHex(topic)}`),
      data: `0x${toHex(log.data)}`,
    }));
    expect(inBlock).toHaveLength(1);
    expect(sent.events).toHaveLength(1);
    expect({ ...sent.events[0], address: sent.events[0]?.address.toLowerCase() }).toMatchObject(
      inBlock[0] as object,
    );
    expect(sent.events[0]?.name).toBe(functionName === 'transfer' ? 'Transfer' : 'Approval');
  });

  it('a refusal costs what it costs in a block, and is in the report', () => {
    const [functionName, args] = ['transfer', [`0x${'bb'.repeat(20)}`, 10_000n]] as const;
    let gasUsed = 0n;
    try {
      token.send(functionName, args);
    } catch (error) {
      ({ gasUsed } = error as { gasUsed: bigint });
    }
    const receipt = blocks.run(
      address,
      encodeFunctionData({ abi: artifact.abi, functionName, args }),
    );
    expect(receipt).toMatchObject({ status: 0, logs: [], cumulativeGasUsed: Number(gasUsed) });
    const row = chain.gasReport().find(({ method }) => method === 'transfer');
    expect(row?.calls).toBe(3);
    expect([row?.least, row?.most].every((gas) => (gas ?? 0) > 21_000)).toBe(true);
  });
});
