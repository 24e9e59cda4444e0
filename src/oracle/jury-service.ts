/** A question as JSON-RPC and the command line show it: where it stands, since when, who voted what. */

import { fromHex } from '../primitives/bytes.ts';
import type { OracleClient } from './client.ts';
import {
  findJury,
  type JuryClient,
  type JuryRound,
  type Question,
  type QuestionStatus,
  type SeatState,
} from './jury.ts';
import { disputedRound } from './jury-questions.ts';
import { RpcFault } from './transport.ts';
import { questionText } from './vote-book.ts';

export interface QuestionFacts {
  /** 32 bytes. */
  readonly id: Uint8Array;
  readonly asker: Uint8Array;
  readonly questionHash: Uint8Array;
  readonly status: QuestionStatus;
  /** Highest outcome of its own; 0 is INVALID, 255 TOO_EARLY when that is an answer. */
  readonly outcomes: number;
  readonly tooEarly: boolean;
  /** Of the last tally while appeals are open, then the ruling; undefined before. */
  readonly outcome: number | undefined;
  /** From 0; an instance, the first jury or an appeal's, may take several rounds. */
  readonly round: number;
  readonly instance: number;
  readonly askedHeight: number;
  /** First height that takes a draw. */
  readonly drawFrom: number;
  /** First heights of the phases; undefined until the jury is drawn. */
  readonly commitFrom: number | undefined;
  readonly sealFrom: number | undefined;
  readonly revealFrom: number | undefined;
  readonly revealUntil: number | undefined;
  /** First height without appeals; undefined before a tally. */
  readonly appealUntil: number | undefined;
  /** First height in which the ruling is final; undefined before a tally. */
  readonly finalFrom: number | undefined;
  /** Seats of this round's jury, drawn or not. */
  readonly jurySize: number;
  readonly seats: readonly {
    readonly juror: Uint8Array;
    readonly state: SeatState;
    readonly outcome: number | undefined;
  }[];
  /** Acorns held for it: fees, appeals and penalties that nobody was credited yet. */
  readonly pot: bigint;
  readonly executed: boolean;
  /** What is asked, when a feed asks: 1 says that the value is right, 2 that it is false. */
  readonly about:
    | {
        readonly feed: string;
        readonly decimals: number;
        readonly round: number;
        readonly value: bigint;
      }
    | undefined;
}

/** Heights of the phases that are known by now. */
async function heightsOf(jury: JuryClient, question: Question, round: JuryRound) {
  const terms = await jury.terms();
  const isDrawn = round.drawnBlock !== 0n;
  const known = (height: bigint): number | undefined => (isDrawn ? Number(height) : undefined);
  const isLast = question.instance >= terms.appealsMax;
  const tallied = Number(question.talliedBlock);
  const appealUntil = tallied === 0 ? undefined : tallied + (isLast ? 0 : terms.appealBlocks);
  return {
    askedHeight: Number(question.askBlock),
    drawFrom: Number(round.startBlock) + terms.seedBlocks + 1,
    commitFrom: known(round.drawnBlock),
    sealFrom: known(round.commitEnd),
    revealFrom: known(round.revealStart),
    revealUntil: known(round.revealEnd),
    appealUntil,
    finalFrom: appealUntil === undefined ? undefined : appealUntil + terms.sealBlocks,
  };
}

/**
 * Everything that is known of a question.
 * @throws ContractRefusal UnknownQuestion, RpcFault on a network without a jury
 */
export async function questionFacts(client: OracleClient, id: bigint): Promise<QuestionFacts> {
  const jury = await findJury(client);
  if (jury === undefined) throw new RpcFault(-32000, 'this network has no jury');
  const question = await jury.question(id);
  const index = question.rounds - 1;
  const [ruling, round, feeds] = await Promise.all([
    jury.rulingOf(id),
    jury.round(id, index),
    client.feeds(),
  ]);
  const seats = await jury.seats(id, index, round.filled);
  const asked = Number(question.askBlock);
  const [event] = await jury.asked(asked, asked, id).catch(() => []);
  const disputed = event === undefined ? undefined : disputedRound(event, feeds);
  const hasOutcome = ruling.status === 'appeal' || ruling.status === 'ruled';
  return {
    id: fromHex(questionText(id)),
    asker: fromHex(question.asker),
    questionHash: fromHex(question.questionHash),
    status: ruling.status,
    outcomes: question.outcomes,
    tooEarly: question.tooEarly,
    outcome: hasOutcome ? ruling.outcome : undefined,
    round: index,
    instance: question.instance,
    ...(await heightsOf(jury, question, round)),
    jurySize: round.seats,
    seats: seats.map(({ juror, state, outcome }) => ({
      juror: fromHex(juror),
      state,
      outcome: state === 'revealed' ? outcome : undefined,
    })),
    pot: question.held,
    executed: question.executed,
    about: disputed && {
      feed: disputed.feed.name,
      decimals: disputed.feed.decimals,
      round: disputed.round,
      value: disputed.value,
    },
  };
}
