/**
 * Two tokens, their pair and the TWAP oracle on a chain of their own, where a test says how long each
 * block takes. Reserves are set as Uniswap's own tests do it: tokens moved, then `sync`.
 */

import { getContractAddress, type Hex, keccak256 } from 'viem';
import { fromHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractChain, type Result, type Target } from '../support/contract-chain.ts';
import { account, encodeConstructor, moduleOf, readArtifact, targetOf } from './artifacts.ts';

export const unit = 10n ** 18n;
export const q112 = 2n ** 112n;
export const provider = account(0xf001);
export const trader = account(0xf002);
export const stranger = account(0xf003);
export const chainId = 1337;

export const woak = targetOf('WrappedOak');
export const factory = targetOf('PairFactory');
export const twap = targetOf('TwapOracle');
export const registry = targetOf('OracleRegistry');
const oracle = targetOf('CommitRevealOracle');
/** A second token, above WrappedOak in the order of addresses. */
export const gold: Target = { address: account(0x90_0d00_0000), abi: woak.abi };

/** It holds only compiled modules, so all scenes share it. */
export const vm = createVm({ crypto: nobleCrypto });

const sorted = [woak, gold].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
export const [token0, token1] = sorted as [Target, Target];

/** Where the factory puts the pair of two sorted tokens. */
export function pairAddress(first: Hex, second: Hex): Hex {
  const word = (address: Hex) => address.slice(2).toLowerCase().padStart(64, '0');
  return getContractAddress({
    from: factory.address,
    opcode: 'CREATE2',
    salt: keccak256(`${first}${second.slice(2)}`.toLowerCase() as Hex),
    bytecode: `${readArtifact('AmmPair').bytecode}${word(first)}${word(second)}`,
  });
}

export const pair: Target = {
  address: pairAddress(token0.address, token1.address),
  abi: readArtifact('AmmPair').abi,
};

/** Guards off, so that a test sees the means alone. */
export const openTerms = {
  pool: pair.address,
  zeroForOne: true,
  window: 1_800,
  minWindow: 1,
  minBlocks: 0,
  maxAge: 0,
  maxSecondsPerBlock: 0,
  divergenceBps: 0,
};

/** What `createFeed` sets. */
export const guardedTerms = {
  ...openTerms,
  minWindow: 300,
  minBlocks: 20,
  maxAge: 86_400,
  maxSecondsPerBlock: 240,
  divergenceBps: 500,
};

export interface Span {
  readonly sinceSeconds: bigint;
  readonly sinceBlocks: bigint;
  readonly blocks: bigint;
}

export class PoolScene {
  readonly chain: ContractChain;

  constructor() {
    const targets = [token0, token1, pair, factory, twap, registry];
    this.chain = new ContractChain(vm, chainId, targets);
    const deploy = (name: string, { address }: Target, values: readonly unknown[] = []) =>
      this.chain.deploy(address, moduleOf(name), encodeConstructor(name, values));
    deploy('WrappedOak', woak);
    deploy('WrappedOak', gold);
    deploy('PairFactory', factory);
    deploy('OracleRegistry', registry, [[oracle.address, twap.address]]);
    deploy('TwapOracle', twap, [registry.address, factory.address]);
    for (const person of [provider, trader, stranger]) {
      this.chain.world.credit(fromHex(person), 2n ** 118n);
    }
    this.chain.mine();
    this.chain.mustSend(stranger, factory, 'createPair', [token1.address, token0.address]);
  }

  /** The next block, `seconds` after this one. */
  pass(seconds: number): void {
    this.chain.mine();
    this.chain.time += seconds - this.chain.spacing;
  }

  /** `blocks` blocks of `seconds` each. */
  passBlocks(blocks: number, seconds = 15): void {
    for (let block = 0; block < blocks; block++) this.pass(seconds);
  }

  balance(token: Target, holder: Hex): bigint {
    return this.chain.read(token, 'balanceOf', [holder]);
  }

  /** Puts tokens where they are wanted, out of nothing. */
  give(token: Target, holder: Hex, amount: bigint): void {
    this.chain.mustSend(provider, token, 'deposit', [], amount);
    this.chain.mustSend(provider, token, 'transfer', [holder, amount]);
  }

  /** Makes the pair hold exactly `amount`. */
  #hold(token: Target, amount: bigint): void {
    const difference = amount - this.balance(token, pair.address);
    if (difference > 0n) this.give(token, pair.address, difference);
    if (difference < 0n) {
      this.chain.mustSend(pair.address, token, 'transfer', [provider, -difference]);
    }
  }

  /** The first reserves come with the first shares, later ones with `sync`. */
  setReserves(reserve0: bigint, reserve1: bigint): Result {
    this.#hold(token0, reserve0);
    this.#hold(token1, reserve1);
    const shares = this.chain.read<bigint>(pair, 'totalSupply');
    if (shares === 0n) return this.chain.mustSend(provider, pair, 'mint', [provider]);
    return this.chain.mustSend(provider, pair, 'sync');
  }

  /** Sells `amount` of one token for as much as the pair gives. */
  sell(token: Target, amount: bigint): Result {
    const [reserve0, reserve1] = this.reserves();
    const [reserveIn, reserveOut] = token === token0 ? [reserve0, reserve1] : [reserve1, reserve0];
    const charged = amount * 997n;
    const out = (charged * reserveOut) / (reserveIn * 1_000n + charged);
    this.give(token, pair.address, amount);
    const outs = token === token0 ? [0n, out] : [out, 0n];
    return this.chain.mustSend(trader, pair, 'swap', [...outs, trader, '0x']);
  }

  reserves(): readonly [bigint, bigint, number] {
    return this.chain.read(pair, 'getReserves');
  }

  grow(cardinality: number): void {
    this.chain.mustSend(provider, pair, 'increaseObservationCardinalityNext', [cardinality]);
  }

  /** A feed with these terms. */
  feed(terms: Partial<typeof openTerms> = {}, cardinality = 1, name = 'OAK/GOLD'): Hex {
    const args = [name, { ...openTerms, ...terms }, cardinality];
    return this.chain.mustSend(provider, twap, 'createFeedWith', args, 10n * unit).value as Hex;
  }

  consult(feed: Hex, window: number, amountIn: bigint, zeroForOne = true): bigint {
    return this.chain.read<readonly [bigint, number, number]>(twap, 'consult', [
      feed,
      window,
      amountIn,
      zeroForOne,
    ])[0];
  }

  /** Why a read is refused. */
  refusal(name: string, args: readonly unknown[]): string {
    try {
      return `answered ${String(this.chain.read(twap, name, args))}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
