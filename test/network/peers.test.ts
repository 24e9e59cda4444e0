import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { utf8 } from '../../src/primitives/bytes.ts';
import { exchangeCodecs } from '../../src/primitives/wire.ts';
import { startAdversary } from './adversary.ts';
import {
  connect,
  genesisHash,
  HostSet,
  silentLogger,
  startHost,
  statusAt,
  type TestHost,
  until,
} from './support.ts';

const hosts = new HostSet();
afterEach(() => hosts.stopAll());
const host = (...options: Parameters<typeof startHost>) => hosts.add(startHost(...options));
/** For hosts that one test starts one after the other. */
async function ownDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dodona-network-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}
const address = ({ network }: TestHost): string => network.addresses()[0] as string;

describe('peers', () => {
  it('shows who is connected, from both sides', async () => {
    const [a, b] = [await host({ height: 3 }), await host({ agent: 'dodona/other' })];
    await connect(a, b);
    await until('the agent is known', () => a.network.peers()[0]?.agent === 'dodona/other');
    expect(a.network.peers()).toMatchObject([
      { id: b.network.id, direction: 'outbound', height: 0, address: address(b) },
    ]);
    expect(b.network.peers()).toMatchObject([
      { id: a.network.id, direction: 'inbound', height: 3 },
    ]);
    expect(a.network.addresses()[0]).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/);
  });

  it('parts from another network, by protocol name and by the whole hash', async () => {
    const hungUp: string[] = [];
    const logger = {
      ...silentLogger,
      info: (facts: object) => {
        if ('reason' in facts && 'peer' in facts) hungUp.push(String(facts.peer));
      },
    };
    const a = await host({ logger });
    const other = await host({ genesisHash: sha256(utf8('other network')) });
    await a.network.dial(address(other));
    await until('it is hung up', () => hungUp.includes(other.network.id));
    // The same first 8 digits, so that every topic and protocol is the same.
    const twin = Uint8Array.from(genesisHash);
    twin[31] = (twin[31] as number) ^ 1;
    const status = exchangeCodecs.status.answer.encode(statusAt(1, twin));
    const adversary = hosts.track(await startAdversary({ status }));
    await a.network.dial(adversary.address);
    await until('it is hung up', () => hungUp.includes(adversary.id));
    await expect(adversary.dial(a)).rejects.toThrow();
    expect([...a.heard.joined, ...other.heard.joined]).toEqual([]);
  });

  it('dials its bootnode again when that has restarted', async () => {
    const boot = await startHost({ dataDirectory: await ownDirectory() });
    const port = Number(/tcp\/(\d+)/.exec(address(boot))?.[1]);
    const a = await host({ bootnodes: [address(boot)] });
    await until('it has joined', () => a.heard.joined.length === 1);
    await boot.network.stop();
    await until('it has left', () => a.heard.left.length === 1);
    // Without its memory it cannot be the one that dials.
    await rm(join(boot.directory, 'peers.json'));
    const again = await host({
      dataDirectory: boot.directory,
      listen: { host: '127.0.0.1', port },
    });
    expect(again.network.id).toBe(boot.network.id);
    await until('it has joined again', () => a.heard.joined.length === 2);
    await until('gossip works again', () => a.network.peers()[0]?.subscribed === true);
  });

  it('bans by report, for both directions, and keeps the ban over a restart', async () => {
    const [a, b] = [await startHost({ dataDirectory: await ownDirectory() }), await host()];
    await connect(a, b);
    a.network.report(b.network.id, 'stalled');
    expect(a.network.peers()).toHaveLength(1);
    a.network.report(b.network.id, 'invalid-block');
    await until('it is gone', () => a.heard.left.length === 1 && b.heard.left.length === 1);
    await expect(a.network.dial(address(b))).rejects.toThrow();
    await b.network.dial(address(a)).catch(() => undefined);
    await a.network.stop();
    const again = await host({ dataDirectory: a.directory });
    await expect(again.network.dial(address(b))).rejects.toThrow();
    expect([a.heard.joined.length, b.heard.joined.length]).toEqual([1, 1]);
    expect(again.heard.joined).toEqual([]);
  });

  it('keeps slots for its own dials when strangers fill the others', async () => {
    // 4 peers: 2 slots for inbound, 2 for outbound.
    const full = await host({ peersMax: 4 });
    const strangers = [await host(), await host(), await host()];
    await connect(strangers[0] as TestHost, full);
    await connect(strangers[1] as TestHost, full);
    await strangers[2]?.network.dial(address(full)).catch(() => undefined);
    await connect(full, strangers[2] as TestHost);
    expect(
      full.network
        .peers()
        .map(({ direction }) => direction)
        .sort(),
    ).toEqual(['inbound', 'inbound', 'outbound']);
  });

  it('writes anchors, and dials them first after a restart', async () => {
    const [a, b] = [await startHost({ dataDirectory: await ownDirectory() }), await host()];
    await connect(a, b);
    await a.network.stop();
    const file = JSON.parse(await readFile(join(a.directory, 'peers.json'), 'utf8'));
    expect(file.anchors).toEqual([b.network.id]);
    const again = await host({ dataDirectory: a.directory });
    await until('it has joined without being told', () => again.heard.joined.length === 1);
  });

  it('finds the others behind one bootnode', async () => {
    const boot = await host();
    const bootnodes = [address(boot)];
    const [a, b] = [await host({ bootnodes }), await host({ bootnodes })];
    const sees = (one: TestHost, other: TestHost): boolean =>
      one.network.peers().some(({ id }) => id === other.network.id);
    await until('they are connected', () => sees(a, b) && sees(b, a));
  });

  it('survives both sides dialling at once', async () => {
    const [a, b] = [await host({ height: 1 }), await host({ height: 2 })];
    await Promise.all([a.network.dial(address(b)), b.network.dial(address(a))]);
    const subscribed = (one: TestHost): boolean => one.network.peers()[0]?.subscribed === true;
    await until('both know each other', () => subscribed(a) && subscribed(b));
    await a.network.publish('blocks', Uint8Array.of(9));
    await until('a block arrives', () => b.heard.gossip.length === 1);
    expect([a.heard.joined.length, b.heard.joined.length]).toEqual([1, 1]);
    expect([a.heard.left, b.heard.left]).toEqual([[], []]);
    a.network.disconnect(b.network.id);
    await until('both know', () => a.heard.left.length === 1 && b.heard.left.length === 1);
  });

  it('hangs up when asked and does not dial at once', async () => {
    const b = await host();
    const a = await host({ bootnodes: [address(b)] });
    await until('it has joined', () => a.heard.joined.length === 1);
    a.network.disconnect(b.network.id);
    await until('both know', () => a.heard.left.length === 1 && b.heard.left.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    // The other side may come back; this one does not call.
    expect(a.network.peers().filter(({ direction }) => direction === 'outbound')).toEqual([]);
  });

  it('fails to start on a port that is taken, or with a bootnode that is none', async () => {
    const a = await host();
    const port = Number(/tcp\/(\d+)/.exec(address(a))?.[1]);
    const dataDirectory = await ownDirectory();
    const listen = { host: '127.0.0.1', port };
    await expect(startHost({ dataDirectory, listen })).rejects.toThrow();
    const bootnodes = ['203.0.113.7:30333'];
    await expect(startHost({ dataDirectory, bootnodes })).rejects.toThrow(/like \/ip4/);
  });

  it('refuses an address that is none, and itself', async () => {
    const a = await host();
    await expect(a.network.dial('nowhere')).rejects.toThrow();
    await expect(a.network.dial(address(a))).rejects.toThrow();
    await expect(a.network.dial(address(a).split('/p2p/')[0] as string)).rejects.toThrow();
  });
});
