/** `dodona oracle …` for jurors and disputers: stake, questions, votes by hand, appeals, disputes. */

import { join } from 'node:path';
import { AgentFileError } from '../../oracle/agent-file.ts';
import { Ballot, seatsIn } from '../../oracle/ballot.ts';
import { OracleClient } from '../../oracle/client.ts';
import { calldata, oracleAbi, stakeAbi, view } from '../../oracle/contracts.ts';
import { formatDecimal, parseAmount } from '../../oracle/decimal.ts';
import { disputeCost, disputeOf } from '../../oracle/disputes.ts';
import { findJury, type JuryClient, penaltiesOf, questionBlocks } from '../../oracle/jury.ts';
import { juryAbi } from '../../oracle/jury-abi.ts';
import { parseOutcome } from '../../oracle/jury-policy.ts';
import { type QuestionFacts, questionFacts } from '../../oracle/jury-service.ts';
import { mined } from '../../oracle/seat.ts';
import type { Transport } from '../../oracle/transport.ts';
import { questionText, VoteBook } from '../../oracle/vote-book.ts';
import type { Outgoing, Wallet } from '../../oracle/wallet.ts';
import { toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import type { Handler, Invocation, Terminal } from '../command-line.ts';
import { UsageError } from '../resolve-settings.ts';
import { nodeTransport, walletOf } from './node-client.ts';
import { registryOf } from './oracle.ts';

const pauseMs = 250;
const oakDecimals = 18;

export interface Court {
  readonly transport: Transport;
  readonly client: OracleClient;
  readonly jury: JuryClient;
}

/** The jury of the node that the settings point to. @throws UsageError where there is none */
export async function courtOf({ settings }: Invocation): Promise<Court> {
  const transport = await nodeTransport(settings.values);
  const client = new OracleClient(transport, { registry: await registryOf(transport) });
  const jury = await findJury(client);
  if (jury === undefined) throw new UsageError('this network has no jury');
  return { transport, client, jury };
}

/** Where an account's votes are kept: one file for all commands and the agent. */
export function voteFile({ settings }: Invocation, account: string): string {
  return join(settings.values.datadir, 'votes', `${account}.json`);
}

const oak = (acorns: bigint): string => `${formatDecimal(acorns, oakDecimals)} OAK`;

function amountOf(text = '', name = 'AMOUNT'): bigint {
  let amount: bigint;
  try {
    amount = parseAmount(text, oakDecimals);
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`);
  }
  if (amount <= 0n) throw new UsageError(`${name}: ${text} is not more than nothing`);
  return amount;
}

function outcomeOf(text = ''): number {
  try {
    return parseOutcome(text, 'OUTCOME');
  } catch (error) {
    if (error instanceof AgentFileError) throw new UsageError(error.message);
    throw error;
  }
}

async function headOf(transport: Transport): Promise<number> {
  return Number(await transport.request('eth_blockNumber', []));
}

/** Ids of questions that may not be over, newest first. */
async function recentIds({ transport, jury }: Court): Promise<readonly bigint[]> {
  const head = await headOf(transport);
  const from = Math.max(0, head - questionBlocks(await jury.terms()));
  return (await jury.asked(from, head)).map(({ id }) => id).reverse();
}

/** ID as hexadecimal, or `latest` for the question that was asked last. */
async function questionOf(court: Court, text = ''): Promise<bigint> {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return BigInt(text);
  if (text !== 'latest') {
    throw new UsageError(`ID: "${text}" is no question: use 0x and 64 digits, or latest`);
  }
  const [id] = await recentIds(court);
  if (id === undefined) throw new UsageError('nobody asked anything yet');
  return id;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pauseMs));

/** Sends and waits for the block. @throws ContractRefusal, or Error when it fails there */
async function send(court: Court, wallet: Wallet, outgoing: Outgoing): Promise<void> {
  await mined(court, await wallet.send(outgoing), pause);
}

const juryCall = (
  { jury }: Court,
  name: string,
  parameters: readonly unknown[],
  value = 0n,
): Outgoing => ({ to: jury.address, data: calldata(juryAbi, name, parameters), value });

const runJury: Handler = async (invocation, terminal) => {
  const court = await courtOf(invocation);
  const { jury, transport } = court;
  const { address } = await walletOf(transport, invocation, terminal);
  const [terms, stake, juror, waiting] = await Promise.all([
    jury.terms(),
    jury.stake(),
    jury.juror(address),
    jury.claimable(address),
  ]);
  const { wrong, absent } = penaltiesOf(terms);
  const leaving = juror.leaving === 0n ? '' : `, locked before height ${juror.leavingUntil}`;
  const lines = [
    `Jury ${jury.address}`,
    `  stake      ${oak(stake.active)} of jurors, at least ${oak(stake.floor)} to be asked`,
    `  a vote     earns ${oak(terms.feePerJuror)}, costs ${oak(wrong)} when wrong, ${oak(absent)} when absent`,
    `Juror ${address}`,
    `  enrolled   ${oak(juror.enrolled)}, ${oak(juror.reserved)} of it reserved for seats`,
    `  leaving    ${oak(juror.leaving)}${leaving}`,
    `  claimable  ${oak(waiting)}`,
  ];
  terminal.write(`${lines.join('\n')}\n`);
  return 0;
};

/** Stake that no duty holds yet; what is missing is deposited first. */
const runEnroll: Handler = async (invocation, terminal) => {
  const amount = amountOf(invocation.words[0]);
  const court = await courtOf(invocation);
  const { transport, client } = court;
  const wallet = await walletOf(transport, invocation, terminal);
  const feeds = await client.feeds();
  const feed = feeds.find(({ kind }) => kind === 'commit-reveal');
  if (feed === undefined) throw new UsageError('this network has no feed with reporters');
  const registry = await client.stakeRegistry(feed);
  const [active, , , locked] = await view<[bigint, bigint, bigint, bigint]>(
    transport,
    registry,
    stakeAbi,
    'accountOf',
    [wallet.address],
  );
  const missing = amount - (active > locked ? active - locked : 0n);
  if (missing > 0n) {
    const data = calldata(stakeAbi, 'deposit', []);
    await send(court, wallet, { to: registry, data, value: missing });
  }
  await send(court, wallet, juryCall(court, 'enroll', [amount]));
  const { stakeDelay } = await court.jury.terms();
  const deposited = missing > 0n ? `, ${oak(missing)} of it newly staked` : '';
  terminal.write(
    `Enrolled ${oak(amount)} of ${wallet.address}${deposited}; counts for questions after ${stakeDelay} blocks\n`,
  );
  return 0;
};

const runLeave: Handler = async (invocation, terminal) => {
  const amount = amountOf(invocation.words[0]);
  const court = await courtOf(invocation);
  const wallet = await walletOf(court.transport, invocation, terminal);
  await send(court, wallet, juryCall(court, 'leave', [amount]));
  const { leavingUntil } = await court.jury.juror(wallet.address);
  terminal.write(
    `${oak(amount)} of ${wallet.address} left; 'dodona oracle unlock' frees it from height ${leavingUntil} on\n`,
  );
  return 0;
};

const runUnlock: Handler = async (invocation, terminal) => {
  const court = await courtOf(invocation);
  const wallet = await walletOf(court.transport, invocation, terminal);
  await send(court, wallet, juryCall(court, 'unlock', []));
  terminal.write(`Unlocked what left; ${wallet.address} may use or withdraw that stake\n`);
  return 0;
};

const heights = (from: number | undefined, until: number | undefined): string =>
  from === undefined || until === undefined ? 'once drawn' : `heights ${from} to ${until - 1}`;

function showQuestion(facts: QuestionFacts): string {
  const { about, outcome, appealUntil } = facts;
  const result = outcome === undefined ? '' : `, outcome ${outcome}`;
  const topic =
    about === undefined
      ? `hash 0x${toHex(facts.questionHash)}, outcomes 0 to ${facts.outcomes}`
      : `${about.feed} round ${about.round} says ${formatDecimal(about.value, about.decimals)}: 1 right, 2 false`;
  const seats = facts.seats.map(({ juror, state, outcome: vote }) => {
    return `  ${checksumAddress(juror)}  ${state}${vote === undefined ? '' : ` ${vote}`}`;
  });
  const appeal = appealUntil === undefined ? [] : [`  appeal   before height ${appealUntil}`];
  return [
    `0x${toHex(facts.id)}: ${facts.status}${result}`,
    `  asks     ${topic}`,
    `  asker    ${checksumAddress(facts.asker)}`,
    `  draw     from height ${facts.drawFrom}`,
    `  commit   ${heights(facts.commitFrom, facts.sealFrom)}`,
    `  reveal   ${heights(facts.revealFrom, facts.revealUntil)}`,
    ...appeal,
    `  pot      ${oak(facts.pot)}`,
    ...seats,
    '',
  ].join('\n');
}

const runQuestion: Handler = async (invocation, terminal) => {
  const court = await courtOf(invocation);
  const [word] = invocation.words;
  if (word === undefined) {
    const ids = await recentIds(court);
    for (const id of ids) {
      const { status } = await court.jury.rulingOf(id);
      terminal.write(`${questionText(id)} ${status}\n`);
    }
    if (ids.length === 0) terminal.write('No question was asked lately.\n');
    return 0;
  }
  const id = await questionOf(court, word);
  const text = invocation.options.json
    ? `${JSON.stringify(await court.transport.request('oracle_question', [questionText(id)]))}\n`
    : showQuestion(await questionFacts(court.client, id));
  terminal.write(text);
  return 0;
};

/** A ballot of `--from` with its book open: nobody else votes with the key meanwhile. */
async function ballotOf(court: Court, invocation: Invocation, terminal: Terminal): Promise<Ballot> {
  const { jury, transport } = court;
  const wallet = await walletOf(transport, invocation, terminal);
  const book = await VoteBook.open(voteFile(invocation, wallet.address));
  const chainId = Number(await transport.request('eth_chainId', []));
  return new Ballot({ jury, wallet, book, chainId });
}

const runVote: Handler = async (invocation, terminal) => {
  const outcome = outcomeOf(invocation.words[1]);
  const court = await courtOf(invocation);
  const id = await questionOf(court, invocation.words[0]);
  const ballot = await ballotOf(court, invocation, terminal);
  const own = await ballot.seats(id);
  await ballot.promised(id, own);
  const free = seatsIn(own, 'drawn');
  if (own.seats.length === 0) {
    throw new UsageError(`${ballot.juror} has no seat in this jury: see 'dodona oracle question'`);
  }
  if (free.length === 0) throw new UsageError(`${ballot.juror} has voted already`);
  await mined(court, await ballot.commit(id, own.round, free, outcome), pause);
  const { revealStart, revealEnd } = await court.jury.round(id, own.round);
  terminal.write(
    `Committed outcome ${outcome} for ${free.length} of ${own.seats.length} seats; reveal it in heights ${revealStart} to ${revealEnd - 1n}\n`,
  );
  return 0;
};

const runReveal: Handler = async (invocation, terminal) => {
  const court = await courtOf(invocation);
  const id = await questionOf(court, invocation.words[0]);
  const ballot = await ballotOf(court, invocation, terminal);
  const own = await ballot.seats(id);
  const outcome = await ballot.promised(id, own);
  const closed = seatsIn(own, 'committed');
  if (outcome === undefined || closed.length === 0) {
    throw new UsageError(`${ballot.juror} has nothing to reveal in this question`);
  }
  await mined(court, await ballot.reveal(id, own.round, closed, outcome), pause);
  terminal.write(`Revealed outcome ${outcome} for ${closed.length} seats\n`);
  return 0;
};

const runAppeal: Handler = async (invocation, terminal) => {
  const outcome = outcomeOf(invocation.words[1]);
  const court = await courtOf(invocation);
  const id = await questionOf(court, invocation.words[0]);
  const cost = await court.jury.appealCost(id, outcome);
  if (invocation.options['dry-run']) {
    terminal.write(`An appeal for outcome ${outcome} costs ${oak(cost)}\n`);
    return 0;
  }
  const wallet = await walletOf(court.transport, invocation, terminal);
  await send(court, wallet, juryCall(court, 'fundAppeal', [id, outcome], cost));
  terminal.write(
    `Paid ${oak(cost)} for outcome ${outcome}: a larger jury votes once both sides paid\n`,
  );
  return 0;
};

const runDispute: Handler = async (invocation, terminal) => {
  const [name = '', word] = invocation.words;
  if (word !== undefined && !/^[1-9][0-9]{0,14}$/.test(word)) {
    throw new UsageError(`ROUND: "${word}" is no round number`);
  }
  const court = await courtOf(invocation);
  const feed = await court.client.feed(name);
  const text = word ?? (await court.client.latestRound(feed)).toString();
  const [cost, { value }] = await Promise.all([
    disputeCost(court.client, feed),
    court.client.round(feed, Number(text)),
  ]);
  const shown = formatDecimal(value, feed.decimals);
  if (invocation.options['dry-run']) {
    terminal.write(`Disputing ${name} round ${text}, which says ${shown}, costs ${oak(cost)}\n`);
    return 0;
  }
  const wallet = await walletOf(court.transport, invocation, terminal);
  const data = calldata(oracleAbi, 'disputeRound', [feed.id, BigInt(text)]);
  await send(court, wallet, { to: feed.oracle, data, value: cost });
  const { question } = await disputeOf(court.client, feed, Number(text));
  terminal.write(
    `Disputed ${name} round ${text}, which says ${shown}, for ${oak(cost)}: fee and bond, back with a part of the slashes when the jury agrees\n${questionText(question)}\n`,
  );
  return 0;
};

export const juryHandlers: Readonly<Record<string, Handler>> = {
  'oracle jury': runJury,
  'oracle enroll': runEnroll,
  'oracle leave': runLeave,
  'oracle unlock': runUnlock,
  'oracle question': runQuestion,
  'oracle vote': runVote,
  'oracle reveal': runReveal,
  'oracle appeal': runAppeal,
  'oracle dispute': runDispute,
};
