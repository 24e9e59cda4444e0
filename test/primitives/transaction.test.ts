import { Signature as EthersSignature, Transaction as EthersTransaction, Wallet } from 'ethers';
import fc from 'fast-check';
import { parseTransaction, type Hex as ViemHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { addressOfPrivateKey, signHash, signTransaction } from '../../src/primitives/keys.ts';
import { DecodeError, encodeRlp } from '../../src/primitives/rlp.ts';
import {
  decodeTransaction,
  encodeTransaction,
  recoverSender,
  secp256k1Order,
  signingHash,
  type TransactionFields,
} from '../../src/primitives/transaction.ts';
import { anyBytes, anyPrivateKey, anyTransactionFields } from '../support/arbitrary.ts';

const hex = (bytes: Uint8Array): ViemHex => `0x${toHex(bytes)}`;

/** The same transaction as viem names it. */
function forViem(fields: TransactionFields) {
  const common = {
    chainId: Number(fields.chainId),
    nonce: Number(fields.nonce),
    gas: fields.gasLimit,
    value: fields.value,
    data: hex(fields.data),
    ...(fields.to === undefined ? {} : { to: hex(fields.to) }),
  };
  const accessList = fields.accessList.map(({ address, storageKeys }) => ({
    address: hex(address),
    storageKeys: storageKeys.map(hex),
  }));
  if (fields.type === 0)
    return { ...common, type: 'legacy' as const, gasPrice: fields.maxFeePerGas };
  if (fields.type === 1)
    return { ...common, type: 'eip2930' as const, gasPrice: fields.maxFeePerGas, accessList };
  return {
    ...common,
    type: 'eip1559' as const,
    maxFeePerGas: fields.maxFeePerGas,
    maxPriorityFeePerGas: fields.maxPriorityFeePerGas,
    accessList,
  };
}

/** The same transaction as ethers names it. */
function forEthers(fields: TransactionFields): EthersTransaction {
  const fees =
    fields.type === 2
      ? {
          maxFeePerGas: fields.maxFeePerGas,
          maxPriorityFeePerGas: fields.maxPriorityFeePerGas,
        }
      : { gasPrice: fields.maxFeePerGas };
  return EthersTransaction.from({
    type: fields.type,
    chainId: fields.chainId as bigint,
    nonce: Number(fields.nonce),
    gasLimit: fields.gasLimit,
    to: fields.to === undefined ? null : hex(fields.to),
    value: fields.value,
    data: hex(fields.data),
    ...fees,
    ...(fields.type === 0
      ? {}
      : {
          accessList: fields.accessList.map(({ address, storageKeys }) => ({
            address: hex(address),
            storageKeys: storageKeys.map(hex),
          })),
        }),
  });
}

const signed = fc.tuple(anyTransactionFields, anyPrivateKey);

describe('transactions of types 0, 1 and 2', () => {
  it('have the bytes, the hash and the signature that viem gives them', async () => {
    await fc.assert(
      fc.asyncProperty(signed, async ([fields, key]) => {
        const account = privateKeyToAccount(hex(key));
        const theirs = await account.signTransaction(forViem(fields) as never);
        expect(hex(signTransaction(fields, key, crypto))).toBe(theirs);
        expect(hex(addressOfPrivateKey(key))).toBe(account.address.toLowerCase());
      }),
      { numRuns: 150 },
    );
  });

  it('have the bytes and the signing hash that ethers gives them', () => {
    fc.assert(
      fc.property(signed, ([fields, key]) => {
        const theirs = forEthers(fields);
        expect(hex(signingHash(fields, crypto))).toBe(theirs.unsignedHash);
        const signature = signHash(signingHash(fields, crypto), key);
        theirs.signature = EthersSignature.from({
          r: `0x${signature.r.toString(16).padStart(64, '0')}`,
          s: `0x${signature.s.toString(16).padStart(64, '0')}`,
          yParity: signature.yParity,
        });
        const raw = encodeTransaction(fields, signature);
        expect(hex(raw)).toBe(theirs.serialized);
        expect(hex(decodeTransaction(raw, crypto).hash)).toBe(theirs.hash);
        expect(theirs.from?.toLowerCase()).toBe(hex(addressOfPrivateKey(key)));
      }),
      { numRuns: 150 },
    );
  });

  it('decode to what was signed, with its sender', () => {
    fc.assert(
      fc.property(signed, ([fields, key]) => {
        const raw = signTransaction(fields, key, crypto);
        const decoded = recoverSender(decodeTransaction(raw, crypto), crypto);
        expect(decoded).toMatchObject(fields);
        expect(decoded.sender).toEqual(addressOfPrivateKey(key));
        expect(encodeTransaction(decoded, decoded)).toEqual(raw);
      }),
    );
  });

  it('are read from the bytes of an ethers wallet', async () => {
    const wallet = new Wallet(hex(fromHex('01'.repeat(32))));
    const raw = fromHex(await wallet.signTransaction({ type: 2, chainId: 7, to: wallet.address }));
    const decoded = recoverSender(decodeTransaction(raw, crypto), crypto);
    expect(hex(decoded.sender)).toBe(wallet.address.toLowerCase());
    expect(parseTransaction(hex(raw)).chainId).toBe(Number(decoded.chainId));
  });
});

describe('decoding', () => {
  const key = fromHex('02'.repeat(32));
  const fields: TransactionFields = {
    type: 0,
    chainId: 1n,
    nonce: 0n,
    gasLimit: 21_000n,
    maxFeePerGas: 1n,
    maxPriorityFeePerGas: 1n,
    to: undefined,
    value: 0n,
    data: new Uint8Array(0),
    accessList: [],
  };
  const signature = signHash(signingHash(fields, crypto), key);

  it.each([
    ['03', 'EIP-4844'],
    ['04', 'EIP-7702'],
    ['05', 'type 5 is unknown'],
    ['7f', 'type 127 is unknown'],
    ['80', 'type 128 is unknown'],
    ['', 'is empty'],
    ['02', 'RLP item is missing'],
    ['02c0', 'has 0 items, 12 are needed'],
    ['01c0', 'has 0 items, 11 are needed'],
    ['c0', 'has 0 items, 9 are needed'],
  ])('of %s says %s', (raw, message) => {
    expect(() => decodeTransaction(fromHex(raw), crypto)).toThrow(message);
  });

  it('refuses the second signature that every signature has (EIP-2)', () => {
    const other = {
      yParity: (1 - signature.yParity) as 0 | 1,
      r: signature.r,
      s: secp256k1Order - signature.s,
    };
    expect(() => decodeTransaction(encodeTransaction(fields, other), crypto)).toThrow('EIP-2');
  });

  it.each([
    [{ r: 0n }, 'r is out of range'],
    [{ r: secp256k1Order }, 'r is out of range'],
    [{ s: 0n }, 's is zero'],
    [{ s: secp256k1Order / 2n + 1n }, 'upper half'],
  ])('refuses the signature %#', (part, message) => {
    const raw = encodeTransaction(fields, { ...signature, ...part });
    expect(() => decodeTransaction(raw, crypto)).toThrow(message);
  });

  it('refuses a point that no key has', () => {
    // x = 5 is on no point of secp256k1: 5^3 + 7 = 132 is no square.
    const raw = encodeTransaction(fields, { yParity: 0, r: 5n, s: 1n });
    expect(() => recoverSender(decodeTransaction(raw, crypto), crypto)).toThrow(DecodeError);
  });

  it.each([0n, 1n, 26n, 29n, 34n])('refuses a legacy v of %i', (v) => {
    const items = [0n, 1n, 21_000n, 0n, 0n, 0n, v, signature.r, signature.s];
    const raw = encodeRlp(items.map((item) => fromHex(item === 0n ? '' : evenHex(item))));
    expect(() => decodeTransaction(raw, crypto)).toThrow(`v ${v} is not valid`);
  });

  it('throws nothing but DecodeError, whatever the bytes', () => {
    const raw = signTransaction(fields, key, crypto);
    const mutation = fc.tuple(fc.nat({ max: raw.length - 1 }), fc.nat({ max: 255 }));
    const foreign = fc.oneof(
      anyBytes,
      anyBytes.map((bytes) => new Uint8Array([2, ...encodeRlp([bytes, [bytes]])])),
      fc.array(mutation, { maxLength: 3 }).map((mutations) => {
        const mutated = raw.slice();
        for (const [position, byte] of mutations) mutated[position] = byte;
        return mutated;
      }),
    );
    fc.assert(
      fc.property(foreign, (bytes) => {
        try {
          recoverSender(decodeTransaction(bytes, crypto), crypto);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

function evenHex(value: bigint): string {
  const digits = value.toString(16);
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}
