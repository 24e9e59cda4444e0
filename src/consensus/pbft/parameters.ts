/** The parameters of a PBFT consortium in a genesis file: who belongs to it, and how patient it is. */

import { equalBytes, fromHex } from '../../primitives/bytes.ts';
import { parseAddress } from '../../primitives/keys.ts';
import { limits } from '../../primitives/limits.ts';
import type { Member } from '../../primitives/seal.ts';

export interface PbftParameters {
  /** Those of block 1, in the order in which they become primary. */
  readonly members: readonly Member[];
  /** A block comes this long after its parent even when it is empty; 0: only with transactions. */
  readonly emptyBlockMs: number;
  /** How long a height may take in a new view before its primary is given up. */
  readonly viewTimeoutMs: number;
  /** The patience doubles with each view that fails, up to this. */
  readonly viewTimeoutMsMax: number;
  /** A proposal may be dated this far ahead of a member's clock. */
  readonly clockToleranceMs: number;
}

const defaults = {
  emptyBlockMs: 1_000,
  viewTimeoutMs: 2_000,
  viewTimeoutMsMax: 16_000,
  clockToleranceMs: 5_000,
};
type Milliseconds = keyof typeof defaults;

function fail(key: string, remedy: string): never {
  throw new Error(`genesis.consensus.parameters.${key} ${remedy}`);
}

function milliseconds(json: Record<string, unknown>, key: Milliseconds, min: number): number {
  const value = json[key] ?? defaults[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    fail(key, `is ${String(value)}: whole milliseconds are needed`);
  }
  if (value < min || value > limits.consortiumWaitMsMax) {
    fail(key, `is ${value}: ${min} to ${limits.consortiumWaitMsMax} milliseconds are possible`);
  }
  return value;
}

function parseMember(json: unknown, index: number): Member {
  const { key, address, ...rest } = (json ?? {}) as Record<string, unknown>;
  const path = `members[${index}]`;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) fail(`${path}.${unknown}`, 'is unknown: remove it');
  if (typeof key !== 'string' || !/^0x[0-9a-fA-F]{64}$/.test(key)) {
    fail(`${path}.key`, `is ${String(key)}: 0x and 64 digits of an Ed25519 public key are needed`);
  }
  try {
    return { key: fromHex(key), address: parseAddress(String(address)) };
  } catch (error) {
    fail(`${path}.address`, (error as Error).message);
  }
}

function parseMembers(json: unknown): readonly Member[] {
  if (!Array.isArray(json) || json.length < 1 || json.length > limits.consortiumMembersMax) {
    fail('members', `must be a list of 1 to ${limits.consortiumMembersMax} members`);
  }
  const members = json.map(parseMember);
  members.forEach(({ key }, index) => {
    const first = members.findIndex((other) => equalBytes(other.key, key));
    // One key with two votes would count twice in every quorum.
    if (first !== index) fail(`members[${index}].key`, `is that of members[${first}] too`);
  });
  return members;
}

/**
 * Reads `genesis.consensus.parameters`.
 * @throws Error naming the key that is wrong and what it needs.
 */
export function parseParameters(json: unknown): PbftParameters {
  if (typeof json !== 'object' || json === null) fail('members', 'are missing');
  const object = json as Record<string, unknown>;
  for (const name of Object.keys(object)) {
    if (name !== 'members' && !(name in defaults)) fail(name, 'is unknown: remove it');
  }
  const members = parseMembers(object.members);
  const viewTimeoutMs = milliseconds(object, 'viewTimeoutMs', 50);
  return {
    members,
    emptyBlockMs: milliseconds(object, 'emptyBlockMs', 0),
    viewTimeoutMs,
    viewTimeoutMsMax: milliseconds(object, 'viewTimeoutMsMax', viewTimeoutMs),
    clockToleranceMs: milliseconds(object, 'clockToleranceMs', 1_000),
  };
}
