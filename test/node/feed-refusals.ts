/** What feeds of pairs and of signers, the guard and the registries refuse, for the scene of refusals. */

import { encodeAbiParameters, type Hex, toHex as textToHex } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import { readArtifact, targetOf } from '../contracts/artifacts.ts';
import type { Call, RefusalScene } from './refusal-scene.ts';
import { on, reporter, rival, stranger } from './refusal-scene.ts';

const signed = targetOf('SignedAggregator');
const twap = targetOf('TwapOracle');
const registry = targetOf('OracleRegistry');
const stakes = targetOf('StakeRegistry');
const guard = targetOf('CorruptionGuard');
const fund = targetOf('OracleFund');
const oracle = targetOf('CommitRevealOracle');
const ofSigned = on(signed);
const ofTwap = on(twap);
const noFeed: Hex = `0x${'07'.repeat(32)}`;
const oak = 10n ** 18n;

const signers = [0, 1, 2, 3].map(reporter);
/** As long ago as 1970-01-12: any age that a reader allows is exceeded. */
const observedAt = 1_000_000;

function reportOf(
  observations: readonly bigint[],
  observers: readonly number[] = [0, 1],
  time = observedAt,
) {
  const numbers: Hex = `0x${textToHex(Uint8Array.from(observers)).slice(2).padEnd(64, '0')}`;
  const types = [{ type: 'uint32' }, { type: 'bytes32' }, { type: 'int192[]' }];
  return encodeAbiParameters(types, [time, numbers, observations]);
}

/** A feed of four signers, two of whom must agree. */
export async function refuseSigned(scene: RefusalScene): Promise<void> {
  const terms = {
    decimals: 8,
    heartbeat: 3_600,
    deviationBps: 50,
    minAnswer: 10n,
    maxAnswer: 1_000n,
  };
  const create = (changes: Partial<typeof terms>): Call => ({
    ...ofSigned(stranger, 'createFeed', ['GOLD/USD', { ...terms, ...changes }]),
    money: 10n * oak,
  });
  const count = await scene.read<bigint>(registry, 'feedCount');
  await scene.refuse([
    { ...create({ heartbeat: 0 }), error: 'BadConfiguration' },
    { ...create({ maxAnswer: 9n }), error: 'BadConfiguration' },
  ]);
  await scene.succeed([create({})]);
  const feed = await scene.read<Hex>(registry, 'feedAt', [count]);
  const configure = (by: PrivateKeyAccount, people: readonly PrivateKeyAccount[]): Call =>
    ofSigned(by, 'setConfig', [feed, people.map(({ address }) => address), 1]);
  const read = ofSigned(rival, 'getPriceNoOlderThan', [feed, 60n]);
  scene.keep([signed, 'configOf', [feed]], [signed, 'latestRoundData', [feed]]);
  await scene.refuse([
    { ...configure(rival, signers), error: 'OnlyOwner' },
    { ...configure(stranger, signers.slice(0, 3)), error: 'BadSigners' },
    { ...configure(stranger, [...signers, reporter(0)]), error: 'BadSigners' },
    { ...read, error: 'NoData' },
  ]);
  await scene.succeed([configure(stranger, signers)]);
  const [, digest] = await scene.read<readonly [Hex, Hex]>(signed, 'configOf', [feed]);
  const transmit = async (
    report: Hex,
    people: readonly PrivateKeyAccount[] = signers.slice(0, 2),
  ): Promise<Call> => {
    const hash = await scene.read<Hex>(signed, 'reportHash', [digest, 1, report]);
    const signatures = await Promise.all(people.map((one) => one.sign({ hash })));
    return ofSigned(rival, 'transmit', [feed, digest, 1, report, signatures]);
  };
  const good = reportOf([100n, 101n]);
  const sound = await transmit(good);
  const withArgument = (index: number, argument: unknown): Call => ({
    ...sound,
    args: sound.args.map((given, at) => (at === index ? argument : given)),
  });
  await scene.refuse([
    { ...withArgument(0, noFeed), error: 'UnknownFeed' },
    { ...withArgument(1, noFeed), error: 'WrongDigest' },
    { ...withArgument(3, '0x00'), error: 'BadReport' },
    { ...withArgument(4, ['0x00', '0x00']), error: 'BadSignature' },
    { ...(await transmit(reportOf([100n], [0]))), error: 'TooFewObservations' },
    { ...(await transmit(reportOf([100n, 101n], [1, 1]))), error: 'BadObservers' },
    { ...(await transmit(reportOf([101n, 100n]))), error: 'NotSorted' },
    {
      ...(await transmit(reportOf([100n, 101n], [0, 1], 2 ** 32 - 1))),
      error: 'FutureObservations',
    },
    { ...(await transmit(reportOf([1n, 2n]))), error: 'OutOfRange' },
    { ...(await transmit(good, signers.slice(0, 1))), error: 'WrongSignatureCount' },
    { ...(await transmit(good, [reporter(0), stranger])), error: 'UnknownSigner' },
    { ...(await transmit(good, [reporter(0), reporter(0)])), error: 'DuplicateSigner' },
  ]);
  await scene.succeed([sound]);
  await scene.refuse([
    { ...sound, error: 'StaleReport' },
    { ...read, error: 'Stale' },
  ]);
}

