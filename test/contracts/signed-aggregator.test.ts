import fc from 'fast-check';
import { type Hex, keccak256, toHex } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ContractChain, Target } from '../support/contract-chain.ts';
import { account, readArtifact } from './artifacts.ts';
import { holdToBounds } from './gas-bounds.ts';
import {
  aggregator,
  baseTerms,
  members,
  oak,
  owner,
  people,
  registry,
  SignedScene,
  signatures,
  stranger,
} from './signed-scene.ts';

const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const three = { observations: [20n, 30n, 40n] };

let scene: SignedScene;
let chain: ContractChain;

beforeEach(() => {
  scene = new SignedScene();
  chain = scene.chain;
});

describe('SignedAggregator', () => {
  it('A1: of four signers exactly two are needed', async () => {
    expect((await scene.transmit(three, { signers: [0] })).error).toBe('WrongSignatureCount(1,2)');
    expect((await scene.transmit(three, { signers: [0, 1, 2] })).error).toBe(
      'WrongSignatureCount(3,2)',
    );
    const { error, events } = await scene.transmit(three, { signers: [3, 1] });
    expect(error).toBe(undefined);
    expect(events.map(({ name }) => name)).toEqual(['NewTransmission', 'AnswerUpdated']);
    expect(events[0]?.args).toEqual({
      feed: scene.feed,
      roundId: 1,
      answer: 30n,
      transmitter: stranger,
      observationsTimestamp: chain.time,
      observations: [20n, 30n, 40n],
      observers: '0x000102',
      digest: scene.digest,
      epochAndRound: 1,
    });
  });

  it('A2: nobody signs twice', async () => {
    expect((await scene.transmit(three, { signers: [2, 2] })).error).toBe('DuplicateSigner()');
  });

  it('A3: an epoch and round counts once, and none before it', async () => {
    expect((await scene.transmit(three, { epochAndRound: 7 })).error).toBe(undefined);
    expect((await scene.transmit(three, { epochAndRound: 7 })).error).toBe('StaleReport()');
    expect((await scene.transmit(three, { epochAndRound: 6 })).error).toBe('StaleReport()');
    expect((await scene.transmit(three, { epochAndRound: 2 ** 40 - 1 })).error).toBe(undefined);
    expect(scene.latest()[0]).toBe(2n);
  });

  it('A4: the median of an even number is the upper middle one', async () => {
    await scene.transmit({ observations: [10n, 20n, 30n, 40n] });
    expect(scene.latest()[1]).toBe(30n);
    chain.mine();
    await scene.transmit({ observations: [10n, 20n, 30n] });
    expect(scene.latest()[1]).toBe(20n);
  });

  it('A5: one observation is too few where one signer may be faulty', async () => {
    expect((await scene.transmit({ observations: [20n] })).error).toBe('TooFewObservations()');
    expect((await scene.transmit({ observations: [20n, 30n] })).error).toBe(undefined);
  });

  it('A6: observations ascend', async () => {
    expect((await scene.transmit({ observations: [20n, 40n, 30n] })).error).toBe('NotSorted()');
    expect((await scene.transmit({ observations: [30n, 30n, 30n] })).error).toBe(undefined);
  });

  it('A7: signatures for another chain or configuration are those of strangers', async () => {
    const report = scene.encodeReport(three);
    const elsewhere = await signatures(scene.hashOf(report, 1, { chainId: 1 }), [0, 1]);
    expect((await scene.transmit(three, { signatures: elsewhere })).error).toBe('UnknownSigner()');
    const other = keccak256('0x01');
    const otherDigest = await signatures(scene.hashOf(report, 1, { digest: other }), [0, 1]);
    expect((await scene.transmit(three, { signatures: otherDigest })).error).toBe(
      'UnknownSigner()',
    );
    expect((await scene.transmit(three, { digest: other })).error).toBe('WrongDigest()');
    expect((await scene.transmit(three, { signers: [0, 4] })).error).toBe('UnknownSigner()');
  });

  it('A8: a value out of range is refused, and the feed goes stale instead of being clamped', async () => {
    expect((await scene.transmit({ observations: [9n, 10n, 11n] })).error).toBe(undefined);
    const before = scene.latest();
    chain.mine();
    expect((await scene.transmit({ observations: [9n, 9n, 11n] })).error).toBe('OutOfRange(9)');
    const high = await scene.transmit({ observations: [999n, 1_001n, 1_001n] });
    expect(high.error).toBe('OutOfRange(1001)');
    chain.mine(239);
    expect(scene.status()[0]).toBe(1); // exactly a heartbeat old
    chain.mine();
    expect(scene.latest()).toEqual(before);
    expect(scene.status().slice(0, 2)).toEqual([2, 10n]);
    const strict = () => chain.read(aggregator, 'getPriceNoOlderThan', [scene.feed, 3_600n]);
    expect(strict).toThrow('Stale(3615,3600)');
  });

  it('A9: the second form of a signature is refused', async () => {
    const report = scene.encodeReport(three);
    const [first, second] = (await signatures(scene.hashOf(report, 1), [0, 1])) as [Hex, Hex];
    const s = BigInt(`0x${first.slice(66, 130)}`);
    const flipped = (curveOrder - s).toString(16).padStart(64, '0');
    const v = first.endsWith('1b') ? '1c' : '1b';
    const malleable = `${first.slice(0, 66)}${flipped}${v}` as Hex;
    const refused = await scene.transmit(three, { signatures: [malleable, second] });
    expect(refused.error).toBe('BadSignature()');
    const short = await scene.transmit(three, { signatures: [first.slice(0, -2) as Hex, second] });
    expect(short.error).toBe('BadSignature()');
    const wrongV = await scene.transmit(three, {
      signatures: [`${first.slice(0, -2)}1d` as Hex, second],
    });
    expect(wrongV.error).toBe('UnknownSigner()');
    expect((await scene.transmit(three, { signatures: [first, second] })).error).toBe(undefined);
  });

  it('A10: a new configuration makes signed reports worthless', async () => {
    const report = scene.encodeReport(three);
    const list = await signatures(scene.hashOf(report, 9), [0, 1]);
    const old = scene.digest;
    scene.configure(members, 1);
    expect(scene.digest).not.toBe(old);
    const replay = { epochAndRound: 9, signatures: list };
    expect((await scene.transmit(three, { ...replay, digest: old })).error).toBe('WrongDigest()');
    expect((await scene.transmit(three, replay)).error).toBe('UnknownSigner()');
    // epochs begin anew, rounds go on
    expect((await scene.transmit(three, { epochAndRound: 1 })).error).toBe(undefined);
  });
});

