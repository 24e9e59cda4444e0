/**
 * What the oracle contracts refuse, as a wallet meets it: viem decodes the contract's own error from
 * calls and estimates of a real node, and a transaction sent all the same changes nothing.
 */

import { type Hex, keccak256, toHex as textToHex, zeroAddress, zeroHash } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { devnet, feedIdOfName } from '../../scripts/genesis-networks.ts';
import { targetOf } from '../contracts/artifacts.ts';
import { hashOf } from '../contracts/oracle-scene.ts';
import { refuseKeepers, refuseSigned, refuseTwap } from './feed-refusals.ts';
import {
  type Call,
  on,
  RefusalScene,
  reporter,
  reporters,
  rival,
  stranger,
} from './refusal-scene.ts';

const oracle = targetOf('CommitRevealOracle');
const stakes = targetOf('StakeRegistry');
const jury = targetOf('SchellingOracle');
const assertions = targetOf('OptimisticOracle');
const signed = targetOf('SignedAggregator');
const registry = targetOf('OracleRegistry');
const guard = targetOf('CorruptionGuard');
const fund = targetOf('OracleFund');

const windows = { period: 20, commitBlocks: 6, sealBlocks: 2, revealBlocks: 6, disputeBlocks: 4 };
const feeds = devnet.feeds
  .slice(0, 1)
  .map((feed) => ({ ...feed, configuration: { ...feed.configuration, ...windows } }));
const feed = feedIdOfName('BTC/USD');
const noFeed: Hex = `0x${'07'.repeat(32)}`;
const value = 6_400_000_000_000n;
const beyond = 2n ** 191n;
const weakSalt: Hex = `0x${'7'.padStart(64, '0')}`;
const oak = 10n ** 18n;

const saltOf = (index: number): Hex => keccak256(textToHex(`salt ${index}`));
const commitOf = (index: number, round: bigint, hidden: bigint, salt: Hex): Hex =>
  hashOf(feed, round, reporter(index).address, hidden, salt);

const ofOracle = on(oracle);
const commit = (index: number, round: bigint, hidden: bigint, salt: Hex): Call =>
  ofOracle(reporter(index), 'commit', [feed, round, commitOf(index, round, hidden, salt)]);
const reveal = (index: number, round: bigint, shown: bigint, salt: Hex): Call =>
  ofOracle(reporter(index), 'reveal', [feed, round, shown, salt]);

const ofAssertions = on(assertions);
const ofJury = on(jury);
/** Arguments of assertTruth by the stranger. */
const statement = (text: string, liveness: bigint, bond: bigint): readonly unknown[] => [
  ...[textToHex(text), stranger.address, zeroAddress, liveness, bond, zeroHash, 0n],
];
const TRUE = 1;
const FALSE = 2;
const seats = [0, 1, 2];

interface Vote {
  readonly juror: PrivateKeyAccount;
  readonly seat: number;
  readonly salt: Hex;
  readonly hash: Hex;
}

/** A vote that the statement is true for a drawn seat; that of seat 1 has a weak salt. */
async function voteOf(question: bigint, seat: number): Promise<Vote> {
  const [address] = await scene.read<readonly [Hex]>(jury, 'getVote', [question, 0, seat]);
  const juror = reporters.find((one) => one.address === address) as PrivateKeyAccount;
  const salt = seat === 1 ? weakSalt : saltOf(100 + seat);
  const args = [question, 0, address, TRUE, salt];
  return { juror, seat, salt, hash: await scene.read<Hex>(jury, 'computeCommit', args) };
}

let scene: RefusalScene;

beforeAll(async () => {
  scene = await RefusalScene.start({ feeds }, [oracle, stakes, jury, assertions, signed]);
  const people = [...reporters, stranger, rival].map(({ address }) => address);
  const rounds = [1n, 2n];
  scene.keep(
    ...rounds.map((round) => [oracle, 'getRound', [feed, round]] as const),
    ...rounds.flatMap((round) =>
      reporters.map((_, seat) => [oracle, 'getReport', [feed, round, seat]] as const),
    ),
    ...[oracle, jury, assertions].flatMap((to) =>
      people.map((person) => [to, 'claimable', [person]] as const),
    ),
    ...people.map((person) => [stakes, 'accountOf', [person]] as const),
    ...people.map((person) => [jury, 'jurorOf', [person]] as const),
    [assertions, 'liabilities', []],
    [guard, 'totalExposure', [oracle.address]],
    [registry, 'feedCount', []],
    [fund, 'totalPaid', []],
  );
});
afterAll(() => scene.stop());

