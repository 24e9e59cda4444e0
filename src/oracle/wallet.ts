/**
 * Signs and sends an account's transactions through JSON-RPC: nonce from the pool's view, gas from
 * an estimate with a fifth on top, fees that stay good while the base fee rises for eleven blocks.
 */

import { fromHex, type Hex } from '../primitives/bytes.ts';
import { nobleCrypto } from '../primitives/crypto.ts';
import { addressOfPrivateKey, checksumAddress, signTransaction } from '../primitives/keys.ts';
import { type ContractAddress, refusalOf } from './contracts.ts';
import type { Transport } from './transport.ts';

export interface Outgoing {
  readonly to: ContractAddress | undefined;
  readonly data?: `0x${string}`;
  readonly value?: bigint;
}

/** Least tip in acorns per gas that an outgoing transaction offers: 1 gigaacorn. */
const tip = 1_000_000_000n;

/** Base fee may rise by an eighth a block: four times the present one lasts for 11 full blocks. */
const feeHeadroom = 4n;

export class Wallet {
  readonly address: ContractAddress;
  readonly #privateKey: Uint8Array;
  readonly #transport: Transport;
  readonly #chainId: number;
  /** Sends run one after the other, so that two of them never take the same nonce. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(transport: Transport, privateKey: Uint8Array, chainId: number) {
    this.#transport = transport;
    this.#privateKey = privateKey;
    this.#chainId = chainId;
    this.address = checksumAddress(addressOfPrivateKey(privateKey)) as ContractAddress;
  }

  /** The private key, for salts that follow from it. */
  get secret(): Uint8Array {
    return this.#privateKey;
  }

  /**
   * Signs and sends; resolves with the transaction hash when the pool has taken it.
   * @throws ContractRefusal when the transaction would revert, RpcFault when the node refuses it
   */
  send(outgoing: Outgoing): Promise<`0x${Hex}`> {
    const sent = this.#last.then(() => this.#send(outgoing));
    this.#last = sent.catch(() => {});
    return sent;
  }

  async #send({ to, data = '0x', value = 0n }: Outgoing): Promise<`0x${Hex}`> {
    const call = { from: this.address, to, data, value: `0x${value.toString(16)}` };
    const [gas, nonce, block] = await Promise.all([
      this.#ask('eth_estimateGas', [call]).catch((error: unknown) => {
        throw refusalOf(error);
      }),
      this.#ask('eth_getTransactionCount', [this.address, 'pending']),
      this.#transport.request('eth_getBlockByNumber', ['latest', false]),
    ]);
    const baseFee = BigInt((block as { baseFeePerGas: string }).baseFeePerGas);
    const raw = signTransaction(
      {
        type: 2,
        chainId: BigInt(this.#chainId),
        nonce,
        gasLimit: gas + gas / 5n,
        maxFeePerGas: baseFee * feeHeadroom + tip,
        maxPriorityFeePerGas: tip,
        to: to === undefined ? undefined : fromHex(to),
        value,
        data: fromHex(data),
        accessList: [],
      },
      this.#privateKey,
      nobleCrypto,
    );
    const text = `0x${Buffer.from(raw).toString('hex')}`;
    return (await this.#transport.request('eth_sendRawTransaction', [text])) as `0x${Hex}`;
  }

  async #ask(method: string, parameters: readonly unknown[]): Promise<bigint> {
    return BigInt((await this.#transport.request(method, parameters)) as string);
  }
}
