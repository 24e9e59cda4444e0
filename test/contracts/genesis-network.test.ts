import { readFileSync } from 'node:fs';
import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import { devnet, feedIdOfName, mainnet } from '../../scripts/genesis-networks.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { parseGenesis } from '../../src/primitives/genesis.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractChain } from '../support/contract-chain.ts';
import { readArtifact } from './artifacts.ts';
import { fund, hashOf, oracle, registry, saltOf, stakes } from './oracle-scene.ts';

const genesisDirectory = new URL('../../genesis/', import.meta.url);

/** The network's contracts as its genesis file constructs them, in block 1. */
function start(name: string): ContractChain {
  const file = readFileSync(new URL(`${name}.json`, genesisDirectory), 'utf8');
  const genesis = parseGenesis(JSON.parse(file), nobleCrypto);
  const vm = createVm({ crypto: nobleCrypto });
  const chain = new ContractChain(vm, genesis.chainId, [oracle, stakes, registry, fund]);
  for (const { address, balance } of genesis.allocations) chain.world.credit(address, balance);
  for (const { address, wasm, constructorArguments } of genesis.contracts) {
    const module = new Uint8Array(readFileSync(new URL(wasm, genesisDirectory)));
    chain.deploy(`0x${toHex(address)}`, module, `0x${toHex(constructorArguments)}`);
  }
  chain.mine();
  return chain;
}

describe('the development network', () => {
  it('answers BTC/USD one round after its first block', () => {
    const chain = start('devnet');
    const feed = feedIdOfName('BTC/USD');
    const people = devnet.reporters.map(({ address }) => address);
    expect(chain.read(oracle, 'seatsOf', [feed, 1n])).toEqual(people);
    chain.world.credit(fromHex(fund.address), 10n ** 18n);
    const prices = [6_000_000n, 6_000_100n, 6_000_200n, 6_000_300n, 6_000_400n];
    for (const [index, person] of people.entries()) {
      const hash = hashOf(feed, 1n, person, prices[index] as bigint, saltOf(person, 1n));
      chain.mustSend(person, oracle, 'commit', [feed, 1n, hash]);
    }
    const [, , revealStart, revealEnd] = chain.read<readonly bigint[]>(oracle, 'windows', [
      feed,
      1n,
    ]) as [bigint, bigint, bigint, bigint];
    chain.mineTo(revealStart);
    for (const [index, person] of people.entries()) {
      chain.mustSend(person, oracle, 'reveal', [feed, 1n, prices[index], saltOf(person, 1n)]);
    }
    chain.mineTo(revealEnd);
    chain.mustSend(people[0] as Hex, oracle, 'finalize', [feed, 1n]);
    const address = chain.read<Hex>(registry, 'proxyOf', [feed]);
    const proxy = { address, abi: readArtifact('AggregatorV3Proxy').abi };
    expect(chain.read<readonly bigint[]>(proxy, 'latestRoundData')[1]).toBe(6_000_200n);
    expect(chain.read<readonly unknown[]>(proxy, 'status')[0]).toBe(1);
  });

  it.each(devnet.feeds)('lists $name as configured', ({ name, configuration }) => {
    const chain = start('devnet');
    const feed = feedIdOfName(name);
    expect(chain.read(oracle, 'configuration', [feed])).toEqual(configuration);
    const facts = chain.read<readonly unknown[]>(registry, 'feedOf', [feed]);
    expect(facts.slice(7)).toEqual([true, name]);
  });
});

describe('code that belongs to the network', () => {
  it.each([
    ['oracle-registry', 'aggregator-proxy'],
    ['pair-factory', 'amm-pair'],
  ])('counts what %s carries inside and deploys', (carrier, carried) => {
    const read = (name: string) => readFileSync(new URL(`${name}.wasm`, genesisDirectory));
    expect(read(carrier).includes(read(carried))).toBe(true);
    const codeHash = toHex(nobleCrypto.keccak256(read(carried)));
    for (const network of ['devnet', 'mainnet', 'consortium']) {
      const file = readFileSync(new URL(`${network}.json`, genesisDirectory), 'utf8');
      const { deployedCode } = JSON.parse(file) as { readonly deployedCode: readonly string[] };
      expect(deployedCode, network).toContain(`0x${codeHash}`);
    }
  });
});

describe('the main network', () => {
  it('starts with feeds, without reporters and without money', () => {
    const chain = start('mainnet');
    expect(chain.read(registry, 'feedCount')).toBe(BigInt(mainnet.feeds.length));
    expect(chain.read(stakes, 'totalStaked')).toBe(0n);
    for (const { name, configuration } of mainnet.feeds) {
      const feed = feedIdOfName(name);
      expect(chain.read(oracle, 'seatsOf', [feed, 1n])).toEqual([]);
      expect(chain.read(oracle, 'configuration', [feed])).toEqual(configuration);
      expect(() => chain.read(oracle, 'getPriceNoOlderThan', [feed, 1n])).toThrow('NoData()');
    }
  });
});
