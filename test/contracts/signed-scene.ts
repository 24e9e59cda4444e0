/** A SignedAggregator with one genesis feed of four signers, and reports as wallets sign them. */

import { encodeAbiParameters, type Hex, hashTypedData, keccak256, toHex } from 'viem';
import { privateKeyToAccount, sign } from 'viem/accounts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractChain, type Result } from '../support/contract-chain.ts';
import { account, encodeConstructor, moduleOf, targetOf } from './artifacts.ts';

export const aggregator = targetOf('SignedAggregator');
export const registry = targetOf('OracleRegistry');
export const owner = account(0xa1);
export const stranger = account(0xa2);
export const oak = 10n ** 18n;
const chainId = 1337;

export const baseTerms = {
  decimals: 8,
  heartbeat: 3_600,
  deviationBps: 50,
  minAnswer: 10n,
  maxAnswer: 1_000n,
};
const keyOf = (index: number): Hex => keccak256(toHex(`member ${index}`));
/** As many signers as a feed can have. */
export const people: readonly Hex[] = Array.from(
  { length: 31 },
  (_, index) => privateKeyToAccount(keyOf(index)).address,
);
export const members = people.slice(0, 4);

export interface Content {
  readonly observations: readonly bigint[];
  readonly observers?: readonly number[];
  readonly time?: number;
}

export interface Sending {
  readonly epochAndRound?: number;
  readonly signers?: readonly number[];
  readonly digest?: Hex;
  readonly signatures?: readonly Hex[];
}

/** Signatures of the given members over `hash`. */
export function signatures(hash: Hex, signers: readonly number[]): Promise<Hex[]> {
  return Promise.all(signers.map((index) => sign({ hash, privateKey: keyOf(index), to: 'hex' })));
}

/** It holds only compiled modules, so all scenes share it. */
const vm = createVm({ crypto: nobleCrypto });

export class SignedScene {
  readonly chain = new ContractChain(vm, chainId, [aggregator, registry]);
  feed: Hex = keccak256(toHex('GOLD/USD'));
  digest: Hex;

  constructor() {
    const { chain } = this;
    const deploy = (name: string, address: Hex, values: readonly unknown[]) =>
      chain.deploy(address, moduleOf(name), encodeConstructor(name, values));
    deploy('OracleRegistry', registry.address, [[aggregator.address]]);
    deploy('SignedAggregator', aggregator.address, [
      registry.address,
      owner,
      ['GOLD/USD'],
      [baseTerms],
      members,
      1,
    ]);
    chain.world.credit(fromHex(owner), 100n * oak);
    chain.world.credit(fromHex(stranger), 100n * oak);
    this.digest = chain.read<readonly Hex[]>(aggregator, 'configOf', [this.feed])[1] as Hex;
    chain.mine();
  }

  encodeReport({ observations, observers, time }: Content): Hex {
    const numbers = observers ?? observations.map((_, index) => index);
    const observed: Hex = `0x${toHex(Uint8Array.from(numbers)).slice(2).padEnd(64, '0')}`;
    return encodeAbiParameters(
      [{ type: 'uint32' }, { type: 'bytes32' }, { type: 'int192[]' }],
      [time ?? this.chain.time, observed, observations],
    );
  }

  /** What a wallet signs, by viem's own EIP-712. */
  hashOf(
    report: Hex,
    epochAndRound: number,
    changes: { readonly chainId?: number; readonly digest?: Hex } = {},
  ): Hex {
    return hashTypedData({
      domain: {
        name: 'Dodona SignedAggregator',
        version: '1',
        chainId: changes.chainId ?? chainId,
        verifyingContract: aggregator.address,
      },
      types: {
        Report: [
          { name: 'digest', type: 'bytes32' },
          { name: 'epochAndRound', type: 'uint40' },
          { name: 'report', type: 'bytes' },
        ],
      },
      primaryType: 'Report',
      message: { digest: changes.digest ?? this.digest, epochAndRound, report },
    });
  }

  /** Signed by members 0 and 1 for the epoch of this height, where nothing else is said. */
  async transmit(content: Content, sending: Sending = {}): Promise<Result> {
    const report = this.encodeReport(content);
    const epochAndRound = sending.epochAndRound ?? this.chain.height;
    const list =
      sending.signatures ??
      (await signatures(this.hashOf(report, epochAndRound), sending.signers ?? [0, 1]));
    const digest = sending.digest ?? this.digest;
    const values = [this.feed, digest, epochAndRound, report, list];
    return this.chain.send(stranger, aggregator, 'transmit', values);
  }

  configure(signers: readonly Hex[], f: number): void {
    const { value } = this.chain.mustSend(owner, aggregator, 'setConfig', [this.feed, signers, f]);
    this.digest = value as Hex;
  }

  create(by: Hex, name: string, terms: typeof baseTerms): Hex {
    const { value } = this.chain.mustSend(by, aggregator, 'createFeed', [name, terms], 10n * oak);
    return value as Hex;
  }

  latest(): readonly bigint[] {
    return this.chain.read(aggregator, 'latestRoundData', [this.feed]);
  }

  status(): readonly unknown[] {
    return this.chain.read(aggregator, 'status', [this.feed]);
  }
}
