import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decryptKeystoreJsonSync, encryptKeystoreJsonSync, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decryptKey,
  encryptKey,
  findKeystore,
  listKeystores,
  openKeystore,
  writeKeystore,
} from '../../src/node/keystore.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { addressOfPrivateKey } from '../../src/primitives/keys.ts';

/** Web3 Secret Storage Definition, test vectors: password `testpassword`. */
const published = {
  pbkdf2: {
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
      ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
      kdf: 'pbkdf2',
      kdfparams: {
        c: 262_144,
        dklen: 32,
        prf: 'hmac-sha256',
        salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
      },
      mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
    },
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    version: 3,
  },
  scrypt: {
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
      ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
      kdf: 'scrypt',
      kdfparams: {
        dklen: 32,
        n: 262_144,
        r: 1,
        p: 8,
        salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
      },
      mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
    },
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    version: 3,
  },
};
const secret = '7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';

const cheap = { n: 1_024, r: 8, p: 1 };
const privateKey = fromHex('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
const address = addressOfPrivateKey(privateKey);

describe('Web3 Secret Storage', () => {
  it.each(['pbkdf2', 'scrypt'] as const)('opens the published %s file', async (kdf) => {
    expect(toHex(await decryptKey(published[kdf], 'testpassword'))).toBe(secret);
  });

  it('refuses a wrong password, by name', async () => {
    const file = await encryptKey(privateKey, 'password', cheap);
    await expect(decryptKey(file, 'Password')).rejects.toMatchObject({ code: 'wrong-password' });
  });

  it.each(['password', '', 'pässwörd ✓', 'ﬀ'])(
    'is read by ethers with password "%s"',
    async (password) => {
      const file = await encryptKey(privateKey, password, cheap);
      const account = decryptKeystoreJsonSync(JSON.stringify(file), password);
      expect(account.privateKey).toBe(`0x${toHex(privateKey)}`);
      expect(account.address).toBe(new Wallet(account.privateKey).address);
    },
  );

  it.each(['password', '', 'pässwörd ✓', 'ﬀ'])(
    'reads what ethers wrote with "%s"',
    async (password) => {
      const wallet = new Wallet(`0x${toHex(privateKey)}`);
      const { n: N, r, p } = cheap;
      const json = encryptKeystoreJsonSync(wallet, password, { scrypt: { N, r, p } });
      expect(await decryptKey(JSON.parse(json), password)).toEqual(privateKey);
    },
  );

  it('writes two files of one key differently', async () => {
    const one = await encryptKey(privateKey, 'x', cheap);
    const other = await encryptKey(privateKey, 'x', cheap);
    expect(one.crypto.ciphertext).not.toBe(other.crypto.ciphertext);
    expect(one.id).not.toBe(other.id);
  });

  const { crypto } = published.scrypt;
  const changed = (change: object) => ({ ...published.scrypt, crypto: { ...crypto, ...change } });
  const parameters = (change: object) => changed({ kdfparams: { ...crypto.kdfparams, ...change } });
  it.each<[unknown, string]>([
    [null, 'no JSON object'],
    [{ version: 1 }, 'version 1 is not supported'],
    [{ version: 3 }, 'crypto is missing'],
    [changed({ cipher: 'aes-256-gcm' }), 'cipher aes-256-gcm is not supported'],
    [changed({ ciphertext: 'zz' }), 'ciphertext is no hexadecimal'],
    [changed({ ciphertext: '00' }), 'ciphertext has 1 bytes, 32 are needed'],
    [changed({ kdf: 'argon2' }), 'kdf argon2'],
    [changed({ mac: crypto.mac.slice(2) }), 'mac has 31 bytes'],
    [changed({ kdfparams: null }), 'kdfparams is missing'],
    [parameters({ dklen: 64 }), 'dklen is 64'],
    [parameters({ n: 2 ** 40 }), 'n is 1099511627776'],
    [parameters({ n: 1_000 }), 'a power of two is needed'],
    [parameters({ p: 100_000 }), 'p is 100000'],
    [parameters({ r: 0 }), 'r is 0'],
  ])('refuses the malformed file %#', async (file, message) => {
    const opening = decryptKey(file, 'testpassword');
    await expect(opening).rejects.toMatchObject({ code: 'keystore-invalid' });
    await expect(decryptKey(file, 'testpassword')).rejects.toThrow(message);
  });
});

describe('key folder', () => {
  let directory: string;
  beforeAll(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'dodona-keys-')), 'keys');
  });
  afterAll(() => rm(join(directory, '..'), { recursive: true }));

  it('keeps a key for its owner alone, under the name that geth gives it', async () => {
    expect(await listKeystores(directory)).toEqual([]);
    const file = await encryptKey(privateKey, 'secret', cheap);
    const path = await writeKeystore(directory, file, new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)));
    expect(await readdir(directory)).toEqual([
      'UTC--2026-01-02T03-04-05.006000000Z--f39fd6e51aad88f6f4ce6ab8827279cfffb92266',
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await listKeystores(directory)).toEqual([{ address, path }]);
    expect(await openKeystore(directory, address, 'secret')).toEqual(privateKey);
    expect(await readFile(path, 'utf8')).not.toContain(toHex(privateKey));
  });

  it('does not take an account twice', async () => {
    const file = await encryptKey(privateKey, 'other', cheap);
    await expect(writeKeystore(directory, file, new Date())).rejects.toThrow('already there');
  });

  it('says what is wrong: no key, no password, no JSON, not the key', async () => {
    const stranger = new Uint8Array(20);
    await expect(openKeystore(directory, stranger, 'x')).rejects.toMatchObject({
      code: 'keystore-missing',
    });
    await expect(openKeystore(directory, address, 'x')).rejects.toThrow('wrong password');
    await writeFile(join(directory, `UTC--now--${'00'.repeat(20)}`), 'no json');
    await expect(openKeystore(directory, stranger, 'x')).rejects.toThrow('is no JSON');
    const file = await encryptKey(privateKey, 'x', cheap);
    const found = await findKeystore(directory, stranger);
    await writeFile(found?.path as string, JSON.stringify(file));
    await expect(openKeystore(directory, stranger, 'x')).rejects.toThrow('another account');
  });
});
