/** Signing for anyone who asks: the public test accounts of development networks, and only there. */

import type { DevelopmentAccounts } from '../api/backend.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { checksumAddress, signTransaction } from '../primitives/keys.ts';
import { testAccounts } from './accounts.ts';

/** `eth_accounts` and `eth_sendTransaction` of a development network. */
export function developmentAccounts(crypto: Crypto): DevelopmentAccounts {
  const accounts = testAccounts();
  const keys = new Map(accounts.map((account) => [toHex(account.address), account.privateKey]));
  return {
    addresses: accounts.map(({ address }) => address),
    sign: async (address, fields) => {
      const key = keys.get(toHex(address));
      if (key === undefined) {
        throw new Error(
          `${checksumAddress(address)} is no test account: sign it yourself and use eth_sendRawTransaction`,
        );
      }
      return signTransaction(fields, key, crypto);
    },
  };
}
