/** TwapOracle, its pairs and SignedAggregator: what clients call beyond the face of all feeds. */

import { parseAbi } from 'viem/utils';

export const twapAbi = parseAbi([
  'struct FeedConfig { address pool; bool zeroForOne; uint32 window; uint32 minWindow; uint32 minBlocks; uint32 maxAge; uint32 maxSecondsPerBlock; uint16 divergenceBps; }',
  'function createFeedWith(string name, FeedConfig configuration, uint16 cardinality) payable returns (bytes32 feed)',
  'function poke(bytes32 feed) returns (bool wrote)',
  'function configuration(bytes32 feed) view returns (FeedConfig)',
  'error UnknownFeed()',
  'error UnknownPool()',
  'error BadConfiguration(uint8 field)',
  'error WindowTooShort(uint32 min)',
  'error HistoryTooShort(uint64 oldest)',
  'error TooFewBlocks(uint64 have, uint64 need)',
  'error TimestampSkew(uint64 secs, uint64 blocks)',
  'error SourcesDiverge(uint256 timeMean, uint256 blockMean)',
  'error NoLiquidity()',
  'error NoData()',
  'error Stale(uint64 age, uint64 max)',
  'error CardinalityLimit(uint16 max)',
]);

export const pairAbi = parseAbi([
  'function observationState() view returns (uint16 index, uint16 cardinality, uint16 cardinalityNext, uint64 tradeTime, uint64 tradeHeight)',
  'function observations(uint16 index) view returns (uint64 time, uint64 height, int56 ticks, uint64 dry, uint256 price0, uint256 price1, uint256 blockPrice0, uint256 blockPrice1)',
]);

export const signedAbi = parseAbi([
  'function transmit(bytes32 feed, bytes32 digest, uint40 epochAndRound, bytes report, bytes[] signatures)',
  'function configOf(bytes32 feed) view returns (address owner, bytes32 digest, uint32 configCount, uint8 f, uint40 latestEpochAndRound, address[] signers)',
  'error UnknownFeed()',
  'error OnlyOwner()',
  'error BadConfiguration(uint8 field)',
  'error BadSigners()',
  'error StaleReport()',
  'error WrongDigest()',
  'error WrongSignatureCount(uint8 have, uint8 need)',
  'error UnknownSigner()',
  'error DuplicateSigner()',
  'error BadSignature()',
  'error BadReport()',
  'error BadObservers()',
  'error NotSorted()',
  'error TooFewObservations()',
  'error FutureObservations(uint64 observed, uint64 latest)',
  'error OutOfRange(int192 answer)',
]);
