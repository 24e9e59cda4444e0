/** The networks as viem's `Chain` objects, with Multicall3 where every client looks for it. */

import { type Chain, defineChain } from 'viem';

const nativeCurrency = { name: 'Oak', symbol: 'OAK', decimals: 18 };
const rpcUrls = { default: { http: ['http://127.0.0.1:8545'] } };
const contracts = {
  multicall3: { address: '0xcA11bde05977b3631167028862bE2a173976CA11', blockCreated: 0 },
} as const;

/** The development network of `dodona start`. */
export const dodonaDevnet: Chain = defineChain({
  id: 1337,
  name: 'Dodona devnet',
  nativeCurrency,
  rpcUrls,
  contracts,
  testnet: true,
});

export const dodona: Chain = defineChain({
  id: 36_630,
  name: 'Dodona',
  nativeCurrency,
  rpcUrls,
  contracts,
});
