/**
 * The networks of the repository, in readable form: who is paid, which feeds exist, how long
 * their windows are. scripts/build-genesis.ts turns them into genesis files.
 */

import { type Hex, keccak256, parseUnits, toHex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';

const oak = (amount: string): bigint => parseUnits(amount, 18);

/** `FeedConfig` of CommitRevealOracle, in the order of its ABI. */
export interface FeedConfiguration {
  readonly decimals: number;
  /** Seconds after which a value is stale. */
  readonly heartbeat: number;
  readonly deviationBps: number;
  readonly period: number;
  readonly commitBlocks: number;
  readonly sealBlocks: number;
  readonly revealBlocks: number;
  readonly disputeBlocks: number;
  readonly seats: number;
  readonly minReports: number;
  readonly minWeightBps: number;
  readonly weightCapBps: number;
  /** Part of a reporter's stake that one commit locks. */
  readonly bondBps: number;
  readonly bandBps: number;
  readonly primarySharePpm: number;
  readonly outlierBps: number;
  readonly outlierSlashBps: number;
  readonly noRevealSlashBps: number;
  readonly earlyRevealSlashBps: number;
  readonly minStake: bigint;
  readonly minTotalStake: bigint;
  readonly rewardPerRound: bigint;
}

export interface GenesisFeed {
  readonly name: string;
  /** Share of OracleFund, in proportion to the other feeds. */
  readonly weight: number;
  readonly configuration: FeedConfiguration;
}

/** `JuryTerms` of SchellingOracle, in the order of its ABI; windows in blocks. */
export interface JuryTerms {
  readonly commitBlocks: number;
  readonly sealBlocks: number;
  readonly revealBlocks: number;
  readonly appealBlocks: number;
  /** From the question to the block whose id seeds the draw. */
  readonly seedBlocks: number;
  /** Juror stake counts as it was so many blocks before the question. */
  readonly stakeDelay: number;
  readonly jurorsMax: number;
  readonly rollsMax: number;
  readonly appealsMax: number;
  readonly quorumBps: number;
  /** Parts of a vote's lock; absence costs more than error. */
  readonly incoherentBps: number;
  readonly absentBps: number;
  readonly alphaBps: number;
  readonly minStake: bigint;
  readonly feePerJuror: bigint;
  /** Active juror stake below which no question is taken. */
  readonly floor: bigint;
}

/** `OptimisticTerms` of OptimisticOracle, in the order of its ABI; liveness in blocks. */
export interface AssertionTerms {
  readonly liveness: number;
  readonly livenessMin: number;
  readonly livenessMax: number;
  /** Blocks after the expiration: a dispute in a lost tail must have room to come back. */
  readonly settleDelay: number;
  /** Part of the loser's bond that pays the jury. */
  readonly burnBps: number;
  readonly jurors: number;
  readonly callbackGas: number;
}

export interface NetworkDescription {
  readonly name: string;
  readonly chainId: number;
  readonly time: number;
  readonly bits: Hex;
  readonly development: boolean;
  /** Proof of work when absent. */
  readonly protocol?: string;
  /** Subsidy of block 1 in acorns; 8 OAK when absent. */
  readonly reward?: bigint;
  /** What the oracle fund holds from the start, in acorns: where no coins are issued it gets no others. */
  readonly fund?: bigint;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly allocations: readonly { readonly address: Hex; readonly balance: bigint }[];
  readonly exitDelayBlocks: bigint;
  readonly reporters: readonly { readonly address: Hex; readonly stake: bigint }[];
  readonly feeds: readonly GenesisFeed[];
  /** `enrolled` is the part of each reporter's stake that serves as juror stake. */
  readonly jury: { readonly terms: JuryTerms; readonly enrolled: bigint };
  readonly assertions: AssertionTerms;
  /** Of the exposure that a consumer registers, for each epoch of 480 blocks. */
  readonly guardPremiumPpm: number;
}

/** Ids of genesis feeds are hashes of their bare names. */
export function feedIdOfName(name: string): Hex {
  return keccak256(toHex(name));
}

const usdFeed: FeedConfiguration = {
  decimals: 8,
  heartbeat: 3_600,
  deviationBps: 50,
  period: 60,
  commitBlocks: 20,
  sealBlocks: 6,
  revealBlocks: 20,
  disputeBlocks: 120,
  seats: 16,
  minReports: 5,
  minWeightBps: 5_000,
  weightCapBps: 2_000,
  bondBps: 1_000,
  bandBps: 50,
  primarySharePpm: 400_000,
  outlierBps: 500,
  outlierSlashBps: 100,
  noRevealSlashBps: 200,
  earlyRevealSlashBps: 5_000,
  minStake: oak('1000'),
  minTotalStake: oak('100000'),
  rewardPerRound: oak('1000'),
};

/** A round in 24 seconds of idle blocks, so that a newcomer sees all of it. */
const shortFeed: FeedConfiguration = {
  ...usdFeed,
  heartbeat: 300,
  period: 12,
  commitBlocks: 4,
  sealBlocks: 2,
  revealBlocks: 4,
  // Long enough to read a round and type a dispute.
  disputeBlocks: 12,
  minReports: 3,
  minStake: oak('100'),
  minTotalStake: oak('1000'),
  rewardPerRound: oak('100'),
};

const juryTerms: JuryTerms = {
  commitBlocks: 480,
  sealBlocks: 6,
  revealBlocks: 480,
  appealBlocks: 480,
  seedBlocks: 12,
  stakeDelay: 64,
  jurorsMax: 31,
  rollsMax: 4,
  appealsMax: 4,
  quorumBps: 5_000,
  incoherentBps: 10_000,
  absentBps: 12_000,
  alphaBps: 10_000,
  minStake: oak('1000'),
  feePerJuror: oak('10'),
  floor: oak('37200'),
};

/** A whole question in two minutes of idle blocks. */
const shortJury: NetworkDescription['jury'] = {
  terms: {
    ...juryTerms,
    commitBlocks: 8,
    sealBlocks: 2,
    revealBlocks: 8,
    appealBlocks: 8,
    seedBlocks: 2,
    stakeDelay: 4,
    minStake: oak('20'),
    feePerJuror: oak('1'),
    floor: oak('744'),
  },
  enrolled: oak('400'),
};

/** Two hours to dispute, a week at most. */
const assertionTerms: AssertionTerms = {
  liveness: 480,
  livenessMin: 40,
  livenessMax: 40_320,
  settleDelay: 6,
  burnBps: 5_000,
  jurors: 3,
  /** Entering a recipient of 16 KiB for the first time takes 220,000 of it. */
  callbackGas: 600_000,
};

const testMnemonic = 'test test test test test test test test test test test junk';

function testAccount(addressIndex: number): Hex {
  return mnemonicToAccount(testMnemonic, { addressIndex }).address;
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

/** Accounts 0-9 of the test mnemonic have money, 10-14 are reporters with stake in every feed. */
export const devnet: NetworkDescription = {
  name: 'devnet',
  chainId: 1337,
  time: 1_767_225_600,
  bits: '0x207fffff',
  development: true,
  parameters: {
    difficulty: 'fixed',
    spacing: 2,
    halfLife: 3_600,
    step: 0,
    futureLimit: 30,
    pace: { intervalMs: 2_000, transactionMs: 250 },
  },
  allocations: [
    ...range(0, 10).map((index) => ({ address: testAccount(index), balance: oak('10000') })),
    ...range(10, 5).map((index) => ({ address: testAccount(index), balance: oak('1000') })),
  ],
  exitDelayBlocks: 60n,
  reporters: range(10, 5).map((index) => ({ address: testAccount(index), stake: oak('1000') })),
  feeds: [
    { name: 'BTC/USD', weight: 1, configuration: shortFeed },
    { name: 'BTC/USDx', weight: 1, configuration: { ...shortFeed, outlierBps: 2_000 } },
  ],
  jury: shortJury,
  assertions: { ...assertionTerms, liveness: 20, livenessMin: 5, settleDelay: 2 },
  guardPremiumPpm: 100,
};

/** Nobody owns anything at the start; the first reporters stake what they mined or bought. */
export const mainnet: NetworkDescription = {
  name: 'mainnet',
  chainId: 36_630,
  time: 1_767_225_600,
  bits: '0x1e00ffff',
  development: false,
  parameters: {
    difficulty: 'asert',
    spacing: 15,
    halfLife: 3_600,
    step: 5,
    futureLimit: 30,
  },
  allocations: [],
  exitDelayBlocks: 40_320n,
  reporters: [],
  feeds: [
    { name: 'BTC/USD', weight: 2, configuration: usdFeed },
    { name: 'ETH/USD', weight: 1, configuration: usdFeed },
    { name: 'EUR/USD', weight: 1, configuration: usdFeed },
  ],
  jury: { terms: juryTerms, enrolled: 0n },
  assertions: assertionTerms,
  guardPremiumPpm: 100,
};

/**
 * What `dodona consortium init` puts its members into: the devnet's money, reporters and feeds,
 * under known members and without any issue of coins.
 */
export const consortium: NetworkDescription = {
  ...devnet,
  name: 'consortium',
  chainId: 1338,
  bits: '0x00000000',
  protocol: 'pbft',
  reward: 0n,
  fund: oak('100000'),
  parameters: { members: [], emptyBlockMs: 1_000, viewTimeoutMs: 2_000, viewTimeoutMsMax: 16_000 },
};
