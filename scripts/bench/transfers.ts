/** A network with blocks on demand and signed transfers on it, the same for every node under test. */

import { mnemonicToAccount } from 'viem/accounts';
import { utf8 } from '../../src/primitives/bytes.ts';
import type { Crypto } from '../../src/primitives/crypto.ts';
import { signTransaction } from '../../src/primitives/keys.ts';
import { fastDevnet } from '../../test/support/network-files.ts';
import type { NetworkDescription } from '../genesis-networks.ts';

/** Every development node funds the first ten accounts of it. */
const testMnemonic = 'test test test test test test test test test test test junk';
export const senderCount = 10;

/** The devnet with a block 50 ms after a transaction, and at once while more are waiting. */
export function benchNetwork(name: string): NetworkDescription {
  return fastDevnet({ intervalMs: 2_000, transactionMs: 50 }, { name });
}

function testKey(index: number): Uint8Array {
  const key = mnemonicToAccount(testMnemonic, { addressIndex: index }).getHdKey().privateKey;
  if (key === null) throw new Error('the account has no private key');
  return key;
}

/**
 * Raw transfers of 1 to fresh accounts, the senders in turn: `count` of them, with nonces from
 * `firstNonce` on.
 */
export function signTransfers(
  network: NetworkDescription,
  { firstNonce, count }: { readonly firstNonce: number; readonly count: number },
  crypto: Crypto,
): Uint8Array[] {
  const senders = Array.from({ length: senderCount }, (_, index) => testKey(index));
  return Array.from({ length: count }, (_, index) => {
    const nonce = BigInt(firstNonce + Math.floor(index / senderCount));
    return signTransaction(
      {
        type: 2,
        chainId: BigInt(network.chainId),
        nonce,
        gasLimit: 21_000n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 10n ** 9n,
        to: crypto.sha256(utf8(`account ${firstNonce} ${index}`)).slice(0, 20),
        value: 1n,
        data: new Uint8Array(0),
        accessList: [],
      },
      senders[index % senderCount] as Uint8Array,
      crypto,
    );
  });
}
