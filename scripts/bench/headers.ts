/**
 * Headers against bare SHA-256d over the same bytes: once the rules alone, from raw bytes to a
 * point in the chain, and once a first sync through the real driver and protocol.
 */

import { Driver } from '../../src/consensus/driver.ts';
import type { DriverHost } from '../../src/consensus/host.ts';
import {
  acceptableFromMs,
  type ChainPoint,
  type ChainRules,
  checkOnParent,
  checkWork,
  createRules,
  extend,
  hashHeader,
} from '../../src/consensus/pow/header-rules.ts';
import type { PowParameters } from '../../src/consensus/pow/parameters.ts';
import type { Query } from '../../src/consensus/protocol.ts';
import { createHashCore, type FoundNonce } from '../../src/mining/hash-core.ts';
import { versionsOfGroup } from '../../src/mining/search-space.ts';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import type { HeaderEntry } from '../../src/primitives/block.ts';
import { equalBytes, fromHex, toHex } from '../../src/primitives/bytes.ts';
import type { Crypto } from '../../src/primitives/crypto.ts';
import {
  baseVersion,
  decodeHeader,
  encodeHeader,
  type Header,
} from '../../src/primitives/header.ts';
import { limits } from '../../src/primitives/limits.ts';
import { keys, type WriteOperation } from '../../src/primitives/store.ts';
import { exchangeCodecs } from '../../src/primitives/wire.ts';
import { targetOfBits, workOfBits } from '../../src/primitives/work.ts';
import type { SimulatedChain } from '../../src/simulation/chain.ts';
import { createLedgerChain } from '../../src/simulation/ledger-chain.ts';
import { type BenchRow, type Round, rate } from './measure.ts';

/** One window: headers run no further ahead of the bodies. */
const headerCount = limits.headerWindowBlocks;
const roundCount = 9;
const passesPerRound = 4;
/** Rounds that only let the engine compile what it will run. */
const warmUpRounds = 2;
const spacingSeconds = 15;
/** Bodies are not part of this bench: the peer says that it keeps none. */
const noBodies = 2 ** 40;

type Request = { readonly number: number; readonly query: Query };

/** On schedule to the second, so that ASERT asks for the genesis bits in every block. */
function mineHeaders(genesis: HeaderEntry, sha256d: (data: Uint8Array) => Uint8Array): Header[] {
  const core = createHashCore('auto');
  const target = targetOfBits(genesis.header.bits) as bigint;
  const headers: Header[] = [];
  let previous = fromHex(genesis.id);
  for (let height = 1; height <= headerCount; height++) {
    const template: Header = {
      version: baseVersion,
      previous,
      commitment: new Uint8Array(32).fill(height),
      time: genesis.header.time + spacingSeconds * height,
      bits: genesis.header.bits,
      nonce: 0,
    };
    core.prepare(encodeHeader(template), versionsOfGroup(baseVersion, 0), target);
    const header = { ...template, ...(core.search(0, 1_000_000) as FoundNonce) };
    previous = sha256d(encodeHeader(header));
    headers.push(header);
  }
  return headers;
}

/** A host with a store in memory and one peer, whose requests wait in `asked`. */
function createHost(
  values: Map<string, Uint8Array>,
  nowMs: number,
  asked: Request[],
): DriverHost<unknown> {
  const nothing = (): void => undefined;
  const write = (operations: readonly WriteOperation[]): void => {
    for (const { key, value } of operations) {
      if (value === undefined) values.delete(toHex(key));
      else values.set(toHex(key), value);
    }
  };
  return {
    now: () => nowMs,
    random: () => 0.5,
    write: (operations, _sync, done) => {
      write(operations);
      done();
    },
    defer: (task) => task(),
    request: (number, _peer, query) => asked.push({ number, query }),
    send: nothing,
    broadcast: nothing,
    broadcastTransactions: nothing,
    verdict: nothing,
    cancel: nothing,
    setTimer: nothing,
    clearTimer: nothing,
    seal: nothing,
    report: (_peer, code) => {
      throw new Error(`the header peer was reported: ${code}`);
    },
    alarm: nothing,
    headChanged: nothing,
  };
}

/** The peer's answer, decoded from its bytes as it would come from the network. */
function answerHeaders(
  headers: readonly Header[],
  heights: ReadonlyMap<string, number>,
  query: Extract<Query, { kind: 'headers' }>['value'],
): readonly Header[] {
  const from = query.locator.map((id) => heights.get(id)).find((height) => height !== undefined);
  const count = Math.min(query.max, limits.headersPerAnswerMax);
  const { answer } = exchangeCodecs.headers;
  return answer.decode(answer.encode(headers.slice(from ?? 0, (from ?? 0) + count)));
}

