/**
 * Multicall3: many calls in one, at the address where every client looks for it. It keeps nothing;
 * money left here can be taken by anybody's next call. Block hashes come from EIP-2935's address and
 * reach 8,191 blocks back; beyond them, and for the running block, they are zero.
 */

import { address, bytesOf, Span, tupleAt } from "../sdk/calldata";
import { returnData, returned, returnLength, tryCall, tryView } from "../sdk/call";
import {
  blockBaseFee, blockCoinbase, blockGasLimit, blockNumber, blockTimestamp, chainId,
} from "../sdk/host";
import { allocate } from "../sdk/memory";
import { addressBytes, balanceOf, loadAddress, value } from "../sdk/message";
import { open, returns, Writer } from "../sdk/output";
import { revert } from "../sdk/reason";
import { fail } from "../sdk/revert";
import { fresh, isZero, limbs, loadWord, U256, u256, wrappingSubtract } from "../sdk/u256";

/** Outcomes in memory: 12 bytes each: status, length and place of the return data. */
const outcomeBytes: usize = 12;

/** Bytes in place of the three kinds of calls. */
const callBytes: u32 = 64;
const call3Bytes: u32 = 96;
const call3ValueBytes: u32 = 128;

export function construct(): void {}

function failed(): void {
  revert("Multicall3: call failed");
}

function outcomeAt(outcomes: usize, index: u32): usize {
  return outcomes + <usize>index * outcomeBytes;
}

/** Runs one call with `amount` acorns and notes how it ended. */
function run(outcome: usize, call: usize, dataPosition: u32, amount: U256): bool {
  const data = bytesOf(call, dataPosition);
  const question = open(0, 0);
  question.start = data.data;
  question.next = data.data + data.length;
  const succeeded = tryCall(address(loadWord(call)), question, amount);
  store<u32>(outcome, succeeded);
  store<u32>(outcome, returnLength, 4);
  store<u32>(outcome, <u32>returnData(), 8);
  return succeeded;
}

/** Runs `Call[]`. */
function runAll(calls: Span, requireSuccess: bool): usize {
  const outcomes = allocate(<usize>calls.length * outcomeBytes);
  const nothing = u256(0);
  for (let index: u32 = 0; index < calls.length; index++) {
    const call = tupleAt(calls, index, callBytes);
    if (!run(outcomeAt(outcomes, index), call, 32, nothing) && requireSuccess) failed();
  }
  return outcomes;
}

/** Words that the outcomes take as list items of `headWords` words and their return data. */
function wordsFor(outcomes: usize, count: u32, headWords: u32): u32 {
  let words: u32 = 1 + count;
  for (let index: u32 = 0; index < count; index++) {
    words += headWords + 1 + ((load<u32>(outcomeAt(outcomes, index), 4) + 31) >> 5);
  }
  return words;
}

/** Writes the list: length, offsets, and for each the `headWords` words and the return data. */
function writeOutcomes(writer: Writer, outcomes: usize, count: u32, headWords: u32): void {
  writer.number(count);
  let offset: u64 = <u64>count << 5;
  for (let index: u32 = 0; index < count; index++) {
    writer.number(offset);
    const length = <u64>load<u32>(outcomeAt(outcomes, index), 4);
    offset += ((headWords + 1) << 5) + ((length + 31) & ~31);
  }
  for (let index: u32 = 0; index < count; index++) {
    const outcome = outcomeAt(outcomes, index);
    if (headWords > 0) writer.number(load<u32>(outcome)).number(64);
    writer.bytes(<usize>load<u32>(outcome, 8), load<u32>(outcome, 4));
  }
}

function answerResults(outcomes: usize, count: u32): void {
  const writer = returns(1 + wordsFor(outcomes, count, 2)).number(32);
  writeOutcomes(writer, outcomes, count, 2);
}

export function aggregate(calls: Span): void {
  const outcomes = runAll(calls, true);
  const writer = returns(2 + wordsFor(outcomes, calls.length, 0));
  writer.number(blockNumber()).number(64);
  writeOutcomes(writer, outcomes, calls.length, 0);
}

export function tryAggregate(requireSuccess: u64, calls: Span): void {
  answerResults(runAll(calls, requireSuccess != 0), calls.length);
}

export function tryBlockAndAggregate(requireSuccess: u64, calls: Span): void {
  const outcomes = runAll(calls, requireSuccess != 0);
  const writer = returns(3 + wordsFor(outcomes, calls.length, 2));
  writer.number(blockNumber()).number(0).number(96); // the running block has no hash yet
  writeOutcomes(writer, outcomes, calls.length, 2);
}

export function blockAndAggregate(calls: Span): void {
  tryBlockAndAggregate(1, calls);
}

function allowsFailure(call: usize): bool {
  const word = loadWord(call + 32);
  if (word > u256(1)) fail(0);
  return !isZero(word);
}

export function aggregate3(calls: Span): void {
  const outcomes = allocate(<usize>calls.length * outcomeBytes);
  const nothing = u256(0);
  for (let index: u32 = 0; index < calls.length; index++) {
    const call = tupleAt(calls, index, call3Bytes);
    const allowed = allowsFailure(call);
    if (!run(outcomeAt(outcomes, index), call, 64, nothing) && !allowed) failed();
  }
  answerResults(outcomes, calls.length);
}

export function aggregate3Value(calls: Span): void {
  const outcomes = allocate(<usize>calls.length * outcomeBytes);
  let total = u256(0);
  for (let index: u32 = 0; index < calls.length; index++) {
    const call = tupleAt(calls, index, call3ValueBytes);
    const allowed = allowsFailure(call);
    const amount = loadWord(call + 64);
    total = total + amount;
    if (!run(outcomeAt(outcomes, index), call, 96, amount) && !allowed) failed();
  }
  if (value() != total) revert("Multicall3: value mismatch");
  answerResults(outcomes, calls.length);
}

/** Hash of one of the last 8,191 blocks, zero for every other. */
export function getBlockHash(height: U256): U256 {
  const history = limbs(0x335b175320002935, 0x27f1c53a10cb7a02, 0x0000f908, 0);
  return tryView(history, open(1, 0).word(height)) ? returned(0) : u256(0);
}

export function getBlockNumber(): U256 {
  return u256(blockNumber());
}

export function getCurrentBlockCoinbase(): U256 {
  const bytes = allocate(24);
  blockCoinbase(bytes);
  return loadAddress(bytes);
}

/** Work has its own place in the header; the field that Ethereum gave up is zero. */
export function getCurrentBlockDifficulty(): U256 {
  return u256(0);
}

export function getCurrentBlockGasLimit(): U256 {
  return u256(blockGasLimit());
}

export function getCurrentBlockTimestamp(): U256 {
  return u256(blockTimestamp());
}

export function getEthBalance(account: U256): U256 {
  return balanceOf(account);
}

export function getLastBlockHash(): U256 {
  return getBlockHash(wrappingSubtract(u256(blockNumber()), u256(1)));
}

export function getBasefee(): U256 {
  const word = changetype<usize>(fresh());
  blockBaseFee(word);
  return loadWord(word);
}

export function getChainId(): U256 {
  return u256(chainId());
}
