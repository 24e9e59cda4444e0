/**
 * SignedAggregator: feeds of known signers, such as the members of a consortium. Anyone may send
 * a report; what counts are its signatures, bound to chain, contract, feed and configuration. An
 * answer out of range is refused, never clamped, so that the feed goes stale instead of lying. The
 * contract holds no money.
 */

import { address, bytesAt, Span, unsigned } from "../sdk/calldata";
import { call, input, returned } from "../sdk/call";
import { blockNumber, blockTimestamp, chainId } from "../sdk/host";
import { self, sender, value } from "../sdk/message";
import { emit, event, open, returns, Writer } from "../sdk/output";
import { fail1, fail2, require } from "../sdk/revert";
import { keccak, read, write } from "../sdk/storage";
import { fitsU64, fresh, isZero, loadWord, signedLess, U256, u256 } from "../sdk/u256";
import { selectors as registry } from "../oracle-registry/interface";
import {
  answerOf, confidenceOf, digestOf, fitsInt192, Head, headOf, latestOf, maxAnswerOf, minAnswerOf,
  numberOf, roundOf, saveConfidence, saveDigest, saveHead, saveLatest, saveRange, saveRound,
  saveSigner, signerOf, updatedAtOf,
} from "./feed";
import { errors, events } from "./interface";
import { hashReport, parseReport, Report, requireSignatures } from "./report";

/** This contract's number in OracleRegistry's `kind`. */
const SIGNED: u64 = 3;
const registrySlot: u64 = 0;
const termsWords: u32 = 5;
/** Observers are bytes of one word, as in OCR. */
const signersMax: u32 = 31;
/** Signers' clocks may run ahead of the block that includes their report, a little. */
const clockSkewSeconds: u64 = 60;

/** States of a feed in `status`. */
const NO_VALUE: u64 = 0;
const FRESH: u64 = 1;
const STALE: u64 = 2;

/** Creates the feeds of the genesis file, all with the same owner and signers. */
export function construct(
  registryAddress: U256, owner: U256, names: Span, terms: Span, signers: Span, f: u64,
): void {
  require(names.length == terms.length, errors.BadConstructor);
  write(u256(registrySlot), registryAddress);
  for (let index: u32 = 0; index < names.length; index++) {
    const place = terms.data + <usize>index * (termsWords << 5);
    const feed = addFeed(owner, bytesAt(names, index), place);
    configure(feed, headOf(feed), signers, <u32>f);
  }
}

export function oracleRegistry(): U256 {
  return read(u256(registrySlot));
}

export function createFeed(name: Span, terms: usize): U256 {
  return addFeed(sender(), name, terms);
}

function addFeed(owner: U256, name: Span, terms: usize): U256 {
  require(!isZero(owner), errors.OnlyOwner);
  const minAnswer = loadWord(terms + 96);
  const maxAnswer = loadWord(terms + 128);
  const decimals = bounded(terms, 0, 0, 36);
  const head = changetype<Head>(fresh());
  memory.fill(changetype<usize>(head), 0, 32);
  head.owner0 = owner.limb0;
  head.owner1 = owner.limb1;
  head.owner2 = <u32>owner.limb2;
  head.heartbeat = <u32>bounded(terms, 1, 1, 0xffffffff);
  head.deviationBps = <u16>bounded(terms, 2, 0, 10_000);
  if (!fitsInt192(minAnswer)) fail1(errors.BadConfiguration, u256(3));
  if (!fitsInt192(maxAnswer) || signedLess(maxAnswer, minAnswer)) {
    fail1(errors.BadConfiguration, u256(4));
  }
  const words = (name.length + 31) >> 5;
  const question = input(registry.register, 8 + words).word(owner).number(SIGNED).number(224);
  question.word(keccak(terms, termsWords << 5)).number(decimals);
  question.number(head.heartbeat).number(head.deviationBps).bytes(name.data, name.length);
  call(oracleRegistry(), question, value());
  const feed = returned(0);
  const proxy = returned(1);
  saveHead(feed, head);
  saveRange(feed, minAnswer, maxAnswer);
  emit(event(events.FeedCreated, 3).word(feed).word(owner).word(proxy), 4);
  return feed;
}

/** Field `index` of the terms, refused outside [low, high]. */
function bounded(terms: usize, index: u32, low: u64, high: u64): u64 {
  const field = unsigned(loadWord(terms + (<usize>index << 5)), 64);
  if (field < low || field > high) fail1(errors.BadConfiguration, u256(index));
  return field;
}

/** Replaces the signers. Reports signed under the configuration before are worthless from now on. */
export function setConfig(feed: U256, signers: Span, f: u64): U256 {
  const head = headOf(feed);
  require(sender() == head.owner(), errors.OnlyOwner);
  return configure(feed, head, signers, <u32>f);
}

function configure(feed: U256, head: Head, signers: Span, f: u32): U256 {
  require(signers.length <= signersMax && signers.length > 3 * f, errors.BadSigners);
  head.configCount++;
  head.f = <u8>f;
  head.signers = <u8>signers.length;
  const digest = configDigest(feed, head, signers);
  for (let number: u32 = 0; number < signers.length; number++) {
    const signer = address(loadWord(signers.data + (<usize>number << 5)));
    require(!isZero(signer) && numberOf(digest, signer) < 0, errors.BadSigners);
    saveSigner(digest, number, signer);
  }
  saveHead(feed, head);
  saveDigest(feed, digest);
  const latest = latestOf(feed);
  latest.epochAndRound = 0;
  saveLatest(feed, latest);
  const writer = event(events.ConfigSet, 6 + signers.length).word(feed).word(digest);
  writer.number(head.configCount).number(f).number(96);
  emit(writeItems(writer, signers.data, signers.length), 3);
  return digest;
}

