import { afterEach, describe, expect, it } from 'vitest';
import { connect, startHost, type TestHost, until } from './support.ts';

const hosts: TestHost[] = [];
async function host(...options: Parameters<typeof startHost>): Promise<TestHost> {
  const started = await startHost(...options);
  hosts.push(started);
  return started;
}
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((started) => started.stop()));
});

describe('gossip', () => {
  it('carries one block announcement between two hosts', async () => {
    const a = await host({ height: 7 });
    const b = await host({ height: 9 });
    await connect(a, b);
    expect(a.heard.joined[0]?.status.height).toBe(9);
    expect(b.heard.joined[0]?.status.height).toBe(7);
    expect(await a.network.publish('blocks', Uint8Array.of(1, 2, 3))).toBe(1);
    await until('the block arrives', () => b.heard.gossip.length === 1);
    expect(b.heard.gossip[0]).toMatchObject({
      peer: a.network.id,
      topic: 'blocks',
      bytes: Uint8Array.of(1, 2, 3),
    });
  });
});