/** A new node takes all headers from one peer. */
function syncOnce(
  chain: SimulatedChain<unknown>,
  crypto: Crypto,
  headers: readonly Header[],
  heights: ReadonlyMap<string, number>,
): void {
  const values = new Map<string, Uint8Array>();
  const reader = { get: (key: Uint8Array) => values.get(toHex(key)) };
  const asked: Request[] = [];
  const nowMs = (chain.genesis.header.time + spacingSeconds * headerCount) * 1_000;
  const host = createHost(values, nowMs, asked);
  host.write(chain.genesisOperations, false, () => undefined);
  const driver = new Driver<unknown, unknown, unknown>(
    {
      protocol: chain.protocol,
      host,
      machine: (overlay) => chain.createMachine(overlay),
      stored: { reader, head: chain.genesis, headers: [chain.genesis] },
      crypto,
    },
    chain.parameters,
    { self: 'self', beneficiary: new Uint8Array(20), extraData: new Uint8Array(32) },
  );
  const status = {
    genesisId: chain.networkId,
    headId: toHex(crypto.sha256d(encodeHeader(headers.at(-1) as Header))),
    height: headerCount,
    work: BigInt(headerCount) * workOfBits(chain.genesis.header.bits),
    earliestBody: noBodies,
  };
  driver.dispatch({ kind: 'started' });
  driver.dispatch({ kind: 'joined', peer: 'peer', status });
  for (let next = asked.shift(); next !== undefined; next = asked.shift()) {
    if (next.query.kind !== 'headers') continue;
    const value = answerHeaders(headers, heights, next.query.value);
    const answer = { kind: 'headers' as const, value };
    driver.dispatch({ kind: 'answered', request: next.number, peer: 'peer', answer });
  }
  const last = reader.get(keys.header(status.headId));
  if (last === undefined) throw new Error(`the last of ${headerCount} headers was not stored`);
}

/** Judges all raw headers by every rule, each on the one before it. */
function verifyAll(
  genesis: HeaderEntry,
  rules: ChainRules,
  encoded: readonly Uint8Array[],
  crypto: Crypto,
): void {
  const nowMs = (genesis.header.time + spacingSeconds * headerCount) * 1_000;
  let tip: ChainPoint = { ...genesis, anchorTime: 0, parentId: '' };
  let tipHash = fromHex(genesis.id);
  for (const bytes of encoded) {
    const header = decodeHeader(bytes);
    const { hash, id } = hashHeader(header, crypto);
    const fault = equalBytes(header.previous, tipHash)
      ? (checkWork(header, hash, rules) ?? checkOnParent(tip, header, rules))
      : 'unlinked';
    if (fault !== undefined || acceptableFromMs(header.time, rules) > nowMs) {
      throw new Error(`own header ${tip.height + 1} is refused: ${fault ?? 'too new'}`);
    }
    tip = extend(tip, header, id);
    tipHash = hash;
  }
}

/** Rounds of both kinds of work over all headers, by turns. */
function takeTurns(known: () => void, work: () => void): Round[] {
  const timed = (run: () => void): number => {
    const start = performance.now();
    for (let pass = 0; pass < passesPerRound; pass++) run();
    return rate(passesPerRound * headerCount, performance.now() - start);
  };
  const rounds: Round[] = [];
  for (let round = -warmUpRounds; round < roundCount; round++) {
    const reference = timed(known);
    const measured = timed(work);
    if (round >= 0) rounds.push({ measured, reference });
  }
  return rounds;
}

export function benchHeaders(): readonly BenchRow[] {
  const crypto = createNativeCrypto();
  const chain = createLedgerChain('pow', crypto);
  const { genesis } = chain;
  const rules = createRules(chain.parameters as PowParameters, genesis.header.bits);
  const headers = mineHeaders(genesis, crypto.sha256d);
  const encoded = headers.map(encodeHeader);
  const heights = new Map(encoded.map((bytes, index) => [toHex(crypto.sha256d(bytes)), index + 1]));
  heights.set(genesis.id, 0);
  const hashAll = (): void => {
    for (const bytes of encoded) crypto.sha256d(bytes);
  };
  // One after the other: a sync leaves garbage that the next measurement would have to collect.
  const verification = takeTurns(hashAll, () => {
    verifyAll(genesis, rules, encoded, crypto);
  });
  const sync = takeTurns(hashAll, () => {
    syncOnce(chain, crypto, headers, heights);
  });
  const shared = { unit: 'headers/s', against: 'bare SHA-256d of node:crypto', bar: 0.3 };
  return [
    { work: 'header verification', rounds: verification, ...shared },
    { work: 'header sync, driver and records included', rounds: sync, ...shared },
  ];
}
