/**
 * How a juror comes to its answer: the operator's own answers first, then for a disputed round what
 * the juror's sources said when the round ran, then the fallback of the policy.
 */

import { encodePacked, keccak256, parseAbi } from 'viem/utils';
import { AgentFileError } from './agent-file.ts';
import type { Feed, OracleClient } from './client.ts';
import type { AskedQuestion } from './jury.ts';
import type { Answer, FeedRule, JuryPolicy } from './jury-policy.ts';
import { type DisputedRound, disputedRound } from './jury-questions.ts';
import { readEvents } from './logs.ts';
import { observe } from './observation.ts';
import type { ReportBook } from './report-book.ts';
import type { PriceSource } from './sources.ts';
import { RpcFault } from './transport.ts';
import { INVALID, TOO_EARLY } from './vote.ts';
import { questionText } from './vote-book.ts';

/** Without an outcome the juror abstains. */
export interface Verdict {
  readonly outcome: number | undefined;
  readonly reason: string;
}

const VALUE_IS_RIGHT = 1;
const VALUE_IS_FALSE = 2;
/** How far back an assertion is looked for: a week of 15-second blocks. */
const assertionBlocks = 40_320;

const assertionAbi = parseAbi([
  'event AssertionMade(bytes32 indexed id, bytes32 domainId, bytes claim, address indexed asserter, address callback, address caller, uint64 expirationBlock, uint256 bond)',
]);

/** A feed of the policy with its sources. */
interface Watched {
  readonly rule: FeedRule;
  readonly feed: Feed;
  readonly sources: readonly PriceSource[];
}

/** Whether `outcome` is one of the question's. */
export function isOutcomeOf(asked: AskedQuestion, outcome: number): boolean {
  if (outcome === TOO_EARLY) return asked.openBlock !== 0n;
  return outcome <= asked.outcomes;
}

export class Judge {
  readonly #client: OracleClient;
  /** What this juror saw in past rounds; undefined means it keeps nothing. */
  readonly #sightings: ReportBook | undefined;
  #policy: JuryPolicy;
  #watched: readonly Watched[];

  private constructor(
    client: OracleClient,
    sightings: ReportBook | undefined,
    policy: JuryPolicy,
    watched: readonly Watched[],
  ) {
    this.#client = client;
    this.#sightings = sightings;
    this.#policy = policy;
    this.#watched = watched;
  }

  /** @throws UnknownFeed for a feed of the policy that does not exist */
  static async create(
    client: OracleClient,
    policy: JuryPolicy,
    sightings: ReportBook | undefined,
  ): Promise<Judge> {
    return new Judge(client, sightings, policy, await watchedOf(client, policy));
  }

  /** Takes a policy that changed while the juror serves. @throws UnknownFeed, and keeps the old */
  async adopt(policy: JuryPolicy): Promise<void> {
    this.#watched = await watchedOf(this.#client, policy);
    this.#policy = policy;
  }

