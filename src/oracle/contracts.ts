/**
 * The genesis oracle contracts as clients call them: the part of their ABI that this room uses,
 * and faults by the names that the contracts gave them.
 */

import type { Abi } from 'viem';
import { decodeErrorResult, decodeFunctionResult, encodeFunctionData, parseAbi } from 'viem/utils';
import { signedAbi, twapAbi } from './feed-abi.ts';
import { juryAbi } from './jury-abi.ts';
import { optimisticAbi } from './optimistic-abi.ts';
import { RpcFault, type Transport } from './transport.ts';

export const registryAbi = parseAbi([
  'function feedCount() view returns (uint256)',
  'function feedAt(uint256 index) view returns (bytes32)',
  'function feedOf(bytes32 feed) view returns (uint8 kind, address oracle, address proxy, address creator, uint8 decimals, uint32 heartbeat, uint16 deviationBps, bool listed, string name)',
  'error UnknownFeed()',
  'error OnlyOracle()',
  'error FeedExists()',
  'error BadName()',
  'error WrongFee(uint256 have, uint256 need)',
]);

/** What every feed's proxy answers, of whatever kind the feed is. */
export const aggregatorAbi = parseAbi([
  'function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
  'function getRoundData(uint80 round) view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
]);

export const oracleAbi = parseAbi([
  'struct FeedConfig { uint8 decimals; uint32 heartbeat; uint16 deviationBps; uint32 period; uint32 commitBlocks; uint32 sealBlocks; uint32 revealBlocks; uint32 disputeBlocks; uint8 seats; uint8 minReports; uint16 minWeightBps; uint16 weightCapBps; uint16 bondBps; uint16 bandBps; uint32 primarySharePpm; uint16 outlierBps; uint16 outlierSlashBps; uint16 noRevealSlashBps; uint16 earlyRevealSlashBps; uint128 minStake; uint128 minTotalStake; uint128 rewardPerRound; }',
  'struct Round { uint8 state; uint32 reports; uint64 openedBlock; uint64 openedTime; uint64 revealedBlock; uint64 revealedTime; uint64 finalBlock; uint64 committed; uint64 revealed; uint64 exposed; uint32 unsettled; uint256 totalWeight; uint256 revealedWeight; uint256 capWeight; uint256 pool; uint256 left; int256 value; int256 q1; int256 q3; }',
  'function takeSeat(bytes32 feed) returns (uint64 fromRound)',
  'function commit(bytes32 feed, uint64 round, bytes32 hash)',
  'function reveal(bytes32 feed, uint64 round, int256 value, bytes32 salt)',
  'function finalize(bytes32 feed, uint64 round)',
  'function settle(bytes32 feed, uint64 round, uint32 maxIter) returns (uint32 remaining)',
  'function claim() returns (uint256)',
  'function disputeRound(bytes32 feed, uint64 round) payable returns (uint256 question)',
  'function resolveDispute(bytes32 feed, uint64 round) returns (uint8 state)',
  'function disputeCost() view returns (uint256)',
  'function disputeOf(bytes32 feed, uint64 round) view returns (uint256 question, address disputer, uint256 bond)',
  'function currentRound(bytes32 feed) view returns (uint64)',
  'function windows(bytes32 feed, uint64 round) view returns (uint64 commitStart, uint64 commitEnd, uint64 revealStart, uint64 revealEnd)',
  'function getRound(bytes32 feed, uint64 round) view returns (Round)',
  'function getReport(bytes32 feed, uint64 round, uint8 seat) view returns (address reporter, uint256 bond, uint8 state, bytes32 hash, int256 value, uint256 weight)',
  'function configuration(bytes32 feed) view returns (FeedConfig)',
  'function seatsOf(bytes32 feed, uint64 round) view returns (address[])',
  'function seatOf(bytes32 feed, address reporter) view returns (bool seated, uint8 seat, uint64 fromRound)',
  'function claimable(address account) view returns (uint256)',
  'function parts() view returns (address stakeRegistry, address oracleRegistry, address oracleFund, address schellingOracle)',
  'function status(bytes32 feed) view returns (uint8 state, int256 value, uint256 conf, uint64 updatedAt, uint64 updatedBlock, uint32 reports, uint32 heartbeat, uint16 deviationBps)',
  'function latestRoundData(bytes32 feed) view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
  'function getPriceNoOlderThan(bytes32 feed, uint256 maxAge) view returns (int256 value, uint256 conf, uint64 updatedAt)',
  'event Committed(bytes32 indexed feed, uint64 indexed round, address indexed reporter, bytes32 hash)',
  'event Revealed(bytes32 indexed feed, uint64 indexed round, address indexed reporter, int256 value, uint256 weight)',
  'event RoundFinalized(bytes32 indexed feed, uint64 indexed round, int256 value, int256 q1, int256 q3, uint256 weight)',
  'event RoundVoided(bytes32 indexed feed, uint64 indexed round, uint8 reason)',
  'event RoundDisputed(bytes32 indexed feed, uint64 indexed round, address indexed disputer, uint256 question, int256 value, uint256 bond)',
  'event DisputeResolved(bytes32 indexed feed, uint64 indexed round, uint8 state, uint8 outcome)',
  'event Rewarded(bytes32 indexed feed, uint64 indexed round, address indexed account, uint256 amount)',
  'event Penalized(bytes32 indexed feed, uint64 indexed round, address indexed reporter, uint8 reason, uint256 amount, uint256 burned)',
  'error UnknownFeed()',
  'error NoData()',
  'error Stale(uint64 age, uint64 max)',
  'error Bootstrap(uint256 have, uint256 need)',
  'error WrongPhase(uint8 have, uint8 need)',
  'error NotReporter()',
  'error CommitMismatch()',
  'error ValueOutOfRange()',
  'error SaltTooWeak()',
  'error SaltReused()',
  'error AlreadyRevealed()',
  'error NoCommit()',
  'error SeatsFull(uint256 need)',
  'error AlreadySeated()',
  'error StakeTooLow(uint256 have, uint256 need)',
  'error NoRound()',
  'error AlreadyFinal()',
  'error NotSettleable(uint64 fromBlock)',
  'error AlreadySettled()',
  'error DisputeClosed(uint64 endedAt)',
  'error DisputePending()',
  'error AlreadyDisputed()',
  'error NotDisputed()',
  'error NotRuled(uint64 fromBlock)',
  'error WrongValue(uint256 have, uint256 need)',
  'error NothingToClaim()',
  'error PotTooLarge()',
]);

