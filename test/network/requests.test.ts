import { afterEach, describe, expect, it } from 'vitest';
import { encodeLength } from '../../src/network/frames.ts';
import { answerSizeMax } from '../../src/network/requests.ts';
import type { NetworkHandlers, Stream } from '../../src/network/types.ts';
import { concat } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';
import { exchangeCodecs } from '../../src/primitives/wire.ts';
import { startAdversary } from './adversary.ts';
import { connect, HostSet, startHost, statusAt, type TestHost, until } from './support.ts';

const hosts = new HostSet();
afterEach(() => hosts.stopAll());
const host = (...options: Parameters<typeof startHost>) => hosts.add(startHost(...options));

/** For answers that come. */
const patientMs = 300_000;
const bodiesQuery = exchangeCodecs.bodies.query.encode({ ids: ['11'.repeat(32)] });
const headersQuery = exchangeCodecs.headers.query.encode({
  locator: ['22'.repeat(32)],
  stop: '00'.repeat(32),
  max: 2_000,
});
const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff);

/** A host that asks and one that serves with `query`. */
async function pair(query: NetworkHandlers['query']): Promise<[TestHost, TestHost]> {
  const [asker, server] = [await host(), await host({ query })];
  await connect(asker, server);
  return [asker, server];
}

/** A host connected to an adversary whose answers `answer` writes. */
async function withAdversary(answer: (stream: Stream) => void): Promise<[TestHost, string]> {
  const asker = await host();
  const adversary = hosts.track(await startAdversary({ answer }));
  await asker.network.dial(adversary.address);
  await until('it has joined', () => asker.heard.joined.length === 1);
  return [asker, adversary.id];
}