  /** The round that a question is about, when a feed asks. */
  async roundOf(asked: AskedQuestion): Promise<DisputedRound | undefined> {
    return disputedRound(asked, await this.#client.feeds());
  }

  /**
   * Keeps what the sources say in each round's commit window: live sources could not be asked later.
   * @returns what went wrong, by feed
   */
  async watch(height: number, time: number): Promise<readonly string[]> {
    const problems = await Promise.all(
      this.#watched.map((watched) =>
        this.#sight(watched, height + 1, time).catch(
          (error: unknown) => `${watched.feed.name}: ${(error as Error).message}`,
        ),
      ),
    );
    return problems.filter((problem) => problem !== undefined);
  }

  async #sight(watched: Watched, next: number, time: number): Promise<string | undefined> {
    const { feed, rule, sources } = watched;
    if (this.#sightings === undefined || sources.every(({ knowsPast }) => knowsPast)) return;
    const round = await this.#client.currentRound(feed);
    if (round === 0 || this.#sightings.get(feed.id, round) !== undefined) return;
    const { commitStart, commitEnd } = await this.#client.windows(feed, round);
    if (next < commitStart || next >= commitEnd) return;
    const { observation, left } = await observe(sources, time, rule);
    if (observation === undefined) {
      return `${feed.name}: ${left.map(({ source, reason }) => `${source}: ${reason}`).join('; ')}`;
    }
    await this.#sightings.promise({ feed: feed.id, round, value: observation.value });
  }

  /** The juror's answer; never throws for what a question contains. @throws RpcFault */
  async verdictOn(asked: AskedQuestion): Promise<Verdict> {
    const answer = await this.#answerTo(asked);
    if (answer !== undefined) {
      if (isOutcomeOf(asked, answer.outcome)) {
        return { outcome: answer.outcome, reason: 'the operator answered it' };
      }
      return this.#fallback(`the operator's answer ${answer.outcome} is no outcome of it`);
    }
    const disputed = await this.roundOf(asked);
    if (disputed === undefined) return this.#fallback('no rule answers it');
    const watched = this.#watched.find(({ feed }) => feed.id === disputed.feed.id);
    if (watched === undefined) return this.#fallback(`no rule for ${disputed.feed.name}`);
    return this.#compare(watched, disputed);
  }

  #fallback(reason: string): Verdict {
    return { outcome: this.#policy.fallback === 'invalid' ? INVALID : undefined, reason };
  }

  async #answerTo(asked: AskedQuestion): Promise<Answer | undefined> {
    const { answers } = this.#policy;
    const isAskers = ({ asker }: Answer): boolean =>
      asker === undefined || asker === asked.asker.toLowerCase();
    const mine = answers.filter(isAskers);
    const names = [questionText(asked.id), asked.questionHash.toLowerCase()];
    const direct = mine.find(({ question, claim }) =>
      question === undefined
        ? keccak256(textBytes(claim as string)) === asked.questionHash
        : names.includes(question),
    );
    if (direct !== undefined || mine.every(({ claim }) => claim === undefined)) return direct;
    const claim = await this.#claimOf(asked);
    return claim === undefined
      ? undefined
      : mine.find((answer) => answer.claim !== undefined && textBytes(answer.claim) === claim);
  }

  /** Bytes of the assertion that asks: its id is the question's hash, its domain the content. */
  async #claimOf(asked: AskedQuestion): Promise<string | undefined> {
    if (asked.data.length !== 2 + 64 || asked.openBlock === 0n) return undefined;
    const to = Number(asked.openBlock);
    try {
      const [event] = await readEvents<{ readonly claim: string }>(this.#client.transport, {
        address: asked.asker,
        abi: assertionAbi,
        event: 'AssertionMade',
        match: { id: asked.questionHash },
        from: Math.max(0, to - assertionBlocks),
        to,
      });
      return event?.arguments.claim;
    } catch (error) {
      // Any contract may ask, and emit what it likes: that must not keep a juror from voting.
      if (error instanceof RpcFault) throw error;
      return undefined;
    }
  }

  async #compare(watched: Watched, { feed, round, value }: DisputedRound): Promise<Verdict> {
    const own = await this.#valueIn(watched, round);
    if (typeof own === 'string') return this.#fallback(own);
    const distance = own > value ? own - value : value - own;
    const size = own < 0n ? -own : own;
    const isFar = distance * 10_000n > size * BigInt(watched.rule.toleranceBps);
    const reason = `${feed.name} round ${round} says ${value}, own sources ${own}`;
    return { outcome: isFar ? VALUE_IS_FALSE : VALUE_IS_RIGHT, reason };
  }

  /** What the sources said in `round`, or why that is not known. */
  async #valueIn({ feed, rule, sources }: Watched, round: number): Promise<bigint | string> {
    const seen = this.#sightings?.get(feed.id, round)?.value;
    if (seen !== undefined) return seen;
    const historical = sources.filter(({ knowsPast }) => knowsPast);
    if (historical.length === 0) {
      return `this juror did not watch ${feed.name} in round ${round}, and no source knows the past`;
    }
    const { openedTime } = await this.#client.round(feed, round);
    const { observation, left } = await observe(historical, Number(openedTime), rule);
    const silence = left.map(({ source, reason }) => `${source}: ${reason}`).join('; ');
    return observation?.value ?? `too few sources know ${feed.name} in round ${round}: ${silence}`;
  }
}

const textBytes = (text: string): `0x${string}` => encodePacked(['string'], [text]);

function watchedOf(client: OracleClient, policy: JuryPolicy): Promise<readonly Watched[]> {
  return Promise.all(
    policy.feeds.map(async (rule) => {
      const feed = await client.feed(rule.name);
      if (feed.kind !== 'commit-reveal') {
        throw new AgentFileError(`${rule.name}: only commit-reveal feeds have rounds to dispute`);
      }
      return { rule, feed, sources: rule.sources(feed.decimals) };
    }),
  );
}