describe('reports', () => {
  it('are hashed as EIP-712 says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(2 ** 30), (bytes, epochAndRound) => {
        const report = toHex(bytes);
        const hash = chain.read(aggregator, 'reportHash', [scene.digest, epochAndRound, report]);
        expect(hash).toBe(scene.hashOf(report, epochAndRound));
      }),
      { numRuns: 20 },
    );
  });

  it('come from different observers who are signers', async () => {
    const by = async (...observers: number[]) =>
      (await scene.transmit({ ...three, observers })).error;
    expect(await by(0, 1, 1)).toBe('BadObservers()');
    expect(await by(0, 1, 4)).toBe('BadObservers()');
    expect(await by(0, 1, 2, 3)).toBe('BadObservers()');
    const five = { observations: [20n, 20n, 20n, 20n, 20n], observers: [0, 1, 2, 3] };
    expect((await scene.transmit(five)).error).toBe('BadObservers()');
    expect(await by(3, 2, 0)).toBe(undefined);
  });

  it('are refused when they are not exactly one encoded report', async () => {
    const good = scene.encodeReport(three);
    const words = (good.length - 2) / 64;
    const changed = (word: number, text: string) =>
      `${good.slice(0, 2 + word * 64)}${text.padStart(64, '0')}${good.slice(66 + word * 64)}` as Hex;
    const bad: Hex[] = [
      '0x',
      good.slice(0, 2 + 64 * (words - 1)) as Hex,
      `${good}00`,
      changed(0, '0'),
      changed(0, '100000000'),
      changed(2, '80'),
      changed(3, '2'),
      changed(3, 'ffffffff'),
      changed(4, '8'.padEnd(48, '0')), // 2^191
    ];
    for (const report of bad) {
      const list = await signatures(scene.hashOf(report, 1), [0, 1]);
      const { error } = chain.send(stranger, aggregator, 'transmit', [
        scene.feed,
        scene.digest,
        1,
        report,
        list,
      ]);
      expect(error).toBe('BadReport()');
    }
  });

  it('carry the time of the observation: held back they do not look fresh', async () => {
    const time = chain.time;
    chain.mine(100);
    expect((await scene.transmit({ ...three, time })).error).toBe(undefined);
    expect(scene.latest().slice(2, 4)).toEqual([BigInt(time), BigInt(time)]);
    const age = 1_500n;
    expect(() => chain.read(aggregator, 'getPriceNoOlderThan', [scene.feed, age - 1n])).toThrow(
      `Stale(${age},${age - 1n})`,
    );
    chain.mine();
    const ahead = { ...three, time: chain.time + 60 };
    expect((await scene.transmit(ahead)).error).toBe(undefined);
    expect(scene.latest()[3]).toBe(BigInt(chain.time));
    chain.mine();
    const error = `FutureObservations(${chain.time + 61},${chain.time + 60})`;
    expect((await scene.transmit({ ...three, time: chain.time + 61 })).error).toBe(error);
  });

  it('of 31 signers fit a twentieth of a block', async () => {
    scene.configure(people, 10);
    const observations = people.map((_, index) => 100n + BigInt(index));
    const sending = { signers: Array.from({ length: 11 }, (_, index) => index) };
    const { error, gasUsed } = await scene.transmit({ observations }, sending);
    expect(error).toBe(undefined);
    // observations 11 to 21 are left when ten at each end may be false
    expect(scene.status().slice(0, 3)).toEqual([1, 115n, 5n]);
    expect(gasUsed).toBeLessThan(1_500_000n);
  });

  it('agree with a model, whatever is observed', async () => {
    chain.mine();
    const values = fc.array(fc.bigInt({ min: 10n, max: 1_000n }), { minLength: 2, maxLength: 4 });
    const property = fc.asyncProperty(values, async (unsorted) => {
      const observations = [...unsorted].sort((a, b) => (a < b ? -1 : 1));
      const count = observations.length;
      const answer = observations[count >> 1] as bigint;
      const low = observations[Math.min(1, count >> 1)] as bigint;
      const high = observations[Math.max(count - 2, count >> 1)] as bigint;
      const conf = answer - low > high - answer ? answer - low : high - answer;
      chain.mine();
      expect((await scene.transmit({ observations })).error).toBe(undefined);
      expect(scene.status().slice(0, 3)).toEqual([1, answer, conf]);
    });
    await fc.assert(property, { numRuns: 15 });
  });
});