/** Stake, shares of the fund, and what consumers have at risk. */
export async function refuseKeepers(scene: RefusalScene, feed: Hex): Promise<void> {
  const { address } = rival;
  const register = (of: Hex, amount: bigint, epochs: number, money = 0n): Call => ({
    ...on(guard)(rival, 'register', [of, amount, epochs]),
    money,
  });
  const amount = 10_000n * oak;
  const premium = await scene.read<bigint>(guard, 'premiumOf', [amount, 1]);
  const ofStakes = on(stakes);
  const future = 10_000_000n;
  const inRegistry = [address, 1, 'X/USD', noFeed, 8, 60, 0];
  scene.keep([stakes, 'accountOf', [address]], [guard, 'exposureOf', [address, feed]]);
  await scene.refuse([
    { ...register(feed, 0n, 1), error: 'ZeroAmount' },
    { ...register(feed, 2n ** 96n, 1), error: 'TooLarge' },
    { ...register(feed, amount, 0), error: 'BadPeriod' },
    { ...register(feed, amount, 1, premium - 1n), error: 'WrongValue' },
    { ...register(noFeed, amount, 1, premium), error: 'UnknownFeed' },
    { ...register(feed, amount, 1, premium), error: 'Insecure' },
    { ...on(guard)(rival, 'withdraw', [feed]), error: 'NothingRegistered' },
    { ...on(fund)(rival, 'collect', [noFeed]), error: 'UnknownFeed' },
    { ...on(registry)(rival, 'register', inRegistry), error: 'OnlyOracle' },
    { ...on(oracle)(rival, 'fund', [feed]), error: 'ZeroAmount' },
  ]);
  await scene.succeed([{ ...ofStakes(rival, 'deposit', []), money: oak }]);
  await scene.succeed([ofStakes(rival, 'requestExit', [oak / 2n])]);
  await scene.refuse([
    { ...ofStakes(rival, 'requestExit', [oak]), error: 'StakeTooLow' },
    { ...ofStakes(rival, 'withdraw', []), error: 'ExitPending' },
    { ...ofStakes(stranger, 'withdraw', []), error: 'NothingToWithdraw' },
    { ...ofStakes(rival, 'lock', [address, noFeed, 1n]), error: 'OnlyOracle' },
    { ...ofStakes(rival, 'stakeAt', [address, future]), error: 'FutureBlock' },
  ]);
}

/** A pair of wrapped OAK and a second coin like it, with as much of either. */
async function openPair(scene: RefusalScene) {
  const wrapped = targetOf('WrappedOak');
  const factory = targetOf('PairFactory');
  const token = {
    abi: wrapped.abi,
    address: await scene.deploy(rival, readArtifact('WrappedOak'), []),
  };
  const coins = [wrapped.address, token.address];
  await scene.succeed([on(factory)(rival, 'createPair', coins)]);
  const { abi } = readArtifact('AmmPair');
  const pair = { abi, address: await scene.read<Hex>(factory, 'getPair', coins) };
  const fill = [wrapped, token].flatMap((coin) => [
    { ...on(coin)(rival, 'deposit', []), money: oak },
    on(coin)(rival, 'transfer', [pair.address, oak]),
  ]);
  return {
    ...{ pair, rogue: await scene.deploy(rival, readArtifact('AmmPair'), coins) },
    fill: [...fill, on(pair)(rival, 'mint', [rival.address])],
  };
}

/** A feed of a pair, from before it has a price. */
export async function refuseTwap(scene: RefusalScene): Promise<void> {
  const { pair, rogue, fill } = await openPair(scene);
  const terms = {
    ...{ pool: pair.address, zeroForOne: true, window: 4_000_000, minWindow: 3_000_000 },
    ...{ minBlocks: 2, maxAge: 60, maxSecondsPerBlock: 0, divergenceBps: 0 },
  };
  const create = (changes: Partial<typeof terms>): Call => ({
    ...ofTwap(rival, 'createFeedWith', ['OAK/COIN', { ...terms, ...changes }, 4]),
    money: 10n * oak,
  });
  await scene.refuse([
    { ...create({ window: 0 }), error: 'BadConfiguration' },
    { ...create({ minWindow: 4_000_001 }), error: 'BadConfiguration' },
    { ...create({ divergenceBps: 10_001 }), error: 'BadConfiguration' },
    { ...create({ pool: rogue }), error: 'UnknownPool' },
    { ...ofTwap(rival, 'poke', [noFeed]), error: 'UnknownFeed' },
  ]);
  const count = await scene.read<bigint>(registry, 'feedCount');
  await scene.succeed([create({})]);
  const feed = await scene.read<Hex>(registry, 'feedAt', [count]);
  const consult = (window: number): Call => ofTwap(rival, 'consult', [feed, window, oak, true]);
  const consultBlocks = (blocks: number): Call =>
    ofTwap(rival, 'consultBlocks', [feed, blocks, oak, true]);
  scene.keep([pair, 'observationState', []], [pair, 'getReserves', []]);
  await scene.refuse([
    { ...consult(3_000_000), error: 'NoLiquidity' },
    { ...consult(2_999_999), error: 'WindowTooShort' },
  ]);
  await scene.succeed(fill);
  await scene.mineTo((await scene.next()) + 3);
  await scene.refuse([
    { ...consult(3_000_000), error: 'HistoryTooShort' },
    { ...ofTwap(rival, 'getPriceNoOlderThan', [feed, 60n]), error: 'HistoryTooShort' },
    { ...consultBlocks(1), error: 'TooFewBlocks' },
    { ...consultBlocks(2), error: 'NoData' },
    { ...ofTwap(rival, 'increaseCardinality', [feed, 1_025]), error: 'CardinalityLimit' },
  ]);
}
