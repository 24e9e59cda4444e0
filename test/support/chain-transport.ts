/**
 * The JSON-RPC methods that the oracle room uses, over a chain of contract calls: agents meet the
 * real contracts without a node. Transactions wait until `mineBlock`, which runs them in order.
 */

import {
  type Hex,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  type TransactionSerialized,
} from 'viem';
import { RpcFault, type Transport } from '../../src/oracle/transport.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import type { Log } from '../../src/primitives/receipt.ts';
import type { ContractChain } from './contract-chain.ts';

interface Pending {
  readonly hash: Hex;
  readonly from: Hex;
  readonly to: Hex;
  readonly data: Hex;
  readonly value: bigint;
  readonly nonce: number;
  readonly tip: bigint;
}

interface CallParameters {
  readonly from?: Hex;
  readonly to: Hex;
  readonly data: Hex;
  readonly value?: Hex;
}

interface LogQuery {
  readonly address: Hex;
  readonly topics: readonly (Hex | null)[];
  readonly fromBlock: Hex;
  readonly toBlock: Hex;
}

const quantity = (value: number | bigint): Hex => `0x${value.toString(16)}`;
const caller: Hex = '0x00000000000000000000000000000000000000e0';

export class ChainTransport implements Transport {
  readonly #chain: ContractChain;
  #logs: { readonly height: number; readonly log: Log }[] = [];
  readonly #nonces = new Map<string, number>();
  readonly #mined = new Map<string, number>();
  readonly #receipts = new Map<string, boolean>();
  readonly #times = new Map<number, number>();
  #pending: Pending[] = [];
  /** Blocks take no transaction that offers less, in acorns a gas. */
  leastTip = 0n;

  constructor(chain: ContractChain) {
    this.#chain = chain;
    chain.onLogs((logs) => {
      this.#logs.push(...logs.map((log) => ({ height: chain.height, log })));
    });
  }

  /** Height of the last whole block: calls run in the next one. */
  get head(): number {
    return this.#chain.height - 1;
  }

  /** Runs what waits and ends the block. */
  mineBlock(): void {
    const isTaken = ({ tip }: Pending): boolean => tip >= this.leastTip;
    for (const { hash, from, to, data, value } of this.#pending.filter(isTaken)) {
      const outcome = this.#chain.sendRaw(from, to, data, value);
      this.#receipts.set(hash, outcome.status === 'success');
      this.#mined.set(from.toLowerCase(), (this.#mined.get(from.toLowerCase()) ?? 0) + 1);
    }
    this.#pending = this.#pending.filter((pending) => !isTaken(pending));
    this.#times.set(this.#chain.height, this.#chain.time);
    this.#chain.mine();
  }

  /** Takes a reorganisation of the chain over; what waited in the pool still does. */
  reorganised(): void {
    this.#logs = this.#logs.filter(({ height }) => height < this.#chain.height);
  }

  async request(method: string, parameters: readonly unknown[]): Promise<unknown> {
    switch (method) {
      case 'eth_chainId':
        return quantity(1337);
      case 'eth_getBlockByNumber': {
        const height = parameters[0] === 'latest' ? this.head : Number(parameters[0]);
        const time = this.#times.get(height) ?? this.#chain.time;
        return { number: quantity(height), timestamp: quantity(time), baseFeePerGas: '0x1' };
      }
      case 'eth_getBalance':
        return quantity(this.#chain.balance(parameters[0] as Hex));
      case 'eth_getCode':
        return `0x${toHex(this.#chain.world.code(fromHex(parameters[0] as string)))}`;
      case 'eth_getTransactionCount':
        return quantity(this.#count(parameters[0] as string, parameters[1] as string));
      case 'eth_blockNumber':
        return quantity(this.head);
      case 'eth_getTransactionByHash':
        return this.#transaction(parameters[0] as Hex);
      case 'eth_call':
        return this.#try(parameters[0] as CallParameters);
      case 'eth_estimateGas':
        this.#try(parameters[0] as CallParameters);
        return quantity(1_000_000);
      case 'eth_getLogs':
        return this.#logsOf(parameters[0] as LogQuery);
      case 'eth_sendRawTransaction':
        return this.#take(parameters[0] as TransactionSerialized);
      default:
        throw new RpcFault(-32601, `no ${method} here`);
    }
  }

  #count(address: string, tag: string): number {
    const counts = tag === 'latest' ? this.#mined : this.#nonces;
    return counts.get(address.toLowerCase()) ?? 0;
  }

  #transaction(hash: Hex): unknown {
    if (this.#pending.some((pending) => pending.hash === hash)) return { hash, blockNumber: null };
    return this.#receipts.has(hash) ? { hash, blockNumber: quantity(this.head) } : null;
  }

  /** A call that leaves nothing behind. @throws RpcFault with the revert's data */
  #try({ from = caller, to, data, value = '0x0' }: CallParameters): Hex {
    const { status, output, hint } = this.#chain.tryRaw(from, to, data, BigInt(value));
    const text: Hex = `0x${toHex(output)}`;
    if (status !== 'success') throw new RpcFault(3, `execution reverted ${hint ?? ''}`, text);
    return text;
  }

  async #take(raw: TransactionSerialized): Promise<Hex> {
    const { to, data = '0x', value = 0n, nonce = 0, ...fees } = parseTransaction(raw);
    const from = await recoverTransactionAddress({ serializedTransaction: raw });
    const hash = keccak256(raw);
    if (this.#pending.some((pending) => pending.hash === hash)) {
      throw new RpcFault(-32000, `already known: ${hash}`);
    }
    const tip = fees.maxPriorityFeePerGas ?? 0n;
    const taken: Pending = { hash, from, to: to as Hex, data, value, nonce, tip };
    const place = this.#pending.findIndex((one) => one.from === from && one.nonce === nonce);
    if (place >= 0) this.#pending.splice(place, 1, taken);
    else this.#pending.push(taken);
    this.#nonces.set(from.toLowerCase(), Math.max(this.#count(from, 'pending'), nonce + 1));
    return hash;
  }

  #logsOf(filter: LogQuery): unknown {
    return this.#logs
      .map(({ height, log }) => ({
        height,
        address: `0x${toHex(log.address)}`,
        topics: log.topics.map((topic) => `0x${toHex(topic)}`),
        data: `0x${toHex(log.data)}`,
      }))
      .filter(
        ({ height, address, topics }) =>
          height >= Number(filter.fromBlock) &&
          height <= Number(filter.toBlock) &&
          address === filter.address.toLowerCase() &&
          filter.topics.every((topic, index) => topic === null || topic === topics[index]),
      )
      .map(({ height, ...log }) => ({ ...log, blockNumber: quantity(height) }));
  }
}
