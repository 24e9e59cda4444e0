import { describe, expect, it } from 'vitest';
import devnet from '../../genesis/devnet.json' with { type: 'json' };
import mainnet from '../../genesis/mainnet.json' with { type: 'json' };
import addresses from '../../native/contracts/addresses.json' with { type: 'json' };
import { dodona, dodonaDevnet } from '../../src/node/viem-chains.ts';

describe("viem's chains", () => {
  it.each([
    [dodonaDevnet, devnet],
    [dodona, mainnet],
  ])('%# name the network of the genesis file and its Multicall3', (chain, genesis) => {
    expect(chain.id).toBe(genesis.chainId);
    expect(chain.contracts?.multicall3).toMatchObject({ address: addresses.Multicall3 });
    const hosted = genesis.contracts.find(({ name }) => name === 'Multicall3');
    expect(hosted?.address).toBe(addresses.Multicall3);
  });
});