describe('requests', () => {
  it('carries queries and answers, also from the side that was dialled', async () => {
    const asked: [string, string, Uint8Array][] = [];
    const query: NetworkHandlers['query'] = async (peer, kind, bytes) => {
      asked.push([peer, kind, bytes]);
      return pattern(100);
    };
    const [a, b] = [await host({ query }), await host({ query })];
    await connect(a, b);
    expect(await a.network.request(b.network.id, 'bodies', bodiesQuery, patientMs)).toEqual(
      pattern(100),
    );
    expect(await b.network.request(a.network.id, 'headers', headersQuery, patientMs)).toEqual(
      pattern(100),
    );
    expect(asked).toEqual([
      [a.network.id, 'bodies', bodiesQuery],
      [b.network.id, 'headers', headersQuery],
    ]);
  });

  it('answers status by itself', async () => {
    const [a, b] = [await host(), await host({ height: 77 })];
    await connect(a, b);
    const own = exchangeCodecs.status.query.encode(statusAt(1));
    const bytes = await a.network.request(b.network.id, 'status', own, patientMs);
    expect(exchangeCodecs.status.answer.decode(bytes).height).toBe(77);
  });

  it('carries the largest answers of several requests at once', async () => {
    const largest = pattern(answerSizeMax.bodies);
    const [asker, server] = await pair(async () => largest);
    const answers = await Promise.all(
      Array.from({ length: limits.requestsInFlightPerPeer }, () =>
        asker.network.request(server.network.id, 'bodies', bodiesQuery, patientMs),
      ),
    );
    for (const answer of answers) expect(Buffer.compare(answer, largest)).toBe(0);
  });

  it('refuses a request beyond those in flight, and serves again afterwards', async () => {
    const release: (() => void)[] = [];
    const [asker, server] = await pair(
      () => new Promise((resolve) => release.push(() => resolve(pattern(1)))),
    );
    const ask = () => asker.network.request(server.network.id, 'bodies', bodiesQuery, patientMs);
    const open = Array.from({ length: limits.requestsInFlightPerPeer }, ask);
    await until('all are being served', () => release.length === open.length);
    await expect(ask()).rejects.toMatchObject({ code: 'refused' });
    for (const resolve of release) resolve();
    await Promise.all(open);
    const last = ask();
    await until('it is being served', () => release.length === open.length + 1);
    release.at(-1)?.();
    expect(await last).toEqual(pattern(1));
  });

  it('gives up at the deadline, and is told of refusals', async () => {
    let serve: () => Promise<Uint8Array> = () => new Promise(() => {});
    const [asker, server] = await pair(() => serve());
    const ask = (deadlineMs: number) =>
      asker.network.request(server.network.id, 'bodies', bodiesQuery, deadlineMs);
    await expect(ask(100)).rejects.toMatchObject({ code: 'timeout' });
    serve = () => Promise.reject(new Error('pruned'));
    await expect(ask(patientMs)).rejects.toMatchObject({ code: 'refused' });
    serve = async () => new Uint8Array(answerSizeMax.bodies + 1);
    await expect(ask(patientMs)).rejects.toMatchObject({ code: 'refused' });
  });

  it('frees the place of a cancelled request at once', async () => {
    const [asker, server] = await pair(() => new Promise(() => {}));
    const ask = (signal?: AbortSignal) =>
      asker.network.request(server.network.id, 'bodies', bodiesQuery, patientMs, signal);
    const controllers = Array.from({ length: 4 }, () => new AbortController());
    const open = controllers.map(({ signal }) => ask(signal).catch((error: unknown) => error));
    await expect(ask()).rejects.toMatchObject({ code: 'refused' });
    for (const controller of controllers) controller.abort();
    for (const error of await Promise.all(open)) expect(error).toMatchObject({ code: 'timeout' });
    const again = new AbortController();
    const next = ask(again.signal).catch((error: unknown) => error);
    again.abort();
    expect(await next).toMatchObject({ code: 'timeout' });
  });

  it('tells a lost connection from a refusal', async () => {
    const asker = await host();
    let asked = 0;
    const adversary = hosts.track(await startAdversary({ answer: () => asked++ }));
    await asker.network.dial(adversary.address);
    await until('it has joined', () => asker.heard.joined.length === 1);
    const ask = () => asker.network.request(adversary.id, 'bodies', bodiesQuery, patientMs);
    const cutOff = ask().catch((error: unknown) => error);
    await until('it is asked', () => asked === 1);
    await hosts.stop(adversary);
    expect(await cutOff).toMatchObject({ code: 'disconnected' });
    await until('the peer has left', () => asker.heard.left.length === 1);
    await expect(ask()).rejects.toMatchObject({ code: 'disconnected' });
  });

  it.each<[string, string, (stream: Stream) => void]>([
    [
      'a frame above the limit',
      'malformed',
      (stream) => {
        stream.send(encodeLength(answerSizeMax.bodies + 1));
      },
    ],
    [
      'a frame that is cut off',
      'malformed',
      (stream) => {
        stream.send(concat(encodeLength(10), pattern(9)));
        stream.close();
      },
    ],
    [
      'bytes after the frame',
      'malformed',
      (stream) => {
        stream.send(concat(encodeLength(3), pattern(4)));
        stream.close();
      },
    ],
    [
      'a length that is no varint',
      'malformed',
      (stream) => {
        stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff));
      },
    ],
    [
      'no answer at all',
      'refused',
      (stream) => {
        stream.close();
      },
    ],
    [
      'a reset',
      'refused',
      (stream) => {
        stream.abort(new Error('no'));
      },
    ],
    [
      'half an answer and then silence',
      'timeout',
      (stream) => {
        stream.send(concat(encodeLength(10), pattern(5)));
      },
    ],
  ])('reports %s as %s', async (_name, code, answer) => {
    const [asker, adversary] = await withAdversary(answer);
    const deadlineMs = code === 'timeout' ? 500 : patientMs;
    await expect(
      asker.network.request(adversary, 'bodies', bodiesQuery, deadlineMs),
    ).rejects.toMatchObject({ code });
    expect(asker.network.peers()).toHaveLength(1);
  });

  it.each<[string, Uint8Array]>([
    ['a query that does not decode', concat(encodeLength(2), Uint8Array.of(0xc1, 0x81))],
    ['a query above 64 KiB', encodeLength(limits.requestSizeBytesMax + 1)],
  ])('disconnects the sender of %s', async (_name, bytes) => {
    const server = await host({ query: () => Promise.reject(new Error('must not be asked')) });
    const adversary = hosts.track(await startAdversary());
    await adversary.dial(server);
    await until('it has joined', () => server.heard.joined.length === 1);
    const stream = await adversary.open('bodies');
    stream.send(bytes);
    await stream.close();
    await until('it is gone', () => server.heard.left.length === 1);
  });

  it('keeps the connection of a peer that opens a stream and says nothing', async () => {
    const server = await host({ query: async () => pattern(1) });
    const [silent, asker] = [hosts.track(await startAdversary()), await host()];
    await silent.dial(server);
    for (let count = 0; count < 20; count++) await silent.open('bodies').catch(() => undefined);
    await connect(asker, server);
    expect(
      await asker.network.request(server.network.id, 'bodies', bodiesQuery, patientMs),
    ).toEqual(pattern(1));
  });
});
