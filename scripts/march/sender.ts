/**
 * Sends transactions of one account with a gas limit that the caller knows, so that a block can hold
 * several that need each other: an estimate of the second would fail before the first is mined.
 */

import { type Abi, encodeDeployData, encodeFunctionData, getContractAddress, type Hex } from 'viem';
import type { Artifact } from '../../src/node/contract/artifact.ts';
import type { Transport } from '../../src/oracle/transport.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import {
  addressOfPrivateKey,
  checksumAddress,
  signTransaction,
} from '../../src/primitives/keys.ts';

const gigaacorn = 1_000_000_000n;

export interface Contract {
  readonly address: Hex;
  readonly abi: Abi;
}

export class Sender {
  readonly address: Hex;
  readonly #transport: Transport;
  readonly #chainId: number;
  readonly #privateKey: Uint8Array;
  #nonce = 0n;

  constructor(transport: Transport, chainId: number, privateKey: Uint8Array) {
    this.#transport = transport;
    this.#chainId = chainId;
    this.#privateKey = privateKey;
    this.address = checksumAddress(addressOfPrivateKey(privateKey)) as Hex;
  }

  /** Resolves with the transaction hash when the pool has taken it. */
  async send(to: Hex | undefined, data: Hex, gasLimit: bigint, value = 0n): Promise<Hex> {
    const raw = signTransaction(
      {
        type: 2,
        chainId: BigInt(this.#chainId),
        nonce: this.#nonce,
        gasLimit,
        maxFeePerGas: 10n * gigaacorn,
        maxPriorityFeePerGas: gigaacorn,
        to: to === undefined ? undefined : fromHex(to),
        value,
        data: fromHex(data),
        accessList: [],
      },
      this.#privateKey,
      nobleCrypto,
    );
    this.#nonce += 1n;
    const text = `0x${Buffer.from(raw).toString('hex')}`;
    return (await this.#transport.request('eth_sendRawTransaction', [text])) as Hex;
  }

  call(
    { address, abi }: Contract,
    functionName: string,
    args: readonly unknown[],
    options: { readonly gas: bigint; readonly value?: bigint },
  ): Promise<Hex> {
    const data = encodeFunctionData({ abi, functionName, args: [...args] });
    return this.send(address, data, options.gas, options.value);
  }

  async deploy(artifact: Artifact, args: readonly unknown[]): Promise<Contract> {
    const abi = artifact.abi as Abi;
    const address = getContractAddress({ from: this.address, nonce: this.#nonce });
    const data = encodeDeployData({ abi, bytecode: artifact.bytecode as Hex, args: [...args] });
    await this.send(undefined, data, 8_000_000n);
    return { address, abi };
  }
}

/** @throws Error when a transaction failed or is not in a block */
export async function mustSucceed(transport: Transport, hashes: readonly Hex[]): Promise<void> {
  for (const hash of hashes) {
    const receipt = (await transport.request('eth_getTransactionReceipt', [hash])) as {
      readonly status: string;
      readonly gasUsed: string;
    } | null;
    if (receipt?.status !== '0x1') throw new Error(`${hash} failed: ${JSON.stringify(receipt)}`);
  }
}
