/**
 * A report of signed observations as its signers hand it over: JSON with the digest of the configuration
 * they signed under, epochAndRound, the encoded report and their signatures. Who sends it does not matter.
 */

import type { Feed } from './client.ts';
import { calldata } from './contracts.ts';
import { signedAbi } from './feed-abi.ts';
import type { Outgoing } from './wallet.ts';

export interface SignedReport {
  readonly digest: `0x${string}`;
  readonly epochAndRound: number;
  readonly report: `0x${string}`;
  readonly signatures: readonly `0x${string}`[];
}

/** A feed has at most 31 signers. */
const signaturesMax = 31;
const reportSizeBytesMax = 4_096;
/** uint40. */
const epochAndRoundMax = 2 ** 40 - 1;

function hex(value: unknown, name: string, sizeMax: number, size?: number): `0x${string}` {
  const isHex = typeof value === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(value);
  const sizeBytes = isHex ? (value.length - 2) / 2 : 0;
  if (isHex && sizeBytes <= sizeMax && (size === undefined || sizeBytes === size)) {
    return value as `0x${string}`;
  }
  throw new RangeError(`${name} must be 0x and ${size ?? `at most ${sizeMax}`} bytes`);
}

/** @throws RangeError naming the member that is missing or wrong */
export function parseSignedReport(json: unknown): SignedReport {
  const { digest, epochAndRound, report, signatures } = (json ?? {}) as Record<string, unknown>;
  const epoch = Number(epochAndRound);
  if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > epochAndRoundMax) {
    throw new RangeError(`epochAndRound must be a whole number up to ${epochAndRoundMax}`);
  }
  if (!Array.isArray(signatures) || signatures.length > signaturesMax) {
    throw new RangeError(`signatures must be a list of at most ${signaturesMax}`);
  }
  return {
    digest: hex(digest, 'digest', 32, 32),
    epochAndRound: epoch,
    report: hex(report, 'report', reportSizeBytesMax),
    signatures: signatures.map((entry, index) => hex(entry, `signatures[${index}]`, 65, 65)),
  };
}

/** The transaction that carries `report` to its feed. */
export function transmission(feed: Feed, report: SignedReport): Outgoing {
  const { digest, epochAndRound, report: encoded, signatures } = report;
  const parameters = [feed.id, digest, epochAndRound, encoded, signatures];
  return { to: feed.oracle, data: calldata(signedAbi, 'transmit', parameters) };
}
