/**
 * What `start` prints for a person: who this node is, what to try next, then a line per block.
 * Machines read the log and the metrics instead.
 */

import type { ConsortiumInfo } from '../api/backend.ts';
import { toHex } from '../primitives/bytes.ts';
import { displayId } from '../primitives/header.ts';
import { checksumAddress } from '../primitives/keys.ts';
import type { HeadNotice } from './executor-api.ts';

export interface BannerFacts {
  readonly version: string;
  readonly network: string;
  readonly chainId: number;
  readonly genesisId: string;
  readonly dataDirectory: string;
  readonly rpcUrl: string;
  readonly peerAddress: string | undefined;
  /** How blocks come about: lines of label and text. */
  readonly makers: readonly (readonly [label: string, text: string])[];
  readonly development: boolean;
  /** Public test accounts with their private keys; empty outside development networks. */
  readonly accounts: readonly { readonly address: Uint8Array; readonly privateKey: Uint8Array }[];
  readonly feeds: readonly { readonly name: string; readonly proxy: Uint8Array }[];
  readonly demonstration: boolean;
}

const label = (name: string): string => `  ${name.padEnd(12)}`;

function accountLines(accounts: BannerFacts['accounts']): string[] {
  return [
    '',
    'Test accounts. Their keys are public: never send anything of value to them.',
    ...accounts.map(
      ({ address, privateKey }, index) =>
        `  (${index}) ${checksumAddress(address)}  0x${toHex(privateKey)}`,
    ),
  ];
}

function feedLines({ feeds, demonstration }: BannerFacts): string[] {
  if (feeds.length === 0) return [];
  const width = Math.max(...feeds.map(({ name }) => name.length));
  return [
    '',
    'Oracle feeds, each behind an AggregatorV3 proxy',
    ...feeds.map(({ name, proxy }) => `  ${name.padEnd(width)}  ${checksumAddress(proxy)}`),
    ...(demonstration
      ? ['  Five demonstration reporters read a sample market: its prices are made up.']
      : []),
  ];
}

/** The lines printed once at start. */
export function banner(facts: BannerFacts): string {
  const lines = [
    `Dodona ${facts.version}`,
    `${label('network')}${facts.network}, chain id ${facts.chainId}`,
    `${label('genesis')}${facts.genesisId}`,
    `${label('data')}${facts.dataDirectory}`,
    `${label('JSON-RPC')}${facts.rpcUrl}`,
    `${label('peers')}${facts.peerAddress ?? 'not listening'}`,
    ...facts.makers.map(([name, text]) => `${label(name)}${text}`),
    '',
    'To use MetaMask, add a network by hand:',
    `  name Dodona ${facts.network} · RPC URL ${facts.rpcUrl} · chain id ${facts.chainId} · symbol OAK`,
    ...(facts.development ? accountLines(facts.accounts) : []),
    ...feedLines(facts),
    '',
    'Try in another terminal:',
    facts.feeds[0] === undefined
      ? '  node dist/main.js call eth_blockNumber'
      : `  node dist/main.js oracle read ${facts.feeds[0].name}`,
    'Ctrl-C stops; the same command continues the same chain.',
    '',
  ];
  return lines.join('\n');
}

export interface StatusFacts {
  readonly notice: HeadNotice;
  readonly peers: number;
  /** Hash rate, or where the consortium stands. */
  readonly makers: string;
  /** For instance `BTC/USD 64,012.55 round 12 reveal`; empty when there is no feed. */
  readonly oracle: string;
}

/** Hash rate with a unit that keeps it below a thousand. */
export function formatHashRate(hashesPerSecond: number): string {
  const units = ['H/s', 'kH/s', 'MH/s', 'GH/s'];
  let value = hashesPerSecond;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

/** A member that was silent for longer than this does not count as there: three statuses missed. */
const silentMs = 3_500;

/** For instance `view 7, primary 3 · 4 of 4 members`; members are named by index, from 0. */
export function consortiumText(consortium: ConsortiumInfo, nowMs: number): string {
  const { view, phase, primary, members, self } = consortium;
  const present = members.filter(
    ({ lastSeenMs }, index) => index === self || nowMs - (lastSeenMs ?? 0) < silentMs,
  );
  const states = {
    normal: `primary ${primary}`,
    watching: `primary ${primary}`,
    changing: `waiting for primary ${primary}`,
    diverged: 'this node has diverged and votes no more',
  };
  return `view ${view}, ${states[phase]} · ${present.length} of ${members.length} members`;
}

/** One line for a new head: what it is, what it holds, who is there, what the oracle says. */
export function statusLine({ notice, peers, makers, oracle }: StatusFacts): string {
  const { head, reverted, transactions, gasUsed } = notice;
  const id = displayId(head.id);
  const reorganised = reverted.length > 0 ? ` (replaces ${reverted.length})` : '';
  const parts = [
    `block ${String(head.height).padStart(6)} ${id.slice(0, 10)}…${id.slice(-4)}${reorganised}`,
    `${String(transactions).padStart(4)} tx`,
    `${(gasUsed / 1_000_000).toFixed(2)} Mgas`,
    `${peers} peers`,
    makers,
    ...(oracle === '' ? [] : [oracle]),
  ];
  return parts.join(' · ');
}
