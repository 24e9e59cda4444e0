import { HDNodeWallet } from 'ethers';
import fc from 'fast-check';
import { mnemonicToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import {
  accountsOfMnemonic,
  demonstrationAccounts,
  testAccounts,
} from '../../src/node/accounts.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { checksumAddress } from '../../src/primitives/keys.ts';

const mnemonic = 'test test test test test test test test test test test junk';

describe('development accounts', () => {
  it('begin with the ones that every tool knows', () => {
    const [first, second] = testAccounts();
    expect(checksumAddress(first.address)).toBe('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
    expect(toHex(first.privateKey)).toBe(
      'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
    );
    expect(checksumAddress(second?.address as Uint8Array)).toBe(
      '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    );
  });

  it('are ten for people and five for reporters, as viem derives them', () => {
    const ours = [...testAccounts(), ...demonstrationAccounts()];
    expect(ours).toHaveLength(15);
    ours.forEach(({ address, privateKey }, addressIndex) => {
      const theirs = mnemonicToAccount(mnemonic, { addressIndex });
      expect(checksumAddress(address)).toBe(theirs.address);
      expect(privateKey).toEqual(theirs.getHdKey().privateKey);
    });
  });

  it('of another mnemonic, at any index, are those that ethers derives', () => {
    // A phrase of the BIP-39 vectors.
    const phrase = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
    fc.assert(
      fc.property(fc.nat({ max: 0x7fffffff }), (index) => {
        const theirs = HDNodeWallet.fromPhrase(phrase, '', `m/44'/60'/0'/0/${index}`);
        const [ours] = accountsOfMnemonic(phrase, index, 1);
        expect(`0x${toHex(ours.privateKey)}`).toBe(theirs.privateKey);
      }),
      { numRuns: 10 },
    );
  });
});