describe('the oracle contracts, through a wallet', () => {
  it('refuse what is out of place while commitments are taken', async () => {
    const hash = commitOf(0, 1n, value, saltOf(0));
    await scene.refuse([
      { ...ofOracle(reporter(0), 'commit', [noFeed, 1n, hash]), error: 'UnknownFeed' },
      { ...ofOracle(stranger, 'commit', [feed, 1n, hash]), error: 'NotReporter' },
      { ...commit(0, 2n, value, saltOf(0)), error: 'WrongPhase' },
      { ...reveal(0, 1n, value, saltOf(0)), error: 'WrongPhase' },
      { ...ofOracle(reporter(0), 'takeSeat', [feed]), error: 'AlreadySeated' },
      { ...ofOracle(stranger, 'takeSeat', [feed]), error: 'StakeTooLow' },
      { ...ofOracle(stranger, 'claim', []), error: 'NothingToClaim' },
      { ...on(stakes)(stranger, 'deposit', []), error: 'ZeroAmount' },
      { ...on(jury)(stranger, 'enroll', [1n]), error: 'StakeTooLow' },
      {
        ...on(signed)(stranger, 'transmit', [noFeed, noFeed, 1, '0x', []]),
        error: 'UnknownFeed',
      },
      {
        ...on(assertions)(stranger, 'assertTruth', [
          ...['0x01', stranger.address, zeroAddress, 20n, 1n, zeroHash, 0n],
        ]),
        ...{ money: 1n, error: 'BondTooLow' },
      },
    ]);
    await scene.succeed([
      commit(0, 1n, value, saltOf(0)),
      commit(1, 1n, value, weakSalt),
      commit(2, 1n, beyond, saltOf(2)),
      commit(3, 1n, value, saltOf(3)),
      commit(4, 1n, value, saltOf(4)),
    ]);
  });

  it('refuse reveals that are not what was committed', async () => {
    await scene.mineTo(9);
    await scene.refuse([
      { ...commit(0, 1n, value, saltOf(0)), error: 'WrongPhase' },
      { ...reveal(0, 1n, value + 1n, saltOf(0)), error: 'CommitMismatch' },
      { ...reveal(1, 1n, value, weakSalt), error: 'SaltTooWeak' },
      { ...reveal(2, 1n, beyond, saltOf(2)), error: 'ValueOutOfRange' },
      { ...ofOracle(stranger, 'reveal', [feed, 1n, value, saltOf(0)]), error: 'NoCommit' },
    ]);
    await scene.succeed([0, 3, 4].map((index) => reveal(index, 1n, value, saltOf(index))));
    await scene.refuse([{ ...reveal(0, 1n, value, saltOf(0)), error: 'AlreadyRevealed' }]);
  });

  it('refuse a second end, an early settlement and a late dispute', async () => {
    await scene.mineTo(15);
    const end = (name: string, ...rest: unknown[]): Call =>
      ofOracle(stranger, name, [feed, 1n, ...rest]);
    await scene.succeed([end('finalize')]);
    await scene.refuse([
      { ...end('finalize'), error: 'AlreadyFinal' },
      { ...end('settle', 64), error: 'NotSettleable' },
      { ...end('disputeRound'), money: 1n, error: 'WrongValue' },
      { ...end('resolveDispute'), error: 'NotDisputed' },
    ]);
    await scene.mineTo(20);
    await scene.refuse([{ ...end('disputeRound'), money: 2n * oak, error: 'DisputeClosed' }]);
    await scene.succeed([end('settle', 64), commit(0, 2n, value, saltOf(0))]);
    await scene.refuse([{ ...end('settle', 64), error: 'AlreadySettled' }]);
  });

  it('refuse a second claim and a salt that was used before', async () => {
    const claim = ofOracle(reporter(0), 'claim', []);
    await scene.succeed([claim]);
    await scene.refuse([{ ...claim, error: 'NothingToClaim' }]);
    await scene.mineTo(29);
    await scene.refuse([{ ...reveal(0, 2n, value, saltOf(0)), error: 'SaltReused' }]);
  });

  it('refuse bad assertions, ends that are too early and late disputes', async () => {
    const bond = await scene.read<bigint>(assertions, 'getMinimumBond');
    const short = statement('The well is dry.', 8n, bond);
    const id = await scene.read<Hex>(assertions, 'computeId', [...short, stranger.address]);
    const assertTruth = (args: readonly unknown[], money = 0n): Call => ({
      ...ofAssertions(stranger, 'assertTruth', args),
      money,
    });
    const dispute = {
      ...ofAssertions(rival, 'disputeAssertion', [id, rival.address]),
      money: bond,
    };
    const settle = ofAssertions(rival, 'settleAssertion', [id]);
    const madeAt = await scene.next();
    await scene.succeed([assertTruth(short, bond)]);
    scene.keep([assertions, 'getAssertion', [id]]);
    const [text, , , liveness] = short;
    await scene.refuse([
      { ...assertTruth(short, bond), error: 'AssertionExists' },
      { ...assertTruth(statement('x', 4n, bond), bond), error: 'LivenessOutOfRange' },
      { ...assertTruth(statement('x', 8n, bond), 1n), error: 'WrongValue' },
      { ...assertTruth(statement('x', 8n, 2n ** 96n)), error: 'BondTooHigh' },
      { ...assertTruth(statement('x'.repeat(8_193), 8n, bond), bond), error: 'ClaimTooLong' },
      {
        ...assertTruth([text, zeroAddress, zeroAddress, liveness, bond, zeroHash, 0n], bond),
        error: 'ZeroAddress',
      },
      { ...dispute, args: [noFeed, rival.address], error: 'UnknownAssertion' },
      { ...dispute, args: [id, zeroAddress], error: 'ZeroAddress' },
      { ...dispute, money: 1n, error: 'WrongValue' },
      { ...settle, error: 'NotExpired' },
      { ...ofAssertions(rival, 'getAssertionResult', [id]), error: 'NotSettled' },
      { ...ofAssertions(rival, 'retryCallback', [id]), error: 'NothingToRetry' },
      { ...ofAssertions(rival, 'setBurn', [1]), error: 'OnlyGovernor' },
    ]);
    await scene.mineTo(madeAt + 8);
    await scene.refuse([
      { ...dispute, error: 'Expired' },
      { ...settle, error: 'NotExpired' },
    ]);
    await scene.mineTo(madeAt + 10);
    const claim = ofAssertions(stranger, 'claim', []);
    await scene.succeed([settle]);
    await scene.succeed([claim]);
    await scene.refuse([
      { ...dispute, error: 'AlreadySettled' },
      { ...settle, error: 'AlreadySettled' },
      { ...claim, error: 'NothingToClaim' },
    ]);
  });

  it('refuse votes, reveals, tallies, appeals and claims out of their phase', async () => {
    const bond = await scene.read<bigint>(assertions, 'getMinimumBond');
    const disputed = statement('The well is full.', 20n, bond);
    const id = await scene.read<Hex>(assertions, 'computeId', [...disputed, stranger.address]);
    const dispute = {
      ...ofAssertions(rival, 'disputeAssertion', [id, rival.address]),
      money: bond,
    };
    const settle = ofAssertions(rival, 'settleAssertion', [id]);
    await scene.succeed([{ ...ofAssertions(stranger, 'assertTruth', disputed), money: bond }]);
    const askedAt = await scene.next();
    await scene.succeed([dispute]);
    const { question } = await scene.read<{ question: bigint }>(assertions, 'getAssertion', [id]);
    scene.keep(
      [assertions, 'getAssertion', [id]],
      [jury, 'getQuestion', [question]],
      [jury, 'getRound', [question, 0]],
      [jury, 'getAppeal', [question, 0]],
      ...seats.map((seat) => [jury, 'getVote', [question, 0, seat]] as const),
    );
    const inJury = (by: PrivateKeyAccount, name: string, ...rest: readonly unknown[]): Call =>
      ofJury(by, name, [question, ...rest]);
    const ask = (outcomes: number, jurors: number): Call =>
      ofJury(rival, 'ask', [noFeed, outcomes, 0n, jurors, '0x']);
    const draw = inJury(rival, 'draw', 64);
    const tally = inJury(rival, 'tally');
    const execute = inJury(rival, 'execute', 64);
    const appeal = (outcome: number, money = 0n): Call => ({
      ...inJury(rival, 'fundAppeal', outcome),
      money,
    });
    await scene.refuse([
      { ...dispute, error: 'AlreadyDisputed' },
      { ...settle, error: 'DisputePending' },
      { ...ask(2, 3), money: 1n, error: 'WrongValue' },
      { ...ask(1, 3), error: 'BadQuestion' },
      { ...ask(2, 2), error: 'BadQuestion' },
      { ...draw, args: [7n, 64], error: 'UnknownQuestion' },
      { ...draw, error: 'SeedPending' },
      { ...inJury(rival, 'commitVote', [0], noFeed), error: 'WrongStatus' },
      { ...tally, error: 'WrongStatus' },
      { ...appeal(1), error: 'WrongStatus' },
      { ...execute, error: 'NotFinal' },
      { ...inJury(rival, 'reopen', 0n), error: 'NotReopenable' },
      { ...ofJury(rival, 'claim', []), error: 'NothingToClaim' },
      { ...ofJury(rival, 'unlock', []), error: 'NothingToUnlock' },
      { ...ofJury(reporter(0), 'leave', [1_000n * oak]), error: 'StakeTooLow' },
    ]);
    await scene.mineTo(askedAt + 3);
    const drawnAt = await scene.next();
    await scene.succeed([draw]);

    const votes = await Promise.all(seats.map((seat) => voteOf(question, seat)));
    const [first, weak, third] = votes as [Vote, Vote, Vote];
    const commitVote = ({ juror, seat, hash }: Vote): Call =>
      inJury(juror, 'commitVote', [seat], hash);
    const revealVote = ({ juror, seat, salt }: Vote, outcome = TRUE): Call =>
      inJury(juror, 'revealVote', [seat], outcome, salt);
    const expose = ({ juror, seat, salt }: Vote, outcome = TRUE): Call =>
      inJury(rival, 'proveEarlyReveal', [seat], juror.address, outcome, salt);
    await scene.succeed([commitVote(first), commitVote(third)]);
    await scene.refuse([
      { ...draw, error: 'WrongStatus' },
      { ...commitVote({ ...first, juror: rival }), error: 'NotDrawn' },
      { ...commitVote({ ...first, seat: 3 }), error: 'NotDrawn' },
      { ...commitVote({ ...first, hash: zeroHash }), error: 'CommitMismatch' },
      { ...revealVote(first), error: 'WrongStatus' },
      { ...expose(weak), error: 'NoCommit' },
      { ...expose(first, FALSE), error: 'CommitMismatch' },
    ]);
    await scene.succeed([commitVote(weak)]);
    await scene.mineTo(drawnAt + 8);
    await scene.refuse([
      { ...commitVote(first), error: 'WrongStatus' },
      { ...revealVote(first), error: 'WrongStatus' },
    ]);
    await scene.mineTo(drawnAt + 10);
    await scene.refuse([
      { ...revealVote(first, FALSE), error: 'CommitMismatch' },
      { ...revealVote(first, 9), error: 'BadOutcome' },
      { ...revealVote(weak), error: 'SaltTooWeak' },
      { ...revealVote({ ...first, juror: rival }), error: 'NotDrawn' },
      { ...expose(first), error: 'WrongStatus' },
      { ...commitVote(first), error: 'WrongStatus' },
      { ...tally, error: 'WrongStatus' },
    ]);
    await scene.succeed([revealVote(first), revealVote(third)]);
    await scene.refuse([
      { ...revealVote(first), error: 'AlreadyRevealed' },
      { ...revealVote(first, FALSE), error: 'SaltReused' },
    ]);
    await scene.mineTo(drawnAt + 18);
    await scene.refuse([{ ...revealVote(weak), error: 'WrongStatus' }]);
    const talliedAt = await scene.next();
    await scene.succeed([tally]);
    const price = await scene.read<bigint>(jury, 'appealCost', [question, TRUE]);
    await scene.refuse([
      { ...tally, error: 'WrongStatus' },
      { ...appeal(TRUE, 1n), error: 'WrongValue' },
      { ...appeal(9), error: 'BadOutcome' },
      { ...execute, error: 'NotFinal' },
      { ...settle, error: 'DisputePending' },
    ]);
    await scene.succeed([appeal(TRUE, price)]);
    await scene.mineTo(talliedAt + 4);
    await scene.refuse([
      { ...appeal(TRUE, price), error: 'AlreadyFunded' },
      { ...appeal(FALSE, 2n * price), error: 'AppealClosed' },
    ]);
    await scene.mineTo(talliedAt + 8);
    await scene.refuse([
      { ...appeal(FALSE, 2n * price), error: 'AppealClosed' },
      { ...execute, error: 'NotFinal' },
    ]);
    await scene.mineTo(talliedAt + 10);
    await scene.succeed([execute, settle]);
    const takings = [
      ofJury(first.juror, 'claim', []),
      ofJury(rival, 'claim', []),
      ofAssertions(stranger, 'claim', []),
    ];
    await scene.succeed(takings);
    await scene.refuse([
      { ...execute, error: 'NothingToExecute' },
      { ...tally, error: 'WrongStatus' },
      { ...appeal(TRUE, price), error: 'WrongStatus' },
      { ...settle, error: 'AlreadySettled' },
      ...takings.map((call) => ({ ...call, error: 'NothingToClaim' })),
    ]);
  });

  it('refuse reports that signers did not sign or that make no sense', () => refuseSigned(scene));

  it('refuse what is not staked, owed or secured', () => refuseKeepers(scene, feed));

  it('refuse means that the history of a pair does not carry', () => refuseTwap(scene));
});
