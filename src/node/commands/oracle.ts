/** `dodona oracle …`: feeds, readings, rounds and reports of a running node, for people. */

import { parseAbi } from 'viem/utils';
import { OracleClient } from '../../oracle/client.ts';
import { view } from '../../oracle/contracts.ts';
import { formatDecimal, parseAmount, parseDecimal } from '../../oracle/decimal.ts';
import { joinFeed } from '../../oracle/seat.ts';
import type { Transport } from '../../oracle/transport.ts';
import { fromHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import type { Handler, Invocation, Terminal } from '../command-line.ts';
import { UsageError } from '../resolve-settings.ts';
import { nodeTransport, walletOf } from './node-client.ts';

/** The parts of `oracle_*` answers that are shown; numbers of chain size are decimal text. */
interface FeedAnswer {
  readonly name: string;
  readonly kind: string;
  readonly feed: string;
  readonly proxy: string;
  readonly decimals: number;
}

interface ReadingAnswer {
  readonly feed: FeedAnswer;
  readonly state: string;
  readonly value: string;
  readonly confidence: string;
  readonly ageSeconds: number;
  readonly reports: number;
  readonly round: string;
  readonly refusal?: string;
}

interface RoundAnswer {
  readonly feed: FeedAnswer;
  readonly round: number;
  readonly phase: string;
  readonly commitFrom: number;
  readonly sealFrom: number;
  readonly revealFrom: number;
  readonly revealUntil: number;
  readonly pool: string;
  readonly value?: string;
  readonly seats: readonly {
    readonly reporter: string;
    readonly state: string;
    readonly value?: string;
  }[];
}

type Show<Answer> = (answer: Answer) => string;

async function ask<Answer>(
  invocation: Invocation,
  terminal: Terminal,
  method: string,
  parameters: readonly unknown[],
  show: Show<Answer>,
): Promise<number> {
  const transport = await nodeTransport(invocation.settings.values);
  const answer = (await transport.request(method, parameters)) as Answer;
  terminal.write(invocation.options.json ? `${JSON.stringify(answer)}\n` : show(answer));
  return 0;
}

const shown = (value: string, decimals: number): string => formatDecimal(BigInt(value), decimals);

function showReading({ feed, ...reading }: ReadingAnswer): string {
  const { state, refusal } = reading;
  if (state === 'none' || state === 'refused') {
    const why = refusal === undefined || refusal === 'NoData()' ? '' : `: ${refusal}`;
    return `${feed.name} has no value ${state === 'none' ? 'yet' : 'now'}${why}\n`;
  }
  const { decimals } = feed;
  return [
    `${feed.name} ${shown(reading.value, decimals)} ± ${shown(reading.confidence, decimals)}`,
    `  state    ${state}${refusal === undefined ? '' : `: ${refusal}`}`,
    `  age      ${reading.ageSeconds} s`,
    `  round    ${reading.round}, ${reading.reports} reports`,
    `  proxy    ${checksumAddress(fromHex(feed.proxy))}`,
    '',
  ].join('\n');
}

function showRound({ feed, ...round }: RoundAnswer): string {
  const seats = round.seats.map(({ reporter, state, value }) => {
    const text = value === undefined ? '' : ` ${shown(value, feed.decimals)}`;
    return `  ${checksumAddress(fromHex(reporter))}  ${state}${text}`;
  });
  const result = round.value === undefined ? '' : `, answer ${shown(round.value, feed.decimals)}`;
  return [
    `${feed.name} round ${round.round}: ${round.phase}${result}`,
    `  commit   heights ${round.commitFrom} to ${round.sealFrom - 1}`,
    `  reveal   heights ${round.revealFrom} to ${round.revealUntil - 1}`,
    `  pool     ${formatDecimal(BigInt(round.pool), 18)} OAK`,
    ...seats,
    '',
  ].join('\n');
}

const runFeeds: Handler = (invocation, terminal) =>
  ask<readonly FeedAnswer[]>(invocation, terminal, 'oracle_feeds', [], (feeds) =>
    feeds
      .map(({ name, kind, proxy }) => {
        return `${name.padEnd(12)} ${kind.padEnd(14)} ${checksumAddress(fromHex(proxy))}\n`;
      })
      .join(''),
  );

/** Text of an option that must be a whole number, if it was given. */
function wholeNumber({ options }: Invocation, name: string): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  if (typeof text === 'string' && /^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`--${name}: "${text}" is no whole number`);
}

