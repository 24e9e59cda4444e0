/**
 * Signs and sends an account's transactions through JSON-RPC: nonce from the pool's view, gas from
 * an estimate with a fifth on top, fees that stay good while the base fee rises for eleven blocks, and
 * more of them when that was not enough.
 */

import { fromHex, type Hex, toHex } from '../primitives/bytes.ts';
import { nobleCrypto } from '../primitives/crypto.ts';
import { addressOfPrivateKey, checksumAddress, signTransaction } from '../primitives/keys.ts';
import { type ContractAddress, ContractRefusal, refusalOf } from './contracts.ts';
import { RpcFault, type Transport } from './transport.ts';

export interface Outgoing {
  readonly to: ContractAddress | undefined;
  readonly data?: `0x${string}`;
  readonly value?: bigint;
}

/** Least tip in acorns per gas that an outgoing transaction offers: 1 gigaacorn. */
const tip = 1_000_000_000n;

/** Above this an unmined transaction is not made dearer: money is not what it lacks. */
const tipMax = 100n * tip;

/** Base fee may rise by an eighth a block: four times the present one lasts for 11 full blocks. */
const feeHeadroom = 4n;

/** Blocks without a transaction after which its fees are raised. */
const stuckBlocks = 4;

/** Sent transactions that are remembered. */
const unminedMax = 64;

/** Gas of a transfer to oneself, which takes the place of what would fail. */
const transferGas = 21_000n;

/** A transaction that no block has taken yet. */
interface Unmined {
  readonly outgoing: Outgoing;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  /** Height of the head when it was last sent; undefined until the next look. */
  sentAt: number | undefined;
}

/** An eighth more, rounded up: pools take no replacement that pays less than a tenth more. */
const raised = (fee: bigint): bigint => fee + (fee + 7n) / 8n;

export class Wallet {
  readonly address: ContractAddress;
  readonly #privateKey: Uint8Array;
  readonly #transport: Transport;
  readonly #chainId: number;
  /** Sends run one after the other, so that two of them never take the same nonce. */
  #last: Promise<unknown> = Promise.resolve();
  /** Sent from here and not known to be mined, by nonce. */
  readonly #unmined = new Map<bigint, Unmined>();

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

  /** Whether something that was sent was not mined at the last `renew`, which goes on with it. */
  get hasUnmined(): boolean {
    return this.#unmined.size > 0;
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

  /** The gas that `outgoing` would use. @throws ContractRefusal when it would revert */
  async estimate({ to, data = '0x', value = 0n }: Outgoing): Promise<bigint> {
    const call = { from: this.address, to, data, value: `0x${value.toString(16)}` };
    try {
      return await this.#ask('eth_estimateGas', [call]);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** Money of the account, in acorns. */
  balance(): Promise<bigint> {
    return this.#ask('eth_getBalance', [this.address, 'latest']);
  }

  /**
   * Sends the oldest transaction again under the same nonce with an eighth more fees, when no block
   * took it for `stuckBlocks`; what would fail by now gives its place to an empty transfer.
   * @returns what was done, if anything
   */
  renew(height: number): Promise<string | undefined> {
    if (this.#unmined.size === 0) return Promise.resolve(undefined);
    const renewed = this.#last.then(() => this.#renew(height));
    this.#last = renewed.catch(() => {});
    return renewed;
  }

  async #renew(height: number): Promise<string | undefined> {
    const mined = await this.#ask('eth_getTransactionCount', [this.address, 'latest']);
    for (const nonce of this.#unmined.keys()) {
      if (nonce < mined) this.#unmined.delete(nonce);
    }
    for (const entry of this.#unmined.values()) entry.sentAt ??= height;
    const stuck = this.#unmined.get(mined);
    if (stuck?.sentAt === undefined || height - stuck.sentAt < stuckBlocks) return undefined;
    if (stuck.maxPriorityFeePerGas > tipMax) return undefined;
    stuck.sentAt = height;
    const empty: Outgoing = { to: this.address };
    let { outgoing } = stuck;
    const gas = await this.estimate(outgoing).catch((error: unknown) => {
      if (!(error instanceof ContractRefusal)) throw error;
      outgoing = empty;
      return transferGas;
    });
    const present = await this.#fees();
    const maxFeePerGas = greater(raised(stuck.maxFeePerGas), present.maxFeePerGas);
    const fees = { maxFeePerGas, maxPriorityFeePerGas: raised(stuck.maxPriorityFeePerGas) };
    // Kept first: if the node has it although the answer is lost, the next try must pay more again.
    this.#unmined.set(mined, { outgoing, ...fees, sentAt: height });
    await this.#sign(mined, outgoing, gas, fees);
    const what = outgoing === empty ? 'cancelled, for it would fail by now' : 'sent again';
    return `transaction ${mined} waited ${stuckBlocks} blocks: ${what}, at most ${maxFeePerGas} a gas`;
  }

  async #send(outgoing: Outgoing): Promise<`0x${Hex}`> {
    const [gas, nonce, fees] = await Promise.all([
      this.estimate(outgoing),
      this.#ask('eth_getTransactionCount', [this.address, 'pending']),
      this.#fees(),
    ]);
    const hash = await this.#sign(nonce, outgoing, gas, fees);
    this.#unmined.set(nonce, { outgoing, ...fees, sentAt: undefined });
    const [oldest] = this.#unmined.keys();
    if (this.#unmined.size > unminedMax && oldest !== undefined) this.#unmined.delete(oldest);
    return hash;
  }

  async #fees(): Promise<Pick<Unmined, 'maxFeePerGas' | 'maxPriorityFeePerGas'>> {
    const block = await this.#transport.request('eth_getBlockByNumber', ['latest', false]);
    const baseFee = BigInt((block as { baseFeePerGas: string }).baseFeePerGas);
    return { maxFeePerGas: baseFee * feeHeadroom + tip, maxPriorityFeePerGas: tip };
  }

  async #sign(
    nonce: bigint,
    { to, data = '0x', value = 0n }: Outgoing,
    gas: bigint,
    fees: Pick<Unmined, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  ): Promise<`0x${Hex}`> {
    const raw = signTransaction(
      {
        type: 2,
        chainId: BigInt(this.#chainId),
        nonce,
        gasLimit: gas + gas / 5n,
        ...fees,
        to: to === undefined ? undefined : fromHex(to),
        value,
        data: fromHex(data),
        accessList: [],
      },
      this.#privateKey,
      nobleCrypto,
    );
    try {
      const sent = await this.#transport.request('eth_sendRawTransaction', [`0x${toHex(raw)}`]);
      return sent as `0x${Hex}`;
    } catch (error) {
      // The answer to an earlier try was lost, or another copy of the agent has sent the very same.
      const isKnown = error instanceof RpcFault && error.message.startsWith('already known');
      if (isKnown) return `0x${toHex(nobleCrypto.keccak256(raw))}`;
      throw error;
    }
  }

  async #ask(method: string, parameters: readonly unknown[]): Promise<bigint> {
    return BigInt((await this.#transport.request(method, parameters)) as string);
  }
}

function greater(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}