describe('feeds of known signers', () => {
  const proxyOf = (): Target => ({
    address: chain.read<Hex>(registry, 'proxyOf', [scene.feed]),
    abi: readArtifact('AggregatorV3Proxy').abi,
  });

  it('are read through their proxies', async () => {
    const proxy = proxyOf();
    expect(chain.read(proxy, 'latestRoundData')).toEqual([0n, 0n, 0n, 0n, 0n]);
    expect(() => chain.read(proxy, 'getPriceNoOlderThan', [1n])).toThrow('NoData()');
    expect(chain.read<readonly unknown[]>(proxy, 'status')[0]).toBe(0);
    await scene.transmit({ observations: [20n, 30n, 31n, 40n] });
    const time = BigInt(chain.time);
    expect(chain.read(proxy, 'latestRoundData')).toEqual([1n, 31n, time, time, 1n]);
    expect(chain.read(proxy, 'getRoundData', [1n])).toEqual([1n, 31n, time, time, 1n]);
    for (const round of [2n, 2n ** 32n + 1n, 2n ** 64n + 1n]) {
      expect(chain.read<readonly bigint[]>(proxy, 'getRoundData', [round]).slice(1)).toEqual([
        0n,
        0n,
        0n,
        0n,
      ]);
    }
    expect(chain.read(proxy, 'getPriceNoOlderThan', [0n])).toEqual([31n, 1n, time]);
    expect(chain.read(proxy, 'status')).toEqual([1, 31n, 1n, time, 1n, 4, 3_600, 50]);
    expect(chain.read<readonly unknown[]>(registry, 'feedOf', [scene.feed])[0]).toBe(3);
  });

  it('hold negative values', async () => {
    const wide = { ...baseTerms, minAnswer: -(2n ** 191n), maxAnswer: 2n ** 191n - 1n };
    scene.feed = scene.create(owner, 'NEGATIVE', wide);
    scene.configure(members, 1);
    await scene.transmit({ observations: [-(2n ** 191n), -5n, 2n ** 191n - 1n] });
    expect(scene.latest()[1]).toBe(-5n);
    chain.mine();
    await scene.transmit({ observations: [-(2n ** 191n), -(2n ** 191n), 0n] });
    expect(scene.latest()[1]).toBe(-(2n ** 191n));
  });

  it('belong to who created them, under the same name as often as there are owners', () => {
    const first = scene.create(owner, 'SILVER/USD', baseTerms);
    const second = scene.create(stranger, 'SILVER/USD', baseTerms);
    expect(first).not.toBe(second);
    const again = chain.send(owner, aggregator, 'createFeed', ['SILVER/USD', baseTerms], 10n * oak);
    expect(again.error).toBe('FeedExists()');
    const foreign = chain.send(stranger, aggregator, 'setConfig', [first, members, 1]);
    expect(foreign.error).toBe('OnlyOwner()');
    expect(chain.read<readonly unknown[]>(aggregator, 'configOf', [first])).toEqual([
      owner,
      `0x${'00'.repeat(32)}`,
      0,
      0,
      0,
      [],
    ]);
    expect(chain.balance(aggregator.address)).toBe(0n);
  });

  it('have no value before they have signers', async () => {
    scene.feed = scene.create(owner, 'SILVER/USD', baseTerms);
    scene.digest = `0x${'00'.repeat(32)}`;
    expect((await scene.transmit(three)).error).toBe('WrongDigest()');
    scene.feed = keccak256('0x02');
    expect((await scene.transmit(three)).error).toBe('UnknownFeed()');
    expect(() => scene.latest()).toThrow('UnknownFeed()');
  });

  it('refuse terms and signers that make no sense', () => {
    const refused = (content: Partial<typeof baseTerms>, field: number) => {
      const values = ['BAD', { ...baseTerms, ...content }];
      const { error } = chain.send(owner, aggregator, 'createFeed', values, 10n * oak);
      expect(error).toBe(`BadConfiguration(${field})`);
    };
    refused({ decimals: 37 }, 0);
    refused({ heartbeat: 0 }, 1);
    refused({ deviationBps: 10_001 }, 2);
    refused({ minAnswer: 1_001n }, 4);
    const signers = (list: readonly Hex[], f: number) =>
      chain.send(owner, aggregator, 'setConfig', [scene.feed, list, f]).error;
    expect(signers(people.slice(0, 3), 1)).toBe('BadSigners()');
    expect(signers([], 0)).toBe('BadSigners()');
    expect(signers([...people, account(1)], 1)).toBe('BadSigners()');
    expect(signers([...members, members[0] as Hex], 1)).toBe('BadSigners()');
    expect(signers([...members, account(0)], 1)).toBe('BadSigners()');
    expect(signers(people.slice(0, 1), 0)).toBe(undefined);
  });

  it('cost bounded gas', async () => {
    const created = chain.mustSend(owner, aggregator, 'createFeed', ['GAS', baseTerms], 10n * oak);
    const configured = chain.mustSend(owner, aggregator, 'setConfig', [scene.feed, people, 10]);
    scene.configure(people, 10);
    const observations = people.map((_, index) => 100n + BigInt(index));
    const signers = Array.from({ length: 11 }, (_, index) => index);
    const transmitted = await scene.transmit({ observations }, { signers });
    const used = { createFeed: created, setConfig: configured, transmit: transmitted };
    const gas = Object.entries(used).map(([name, { gasUsed }]) => [name, gasUsed] as const);
    holdToBounds('SignedAggregator', new Map(gas));
  });
});
