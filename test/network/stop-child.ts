/** Run as a process by stop.test.ts: two hosts that meet, work and stop. Nothing may keep it alive. */

import { exchangeCodecs } from '../../src/primitives/wire.ts';
import { connect, startHost, until } from './support.ts';

const query = async (): Promise<Uint8Array> => new Uint8Array(100_000);
const [a, b] = [await startHost({ query }), await startHost({ query })];
await connect(a, b);
await a.network.publish('blocks', Uint8Array.of(1));
a.network.publishTransactions([Uint8Array.of(2)]);
await until('a block arrives', () => b.heard.gossip.length > 0);
const ids = exchangeCodecs.bodies.query.encode({ ids: ['00'.repeat(32)] });
await a.network.request(b.network.id, 'bodies', ids, 10_000);
await b.stop();
await a.stop();
process.stdout.write('stopped\n');
