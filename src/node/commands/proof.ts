/** `dodona proof get|verify`: an oracle's answer as a file that anyone can check without a node. */

import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Feed, OracleClient, requireRounds } from '../../oracle/client.ts';
import { formatDecimal } from '../../oracle/decimal.ts';
import type { Transport } from '../../oracle/transport.ts';
import { concatAll, fromHex, reverseBytes, toHex } from '../../primitives/bytes.ts';
import { nobleCrypto } from '../../primitives/crypto.ts';
import { limits } from '../../primitives/limits.ts';
import {
  type OracleProof,
  type ProvenAnswer,
  verifyOracleProof,
} from '../../primitives/oracle-proof.ts';
import type { Handler, Invocation } from '../command-line.ts';

import { UsageError } from '../resolve-settings.ts';
import { nodeTransport } from './node-client.ts';
import { registryOf } from './oracle.ts';

const format = 'dodona-oracle-proof-1';
const pollMs = 500;

/** What the file holds: bytes as 0x hex. Name and decimals are for people, nothing proves them. */
interface ProofFile {
  readonly format: string;
  readonly name: string;
  readonly decimals: number;
  readonly trusted: string;
  readonly headers: string;
  readonly index: number;
  readonly record: string;
  readonly oracle: string;
  readonly feed: string;
  readonly word: string;
  readonly stateProof: string;
}

/** The parts of `dodona_getProof` that are used. */
interface StateAnswer {
  readonly header: { readonly id: string; readonly height: number; readonly record: string };
  readonly slots: readonly [{ readonly value: string | null; readonly proof: string }];
}

function numberOption(invocation: Invocation, name: string, fallback: number, max: number): number {
  const text = invocation.options[name];
  if (text === undefined) return fallback;
  if (typeof text === 'string' && /^[0-9]{1,9}$/.test(text) && Number(text) <= max) {
    return Number(text);
  }
  throw new UsageError(`--${name}: "${text}" is no whole number up to ${max}`);
}

async function headersOf(transport: Transport, from: number, until: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let height = from; height <= until; ) {
    const wanted = Math.min(limits.rpcHeadersMax, until - height + 1);
    const answer = (await transport.request('dodona_getHeaders', [height, wanted])) as {
      count: number;
      headers: string;
    };
    if (answer.count === 0) throw new Error(`block ${height} was reorganised away: ask again`);
    parts.push(fromHex(answer.headers));
    height += answer.count;
  }
  return concatAll(parts);
}

async function headHeight(transport: Transport): Promise<number> {
  return Number(await transport.request('eth_blockNumber', []));
}

/** Proves the newest answer, then waits until `confirmations` blocks stand on it. */
async function makeProof(
  transport: Transport,
  feed: Feed,
  from: number,
  confirmations: number,
): Promise<ProofFile> {
  requireRounds(feed);
  const parameters = [feed.oracle, [feed.id], 'latest'];
  const state = (await transport.request('dodona_getProof', parameters)) as StateAnswer;
  const { height, record } = state.header;
  const [{ value, proof }] = state.slots;
  if (value === null) {
    throw new Error(`${feed.name} has no answer yet: try again after its first round`);
  }
  if (from >= height) throw new UsageError(`--from: ${from} is not below the head, ${height}`);
  while ((await headHeight(transport)) < height + confirmations) await delay(pollMs);
  const trusted = (await transport.request('dodona_getHeader', [`0x${from.toString(16)}`])) as {
    id: string;
  };
  const headers = await headersOf(transport, from + 1, height + confirmations);
  return {
    format,
    name: feed.name,
    decimals: feed.decimals,
    trusted: trusted.id,
    headers: `0x${toHex(headers)}`,
    index: height - from - 1,
    record,
    oracle: feed.oracle,
    feed: feed.id,
    word: value,
    stateProof: proof,
  };
}

/** @throws UsageError naming the member that is missing or no hexadecimal */
function parseProof(text: string): ProofFile & { readonly proof: OracleProof } {
  let file: Record<string, unknown>;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`FILE: no JSON: ${(error as Error).message}`);
  }
  if (file?.format !== format) throw new UsageError(`FILE: its "format" is not "${format}"`);
  const bytes = (name: string): Uint8Array => {
    const value = file[name];
    if (typeof value === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(value)) return fromHex(value);
    throw new UsageError(`FILE: "${name}" is no hexadecimal with 0x`);
  };
  const proof = {
    headers: bytes('headers'),
    index: Number(file.index),
    record: bytes('record'),
    oracle: bytes('oracle'),
    feed: bytes('feed'),
    word: bytes('word'),
    stateProof: bytes('stateProof'),
  };
  return { ...(file as unknown as ProofFile), proof };
}

const runGet: Handler = async (invocation, terminal) => {
  const [name = ''] = invocation.words;
  const { out } = invocation.options;
  const from = numberOption(invocation, 'from', 0, 999_999_999);
  const confirmations = numberOption(invocation, 'confirmations', 6, 10_000);
  const transport = await nodeTransport(invocation.settings.values);
  const client = new OracleClient(transport, { registry: await registryOf(transport) });
  const file = await makeProof(transport, await client.feed(name), from, confirmations);
  const text = `${JSON.stringify(file, undefined, 2)}\n`;
  if (typeof out !== 'string') {
    terminal.write(text);
    return 0;
  }
  await writeFile(out, text);
  const count = (file.headers.length - 2) / 160;
  terminal.write(`Wrote ${out}: ${file.name} with ${count} headers, trusting ${file.trusted}\n`);
  return 0;
};

function showAnswer(file: ProofFile, answer: ProvenAnswer, trusted: string): string {
  return [
    `${file.name} ${formatDecimal(answer.value, file.decimals)}, proven`,
    `  updated        ${new Date(answer.updatedAt * 1_000).toISOString()}`,
    `  stake          ${answer.isBootstrap ? 'below' : 'above'} the feed's minimum`,
    `  state of block ${answer.height}, ${answer.confirmations} blocks above it`,
    `  trusting       ${trusted}`,
    `  work           ${answer.work} hashes, ${answer.workAbove} above the block`,
    `  oracle         ${file.oracle}`,
    `  feed           ${file.feed}`,
    '',
  ].join('\n');
}

const runVerify: Handler = async (invocation, terminal) => {
  const [path = ''] = invocation.words;
  const file = parseProof(await readFile(path, 'utf8'));
  const { trust, 'min-work': minimum = '0' } = invocation.options;
  const trusted = typeof trust === 'string' ? trust : file.trusted;
  if (!/^0x[0-9a-fA-F]{64}$/.test(trusted)) {
    throw new UsageError(`--trust: "${trusted}" is no block id: 0x and 64 hexadecimal digits`);
  }
  if (typeof minimum !== 'string' || !/^[0-9]{1,78}$/.test(minimum)) {
    throw new UsageError(`--min-work: "${minimum}" is no whole number of hashes`);
  }
  const answer = verifyOracleProof(file.proof, reverseBytes(fromHex(trusted)), nobleCrypto);
  if ('code' in answer) throw new Error(`not proven: ${answer.message}`);
  if (answer.workAbove < BigInt(minimum)) {
    const message = `${answer.workAbove} hashes stand above the block, ${minimum} are asked for`;
    throw new Error(`not proven: ${message}`);
  }
  terminal.write(showAnswer(file, answer, trusted));
  if (trust === undefined) {
    terminal.write("The trusted block is the file's own: compare it, or give --trust ID.\n");
  }
  return 0;
};

export const proofHandlers: Readonly<Record<string, Handler>> = {
  'proof get': runGet,
  'proof verify': runVerify,
};
