/** Senders are recovered once a node, whatever way and however often a transaction comes. */

import { describe, expect, it } from 'vitest';
import { pack, unpack } from '../../src/node/packed.ts';
import { countSigned, SenderCache } from '../../src/node/verifier.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { type Crypto, nobleCrypto } from '../../src/primitives/crypto.ts';
import { addressOfPrivateKey, signTransaction } from '../../src/primitives/keys.ts';

const privateKey = new Uint8Array(32).fill(5);
const transfer = (nonce: bigint): Uint8Array =>
  signTransaction(
    {
      type: 2,
      chainId: 1_338n,
      nonce,
      gasLimit: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
      to: new Uint8Array(20).fill(7),
      value: 1n,
      data: new Uint8Array(0),
      accessList: [],
    },
    privateKey,
    nobleCrypto,
  );

function countingCrypto(): { readonly crypto: Crypto; readonly recovered: () => number } {
  let count = 0;
  const recover: Crypto['recover'] = (...parameters) => {
    count += 1;
    return nobleCrypto.recover(...parameters);
  };
  return { crypto: { ...nobleCrypto, recover }, recovered: () => count };
}

describe('a cache of senders', () => {
  it('recovers each transaction once, and spares its neighbour the same work', () => {
    const { crypto, recovered } = countingCrypto();
    const verifier = new SenderCache(crypto);
    const batch = [transfer(0n), transfer(1n), transfer(2n)];
    const first = verifier.recoverAll(unpack(pack(batch)));
    expect(recovered()).toBe(3);
    expect(verifier.recoverAll([...batch, transfer(3n)]).senders.length).toBe(80);
    expect(recovered()).toBe(4);

    const executor = new SenderCache(crypto);
    executor.remember(first);
    for (const raw of batch) {
      expect(toHex(executor.recover(raw).sender)).toBe(toHex(addressOfPrivateKey(privateKey)));
    }
    expect(recovered()).toBe(4);
    expect(executor.known(transfer(3n))).toBeUndefined();
  });

  it('has nobody for what is malformed, and remembers nothing of it', () => {
    const cache = new SenderCache(nobleCrypto);
    const malformed = Uint8Array.of(2, 0xc0);
    const found = cache.recoverAll([malformed, transfer(0n), new Uint8Array(0)]);
    expect(countSigned(found)).toBe(1);
    cache.remember(found);
    expect(() => cache.recover(malformed)).toThrow();
    expect(cache.known(transfer(0n))?.nonce).toBe(0n);
  });
});

describe('packed lists', () => {
  it('come out as they went in', () => {
    const lists = [[], [new Uint8Array(0)], [Uint8Array.of(1), new Uint8Array(0), transfer(0n)]];
    for (const list of lists) expect(unpack(pack(list))).toEqual(list);
  });
});