/** Names one configuration of one feed: another chain, contract, owner or count is another digest. */
function configDigest(feed: U256, head: Head, signers: Span): U256 {
  const writer = open(7 + signers.length, 0).number(chainId()).word(self()).word(head.owner());
  writer.word(feed).number(head.configCount).number(head.f);
  writeItems(writer, signers.data, signers.length);
  return keccak(writer.start, writer.length);
}

function writeItems(writer: Writer, items: usize, count: u32): Writer {
  writer.number(count);
  for (let index: u32 = 0; index < count; index++) writer.raw(items + (<usize>index << 5));
  return writer;
}

export function transmit(
  feed: U256, digest: U256, epochAndRound: u64, source: Span, signatures: Span,
): void {
  const head = headOf(feed);
  require(!isZero(digest) && digest == digestOf(feed), errors.WrongDigest);
  const latest = latestOf(feed);
  require(epochAndRound > latest.epochAndRound, errors.StaleReport);
  const report = parseReport(source, head.f, head.signers);
  const limit = blockTimestamp() + clockSkewSeconds;
  if (report.observedAt > limit) {
    fail2(errors.FutureObservations, u256(report.observedAt), u256(limit));
  }
  const answer = report.median();
  if (signedLess(answer, minAnswerOf(feed)) || signedLess(maxAnswerOf(feed), answer)) {
    fail1(errors.OutOfRange, answer);
  }
  requireSignatures(hashReport(digest, epochAndRound, source), signatures, digest, head.f);
  latest.epochAndRound = epochAndRound;
  latest.block = blockNumber();
  latest.round++;
  latest.observations = report.count;
  saveLatest(feed, latest);
  const updatedAt = min(report.observedAt, blockTimestamp());
  saveRound(feed, latest.round, answer, updatedAt);
  saveConfidence(feed, report.confidence(head.f));
  announce(feed, latest.round, answer, report, digest, epochAndRound);
  emit(
    event(events.AnswerUpdated, 4).word(feed).word(answer).number(latest.round).number(updatedAt),
    4,
  );
}

function announce(
  feed: U256, round: u32, answer: U256, report: Report, digest: U256, epochAndRound: u64,
): void {
  const writer = event(events.NewTransmission, 12 + report.count).word(feed).number(round);
  writer.word(answer).word(sender()).number(report.observedAt).number(224);
  writer.number(224 + 32 + (report.count << 5)).word(digest).number(epochAndRound);
  writeItems(writer, report.observations, report.count);
  emit(writer.bytes(report.observers, report.count), 3);
}

export function reportHash(digest: U256, epochAndRound: u64, report: Span): U256 {
  return hashReport(digest, epochAndRound, report);
}

export function configOf(feed: U256): void {
  const head = headOf(feed);
  const digest = digestOf(feed);
  const writer = returns(7 + <u32>head.signers).word(head.owner()).word(digest);
  writer.number(head.configCount).number(head.f).number(latestOf(feed).epochAndRound).number(192);
  writer.number(head.signers);
  for (let number: u64 = 0; number < head.signers; number++) {
    writer.word(signerOf(digest, number));
  }
}

export function termsOf(feed: U256): void {
  const head = headOf(feed);
  returns(4).number(head.heartbeat).number(head.deviationBps).word(minAnswerOf(feed))
    .word(maxAnswerOf(feed));
}

export function latestRoundData(feed: U256): void {
  headOf(feed);
  writeRoundData(feed, latestOf(feed).round);
}

export function getRoundData(feed: U256, round: U256): void {
  headOf(feed);
  writeRoundData(feed, fitsU64(round) && round.limb0 >> 32 == 0 ? <u32>round.limb0 : 0);
}

/** Both times are when the value was observed: a report held back does not look fresh. */
function writeRoundData(feed: U256, round: u32): void {
  const word = roundOf(feed, round);
  const time = updatedAtOf(word);
  const writer = returns(5).number(round).word(answerOf(word)).number(time).number(time);
  writer.number(time == 0 ? 0 : round);
}

export function status(feed: U256): void {
  const head = headOf(feed);
  const latest = latestOf(feed);
  const word = roundOf(feed, latest.round);
  const time = updatedAtOf(word);
  let state = NO_VALUE;
  if (latest.round != 0) state = blockTimestamp() - time > head.heartbeat ? STALE : FRESH;
  returns(8).number(state).word(answerOf(word)).word(confidenceOf(feed)).number(time)
    .number(latest.block).number(latest.observations).number(head.heartbeat)
    .number(head.deviationBps);
}

/** The strict read: reverts without a value or beyond `maxAge` seconds. */
export function getPriceNoOlderThan(feed: U256, maxAge: U256): void {
  headOf(feed);
  const latest = latestOf(feed);
  require(latest.round != 0, errors.NoData);
  const word = roundOf(feed, latest.round);
  const age = u256(blockTimestamp() - updatedAtOf(word));
  if (age > maxAge) fail2(errors.Stale, age, maxAge);
  returns(3).word(answerOf(word)).word(confidenceOf(feed)).number(updatedAtOf(word));
}
