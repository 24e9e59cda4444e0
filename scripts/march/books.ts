/** Whether a chain of its own holds exactly the acorns that its rules made and did not burn. */

import { demonstrationAccounts, testAccounts } from '../../src/node/accounts.ts';
import { checksumAddress } from '../../src/primitives/keys.ts';
import type { NodeProcess } from '../../test/support/process.ts';
import { contractAddresses } from '../build-genesis.ts';
import { devnet } from '../genesis-networks.ts';

const subsidy = 8n * 10n ** 18n;
const beneficiary = '0x00000000000000000000000000000000000000aa';
const burned = '0x000000000000000000000000000000000000dead';

async function balance(node: NodeProcess, address: string): Promise<bigint> {
  return BigInt(await node.rpc<string>('eth_getBalance', address, 'latest'));
}

/** All acorns there are, and all there should be: allocations + subsidies - burned base fees. */
export async function books(
  node: NodeProcess,
): Promise<{ readonly held: bigint; readonly expected: bigint }> {
  const accounts = [...testAccounts(), ...demonstrationAccounts()];
  const known = [
    ...accounts.map(({ address }) => checksumAddress(address)),
    ...Object.values(contractAddresses),
    burned,
    beneficiary,
  ];
  let held = 0n;
  for (const address of known) held += await balance(node, address);
  const { number } = await node.head();
  const stakes = devnet.reporters.reduce((sum, { stake }) => sum + stake, 0n);
  let expected = devnet.allocations.reduce((sum, allocation) => sum + allocation.balance, stakes);
  for (let height = 1; height <= number; height++) {
    const block = (await node.block(height)) as unknown as Record<string, string>;
    expected += subsidy - BigInt(block.gasUsed as string) * BigInt(block.baseFeePerGas as string);
  }
  return { held, expected };
}