const runRead: Handler = (invocation, terminal) => {
  const maxAge = wholeNumber(invocation, 'max-age') ?? null;
  const confirmations = wholeNumber(invocation, 'confirmations') ?? 0;
  const parameters = [invocation.words[0], maxAge, confirmations];
  return ask(invocation, terminal, 'oracle_read', parameters, showReading);
};

const runRound: Handler = (invocation, terminal) => {
  const [feed, number] = invocation.words;
  if (number !== undefined && !/^[0-9]{1,15}$/.test(number)) {
    throw new UsageError(`ROUND: "${number}" is no round number`);
  }
  const parameters = number === undefined ? [feed] : [feed, Number(number)];
  return ask(invocation, terminal, 'oracle_round', parameters, showRound);
};

/** VALUE scaled by the feed's decimals, as the contracts want it. */
async function scaled(transport: Transport, feed: string, text: string): Promise<string> {
  const feeds = (await transport.request('oracle_feeds', [])) as readonly FeedAnswer[];
  const found = feeds.find((entry) => entry.name === feed || entry.feed === feed);
  if (found === undefined) {
    throw new UsageError(`no feed "${feed}": use ${feeds.map(({ name }) => name).join(', ')}`);
  }
  try {
    return parseDecimal(text, found.decimals).toString();
  } catch (error) {
    throw new UsageError(`VALUE: ${(error as Error).message}`);
  }
}

async function runReport(
  method: 'oracle_submitReport' | 'oracle_prepareReport',
  invocation: Invocation,
  terminal: Terminal,
): Promise<number> {
  const [feed = '', text = ''] = invocation.words;
  const transport = await nodeTransport(invocation.settings.values);
  const value = await scaled(transport, feed, text);
  const { from } = invocation.options;
  const report = { feed, value, ...(from === undefined ? {} : { reporter: from }) };
  const answer = await transport.request(method, [report]);
  terminal.write(`${JSON.stringify(answer, null, invocation.options.json ? undefined : 2)}\n`);
  return 0;
}

const pauseMs = 250;

/** Deposits stake and takes a seat: what an account needs before its first report. */
const runJoin: Handler = async (invocation, terminal) => {
  const [name = '', amount = ''] = invocation.words;
  const transport = await nodeTransport(invocation.settings.values);
  const wallet = await walletOf(transport, invocation, terminal);
  const client = new OracleClient(transport, { registry: await registryOf(transport) });
  const feed = await client.feed(name);
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pauseMs));
  let stake: bigint;
  try {
    stake = parseAmount(amount, 18);
  } catch (error) {
    throw new UsageError(`STAKE: ${(error as Error).message}`);
  }
  const fromRound = await joinFeed(client, wallet, feed, stake, pause);
  terminal.write(
    `Staked ${amount} OAK from ${wallet.address}; seat of ${name} from round ${fromRound} on\n`,
  );
  return 0;
};

const proxyAbi = parseAbi(['function registry() view returns (address)']);

/** The registry behind the feeds: the proxy of any feed names it. */
export async function registryOf(transport: Transport): Promise<`0x${string}`> {
  const [feed] = (await transport.request('oracle_feeds', [])) as readonly { proxy: string }[];
  if (feed === undefined) throw new UsageError('this network has no feeds');
  return view<`0x${string}`>(transport, feed.proxy as `0x${string}`, proxyAbi, 'registry');
}

export const oracleHandlers: Readonly<Record<string, Handler>> = {
  'oracle feeds': runFeeds,
  'oracle read': runRead,
  'oracle round': runRound,
  'oracle submit': (invocation, terminal) => runReport('oracle_submitReport', invocation, terminal),
  'oracle prepare': (invocation, terminal) =>
    runReport('oracle_prepareReport', invocation, terminal),
  'oracle join': runJoin,
};
