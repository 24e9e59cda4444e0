/** The node's libp2p key: Ed25519 in libp2p's protobuf form, in one file that only the owner reads. */

import { readFile, writeFile } from 'node:fs/promises';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id';
import type { PeerId } from './types.ts';

/** The key file holds something else than an Ed25519 key. */
export class IdentityError extends Error {
  readonly code = 'identity-invalid';
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'IdentityError';
  }
}

function decodeKey(
  bytes: Uint8Array,
  file: string,
): ReturnType<typeof privateKeyFromProtobuf> & { type: 'Ed25519' } {
  let reason: unknown;
  try {
    const key = privateKeyFromProtobuf(bytes);
    if (key.type === 'Ed25519') return key;
    reason = new Error(`key type is ${key.type}`);
  } catch (error) {
    reason = error;
  }
  throw new IdentityError(
    `${file} holds no Ed25519 private key: restore it, or remove it to get a new identity`,
    reason,
  );
}

/**
 * Reads the key in `file`, or makes one and writes it with mode 0600.
 * @returns protobuf bytes for `createNetwork`
 * @throws IdentityError when the file holds something else
 */
export async function loadOrCreateIdentity(file: string): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(await readFile(file));
    decodeKey(bytes, file);
    return bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return createIdentity(file);
}

/**
 * Makes a key and writes it with mode 0600.
 * @throws with code EEXIST when there is one
 */
export async function createIdentity(file: string): Promise<Uint8Array> {
  const bytes = privateKeyToProtobuf(await generateKeyPair('Ed25519'));
  // `wx`: two processes that start at once must not end with different keys.
  await writeFile(file, bytes, { mode: 0o600, flag: 'wx' });
  return bytes;
}

/** The peer id that belongs to a private key in protobuf form. */
export function peerIdOfIdentity(privateKey: Uint8Array): PeerId {
  return peerIdFromPrivateKey(decodeKey(privateKey, 'the given identity')).toString();
}

/** The Ed25519 public key, 32 bytes, that a peer id is made of. @throws Error when it names none */
export function publicKeyOfPeer(id: PeerId): Uint8Array {
  const { publicKey } = peerIdFromString(id);
  if (publicKey?.type !== 'Ed25519') throw new Error(`${id} is not made of an Ed25519 key`);
  return publicKey.raw;
}

/** The raw halves of a key in protobuf form, for signatures that are not libp2p's. */
export interface RawIdentity {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** What the private key is made of, 32 bytes. */
  readonly seed: Uint8Array;
}

/** @throws IdentityError when the bytes hold something else than an Ed25519 key */
export function rawIdentity(privateKey: Uint8Array): RawIdentity {
  const key = decodeKey(privateKey, 'the given identity');
  return { publicKey: key.publicKey.raw, seed: key.raw.subarray(0, 32) };
}