export const stakeAbi = parseAbi([
  'function deposit() payable',
  'function stakeOf(address account) view returns (uint256)',
  'function accountOf(address account) view returns (uint256 active, uint256 exiting, uint64 exitBlock, uint256 locked)',
  'function burned() view returns (uint256)',
  'function totalStaked() view returns (uint256)',
  'error StakeLocked(uint256 locked)',
  'error StakeTooLarge()',
  'error ZeroAmount()',
  'error KeyInUse()',
  'error TransferFailed()',
]);

/** Every contract whose refusals are told by name; an error with the same arguments is in one. */
const knownErrors: readonly Abi[] = [
  ...[oracleAbi, juryAbi, optimisticAbi, stakeAbi],
  ...[twapAbi, signedAbi, registryAbi],
];

/** A refusal by a contract, under the name of its own error. */
export class ContractRefusal extends Error {
  readonly code: string;
  readonly parameters: readonly unknown[];
  /** The error as Solidity writes it: `StakeTooLow(1, 2)`. */
  readonly reason: string;
  constructor(name: string, parameters: readonly unknown[]) {
    const reason = `${name}(${parameters.map(String).join(', ')})`;
    super(`the contract refuses: ${reason}`);
    this.reason = reason;
    this.name = 'ContractRefusal';
    this.code = name;
    this.parameters = parameters;
  }
}

/** The contract's own error behind a revert, or the fault as it is. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof RpcFault) || typeof error.data !== 'string') return error;
  for (const abi of knownErrors) {
    try {
      const { errorName, args } = decodeErrorResult({ abi, data: error.data as `0x${string}` });
      return new ContractRefusal(errorName, args ?? []);
    } catch {
      // An error of another contract: the next ABI may know it.
    }
  }
  return error;
}

export type ContractAddress = `0x${string}`;

/**
 * Calls a view of `abi` at `address` on the block that `tag` names.
 * @throws ContractRefusal under the contract's error name, RpcFault otherwise
 */
export async function view<Result>(
  transport: Transport,
  address: ContractAddress,
  abi: Abi,
  functionName: string,
  parameters: readonly unknown[] = [],
  tag = 'latest',
): Promise<Result> {
  const call = { abi, functionName, args: parameters } as Parameters<typeof encodeFunctionData>[0];
  let data: unknown;
  try {
    data = await transport.request('eth_call', [
      { to: address, data: encodeFunctionData(call) },
      tag,
    ]);
  } catch (error) {
    throw refusalOf(error);
  }
  return decodeFunctionResult({
    abi,
    functionName,
    data: data as `0x${string}`,
  } as Parameters<typeof decodeFunctionResult>[0]) as Result;
}

/** Calldata of a state-changing function of `abi`. */
export function calldata(
  abi: Abi,
  functionName: string,
  parameters: readonly unknown[],
): `0x${string}` {
  const call = { abi, functionName, args: parameters };
  return encodeFunctionData(call as Parameters<typeof encodeFunctionData>[0]);
}
