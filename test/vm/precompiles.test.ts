/**
 * Precompiled contracts at Ethereum's addresses, with vectors from go-ethereum's test data, EIP-7951
 * and FIPS 180.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { p256 } from '@noble/curves/nist.js';
import { describe, expect, it } from 'vitest';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import {
  bigintToBytes,
  concat,
  emptyBytes,
  fromHex,
  toHex,
  utf8,
} from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { addressOfPrivateKey, signHash } from '../../src/primitives/keys.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import { createVm } from '../../src/vm/vm.ts';
import { addressOf, ContractScene } from '../support/contract-scene.ts';

const prices = gasTable(1).precompiles;

function addressAt(number: number): Uint8Array {
  return bigintToBytes(BigInt(number), 20);
}

function run(number: number, input: Uint8Array, gas = 1_000_000n) {
  const outcome = new ContractScene().call(addressAt(number), input, { gas });
  return { ...outcome, used: gas - outcome.gasLeft, output: toHex(outcome.output) };
}

describe('ecrecover 0x01', () => {
  // go-ethereum, core/vm/testdata/precompiles/ecRecover.json, "ValidKey".
  const valid = fromHex(
    '18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c' +
      '000000000000000000000000000000000000000000000000000000000000001c' +
      '73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f' +
      'eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549',
  );

  it('recovers a signer', () => {
    const { output, used } = run(1, valid);
    expect(output).toBe('000000000000000000000000a94f5374fce5edbc8e2a8697c15331677e6ebf0b');
    expect(used).toBe(BigInt(prices.recover));
  });

  it('recovers what keys.ts signs, with zeros after a short input', () => {
    const key = new Uint8Array(32).fill(7);
    const hash = nobleCrypto.keccak256(utf8('message'));
    const { r, s, yParity } = signHash(hash, key);
    const input = concat(
      hash,
      bigintToBytes(27n + BigInt(yParity), 32),
      bigintToBytes(r, 32),
      bigintToBytes(s, 32),
    );
    expect(run(1, input).output).toBe('00'.repeat(12) + toHex(addressOfPrivateKey(key)));
    expect(run(1, concat(input, utf8('ignored'))).output).toBe(run(1, input).output);
    // Nearly every s belongs to some key: cut off, it is another one.
    for (const length of [100, 127]) {
      const filled = concat(input.subarray(0, length), new Uint8Array(128 - length));
      const { output } = run(1, filled);
      expect(output.length).toBe(64);
      expect(run(1, input.subarray(0, length)).output).toBe(output);
    }
  });

  it('answers nothing for a wrong v, r or s, and for no input', () => {
    const order = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
    const changed = (offset: number, bytes: Uint8Array): Uint8Array => {
      const copy = valid.slice();
      copy.set(bytes, offset);
      return copy;
    };
    const cases = [
      changed(63, Uint8Array.of(29)),
      changed(63, Uint8Array.of(0)),
      changed(32, Uint8Array.of(1)),
      changed(64, order),
      changed(64, new Uint8Array(32)),
      changed(96, order),
      changed(96, new Uint8Array(32)),
      emptyBytes,
    ];
    for (const input of cases)
      expect(run(1, input)).toMatchObject({ status: 'success', output: '' });
  });
});

describe('hashes and identity', () => {
  it('SHA-256 0x02 (FIPS 180, "abc" and empty)', () => {
    expect(run(2, utf8('abc')).output).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    const empty = run(2, emptyBytes);
    expect(empty.output).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(empty.used).toBe(BigInt(prices.sha256));
    expect(run(2, new Uint8Array(33)).used).toBe(BigInt(prices.sha256 + 2 * prices.sha256Word));
  });

  it('RIPEMD-160 0x03 ("abc"), left-padded', () => {
    const { output, used } = run(3, utf8('abc'));
    expect(output).toBe(`${'00'.repeat(12)}8eb208f7e05d987a9b044a8e98c6b087f15a0bfc`);
    expect(used).toBe(BigInt(prices.ripemd160 + prices.ripemd160Word));
  });

  it('identity 0x04', () => {
    const { output, used } = run(4, utf8('the same'));
    expect(output).toBe(toHex(utf8('the same')));
    expect(used).toBe(BigInt(prices.identity + prices.identityWord));
  });
});

describe('P-256 verification 0x100 (EIP-7951)', () => {
  const hash = 'bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023';
  const r = '2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18';
  const s = '4cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76';
  const x = '2927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838';
  const y = 'c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e';
  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
  const one = `${'00'.repeat(31)}01`;
  const input = (...parts: string[]): Uint8Array => fromHex(parts.join(''));

  it('accepts a valid signature', () => {
    const { output, used } = run(0x100, input(hash, r, s, x, y));
    expect(output).toBe(one);
    expect(used).toBe(BigInt(prices.verifyP256));
  });

  it('answers nothing, and takes the same gas, for all that is wrong', () => {
    const zero = '00'.repeat(32);
    const cases = [
      input(zero, r, s, x, y),
      input(hash, s, r, x, y),
      input(hash, zero, s, x, y),
      input(hash, r, zero, x, y),
      input(hash, order, s, x, y),
      input(hash, r, order, x, y),
      input(hash, r, s, zero, zero),
      input(hash, r, s, y, x),
      input(hash, r, s, x, y).subarray(0, 159),
      input(hash, r, s, x, y, '00'),
      emptyBytes,
    ];
    for (const each of cases) {
      expect(run(0x100, each)).toMatchObject({
        status: 'success',
        output: '',
        used: BigInt(prices.verifyP256),
      });
    }
  });
});

describe('P-256 vectors of EIP-7951', () => {
  // Project Wycheproof, ecdsa_secp256r1_sha256_p1363_test.json: "#number title", then input and answer.
  const file = fileURLToPath(new URL('p256-vectors.txt', import.meta.url));
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const vectors = lines.flatMap((title, index): [string, string][] =>
    title.startsWith('#') ? [[title, lines[index + 1] as string]] : [],
  );
  const scenes = {
    noble: createVm({ crypto: nobleCrypto }),
    native: createVm({ crypto: createNativeCrypto() }),
  };
  const answers = (input: Uint8Array): string[] =>
    Object.values(scenes).map((vm) =>
      toHex(new ContractScene(vm).mustCall(addressAt(0x100), input)),
    );
  const [good, bad] = [`${'00'.repeat(31)}01`, ''];

  it.each(vectors)('%s', (_, line) => {
    const [input, isValid] = line.split(' ') as [string, string];
    const expected = isValid === '1' ? good : bad;
    expect(answers(fromHex(input))).toEqual([expected, expected]);
  });

  it('#9 to #58: every pair of 0, 1, n - 1, n, n + 1, p, p + 1 as r and s is refused', () => {
    const [n, p] = [p256.Point.Fn.ORDER, p256.Point.Fp.ORDER];
    const [hash, key] = [
      fromHex(vectors[0]?.[1].slice(0, 64) ?? ''),
      fromHex(vectors[0]?.[1].slice(192, 320) ?? ''),
    ];
    const special = [0n, 1n, n - 1n, n, n + 1n, p, p + 1n].map((value) => bigintToBytes(value, 32));
    for (const r of special) {
      for (const s of special) expect(answers(concat(hash, r, s, key))).toEqual([bad, bad]);
    }
  });
});

describe('every precompiled contract', () => {
  it('fails below its price and undoes the transfer', () => {
    for (const [number, price] of [
      [1, prices.recover],
      [2, prices.sha256],
      [3, prices.ripemd160],
      [4, prices.identity],
      [0x100, prices.verifyP256],
    ] as const) {
      const scene = new ContractScene();
      const options = { value: 3n, gas: BigInt(price - 1) };
      expect(scene.call(addressAt(number), emptyBytes, options).status).toBe('failed');
      expect(scene.world.balance(addressAt(number))).toBe(0n);
      scene.mustCall(addressAt(number), emptyBytes, { ...options, gas: BigInt(price) });
      expect(scene.world.balance(addressAt(number))).toBe(3n);
    }
  });

  it('stands at its own address only', () => {
    for (const address of [addressAt(0), addressAt(5), addressAt(0x101), addressOf(1)]) {
      const outcome = new ContractScene().call(address, utf8('echo'));
      expect(outcome).toMatchObject({
        status: 'success',
        output: emptyBytes,
        gasLeft: 10_000_000n,
      });
    }
  });
});
