/**
 * Accounts of development networks: the public test mnemonic that every tool knows, derived by
 * BIP-39 and BIP-32 along m/44'/60'/0'/0/i. Anybody can spend from them.
 */

import { createHmac, pbkdf2Sync } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bigintFromBytes, bigintToBytes, concat, utf8 } from '../primitives/bytes.ts';
import { addressOfPrivateKey } from '../primitives/keys.ts';
import { secp256k1Order } from '../primitives/transaction.ts';

export interface Account {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** Known to Hardhat, Anvil and everybody else: never use it for anything of value. */
const testMnemonic = 'test test test test test test test test test test test junk';

const testAccountCount = 10;
const demonstrationAccountCount = 5;

const hardened = 0x80000000;
const ethereumPath = [44 + hardened, 60 + hardened, hardened, 0];

interface ExtendedKey {
  readonly privateKey: Uint8Array;
  readonly chainCode: Uint8Array;
}

function extendedKey(hmacKey: Uint8Array, data: Uint8Array, parent: bigint): ExtendedKey {
  const digest = createHmac('sha512', hmacKey).update(data).digest();
  const tweak = bigintFromBytes(digest.subarray(0, 32));
  const sum = (tweak + parent) % secp256k1Order;
  // BIP-32 skips such an index; it happens once in 2^127.
  if (tweak >= secp256k1Order || sum === 0n)
    throw new Error('this index of the mnemonic has no key');
  return { privateKey: bigintToBytes(sum, 32), chainCode: new Uint8Array(digest.subarray(32)) };
}

/** BIP-32's CKDpriv. */
function childOf({ privateKey, chainCode }: ExtendedKey, index: number): ExtendedKey {
  const material =
    index >= hardened
      ? concat(Uint8Array.of(0), privateKey)
      : secp256k1.getPublicKey(privateKey, true);
  const data = concat(material, bigintToBytes(BigInt(index), 4));
  return extendedKey(chainCode, data, bigintFromBytes(privateKey));
}

/** At least one account, so that the first needs no check. */
export type Accounts = readonly [Account, ...Account[]];

/** `count` Ethereum accounts of a mnemonic from index `first` on. Its words are not checked. */
export function accountsOfMnemonic(mnemonic: string, first: number, count: number): Accounts {
  const seed = pbkdf2Sync(mnemonic.normalize('NFKD'), 'mnemonic', 2_048, 64, 'sha512');
  const root = extendedKey(utf8('Bitcoin seed'), seed, 0n);
  const branch = ethereumPath.reduce(childOf, root);
  const account = (index: number): Account => {
    const { privateKey } = childOf(branch, index);
    return { address: addressOfPrivateKey(privateKey), privateKey };
  };
  const others = Array.from({ length: count - 1 }, (_, index) => account(first + index + 1));
  return [account(first), ...others];
}

/** Accounts 0-9, funded on development networks. */
export function testAccounts(): Accounts {
  return accountsOfMnemonic(testMnemonic, 0, testAccountCount);
}

/** Accounts 10-14, staked on development networks for the demonstration reporters. */
export function demonstrationAccounts(): Accounts {
  return accountsOfMnemonic(testMnemonic, testAccountCount, demonstrationAccountCount);
}
