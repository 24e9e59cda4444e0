import fc from 'fast-check';
import { getAddress } from 'viem';
import { sign } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { bigintToBytes, concat, fromHex, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import {
  addressOfPrivateKey,
  checksumAddress,
  parseAddress,
  signHash,
} from '../../src/primitives/keys.ts';
import { addressOfPublicKey, secp256k1Order } from '../../src/primitives/transaction.ts';
import { anyPrivateKey, bytesOf } from '../support/arbitrary.ts';

/** EIP-55, test cases. */
const checksums = [
  '0x52908400098527886E0F7030069857D2E4169EE7',
  '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
  '0xde709f2102306220921060314715629080e2fb77',
  '0x27b1fdb04752bbc536007a920d24acb045561c26',
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
  '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
];

describe('addresses', () => {
  it.each(checksums)('%s has its capitals', (text) => {
    expect(checksumAddress(fromHex(text))).toBe(text);
    expect(toHex(parseAddress(text))).toBe(text.slice(2).toLowerCase());
  });

  it('have the capitals that viem gives them, and read back in any form', () => {
    fc.assert(
      fc.property(bytesOf(20), (address) => {
        const text = checksumAddress(address);
        expect(text).toBe(getAddress(`0x${toHex(address)}`));
        expect(parseAddress(text)).toEqual(address);
        expect(parseAddress(`0x${toHex(address)}`)).toEqual(address);
        expect(parseAddress(`0x${toHex(address).toUpperCase()}`)).toEqual(address);
      }),
    );
  });

  it('with one capital changed are refused', () => {
    expect(() => parseAddress('0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed')).toThrow('EIP-55');
  });

  it.each(['', '0x', '5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', `0x${'0'.repeat(41)}`, 'vitalik'])(
    'refuse "%s" with a remedy',
    (text) => {
      expect(() => parseAddress(text)).toThrow('40 hexadecimal digits are needed');
    },
  );
});

describe('signatures', () => {
  it('are deterministic (RFC 6979) with low s, as viem makes them', async () => {
    await fc.assert(
      fc.asyncProperty(bytesOf(32), anyPrivateKey, async (hash, key) => {
        const ours = signHash(hash, key);
        const theirs = await sign({ hash: `0x${toHex(hash)}`, privateKey: `0x${toHex(key)}` });
        expect(toHex(bigintToBytes(ours.r, 32))).toBe(theirs.r.slice(2));
        expect(toHex(bigintToBytes(ours.s, 32))).toBe(theirs.s.slice(2));
        expect(ours.yParity).toBe(theirs.yParity);
        expect(ours.s <= secp256k1Order / 2n).toBe(true);
        expect(signHash(hash, key)).toEqual(ours);
      }),
      { numRuns: 50 },
    );
  });

  it('give back the key that made them', () => {
    fc.assert(
      fc.property(bytesOf(32), anyPrivateKey, (hash, key) => {
        const { r, s, yParity } = signHash(hash, key);
        const bytes = concat(bigintToBytes(r, 32), bigintToBytes(s, 32));
        const publicKey = crypto.recover(hash, bytes, yParity);
        expect(addressOfPublicKey(publicKey as Uint8Array, crypto)).toEqual(
          addressOfPrivateKey(key),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('of the published RFC 6979 secp256k1 example', () => {
    // Key 1, SHA-256 of "Satoshi Nakamoto": the vector that Bitcoin wallets share.
    const { r, s } = signHash(crypto.sha256(utf8('Satoshi Nakamoto')), bigintToBytes(1n, 32));
    expect(r.toString(16)).toBe('934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8');
    expect(s.toString(16)).toBe('2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5');
  });

  it('need a key between 1 and the order', () => {
    expect(() => addressOfPrivateKey(new Uint8Array(32))).toThrow();
    expect(() => addressOfPrivateKey(bigintToBytes(secp256k1Order, 32))).toThrow();
    expect(toHex(addressOfPrivateKey(bigintToBytes(1n, 32)))).toBe(
      '7e5f4552091a69125d5dfcb7b8c2659029395bdf',
    );
  });
});

describe('hashes', () => {
  it('are the published ones of "abc" and of nothing', () => {
    const abc = utf8('abc');
    const none = new Uint8Array(0);
    // FIPS 180-4, the Keccak team's 256-bit vectors, and the RIPEMD-160 page.
    expect(toHex(crypto.sha256(abc))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(toHex(crypto.keccak256(none))).toBe(
      'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    );
    expect(toHex(crypto.keccak256(abc))).toBe(
      '4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45',
    );
    expect(toHex(crypto.ripemd160(abc))).toBe('8eb208f7e05d987a9b044a8e98c6b087f15a0bfc');
    expect(crypto.sha256d(abc)).toEqual(crypto.sha256(crypto.sha256(abc)));
  });
});
