/**
 * `dodona start`: a node in the foreground, with its demonstration reporters on development
 * networks, until Ctrl-C or a thread's death.
 */

import { fileURLToPath } from 'node:url';
import { publicKeyOfPeer } from '../../network/identity.ts';
import type { Feed } from '../../oracle/client.ts';
import { formatDecimal } from '../../oracle/decimal.ts';
import type { OracleDesk } from '../../oracle/service.ts';
import { toHex } from '../../primitives/bytes.ts';
import { displayId } from '../../primitives/header.ts';
import { parseAddress } from '../../primitives/keys.ts';
import { testAccounts } from '../accounts.ts';
import type { Handler, Terminal } from '../command-line.ts';
import { startDemonstration } from '../demonstration.ts';
import type { HeadNotice } from '../executor-api.ts';
import { listKeystores } from '../keystore.ts';
import { createLogger } from '../log.ts';
import { type NodeOptions, type RunningNode, startNode } from '../node.ts';
import { UsageError } from '../resolve-settings.ts';
import { banner, consortiumText, formatHashRate, statusLine } from '../screen.ts';
import type { Settings } from '../settings.ts';
import { packageVersion } from '../version.ts';
import { keysDirectory } from './account.ts';

/** The genesis file of the settings; those of named networks come with the package. */
export function genesisFileOf(settings: Pick<Settings, 'genesis' | 'network'>): string {
  if (settings.genesis !== undefined) return settings.genesis;
  return fileURLToPath(new URL(`../../../genesis/${settings.network}.json`, import.meta.url));
}

/** Who is paid: the setting, else the first key of the node, else on devnets a test account. */
async function beneficiaryOf(settings: Settings): Promise<Uint8Array> {
  const named = settings['mine.beneficiary'];
  if (named !== undefined) return parseAddress(named);
  const [first] = await listKeystores(keysDirectory(settings));
  if (first !== undefined) return first.address;
  if (settings.genesis === undefined && settings.network === 'devnet') {
    return testAccounts()[0].address;
  }
  if (!settings.mine) return new Uint8Array(20);
  throw new UsageError(
    "mining needs somebody to pay: give --mine.beneficiary, or make a key with 'dodona account new'",
  );
}

async function nodeOptions(settings: Settings): Promise<NodeOptions> {
  return {
    genesisFile: genesisFileOf(settings),
    dataDirectory: settings.datadir,
    rpc: {
      host: settings['rpc.host'],
      port: settings['rpc.port'],
      allowedHosts: settings['rpc.allowed-hosts'],
    },
    p2p: {
      host: settings['p2p.host'],
      port: settings['p2p.port'],
      bootnodes: settings.bootnodes,
      mdns: settings['p2p.mdns'],
    },
    mine: {
      enabled: settings.mine,
      threads: settings['mine.threads'],
      beneficiary: await beneficiaryOf(settings),
      core: settings['mine.core'],
      stratumPort: settings['stratum.port'],
    },
  };
}

/** Resolves with undefined at a signal to stop, or with the error of a dead thread. */
function untilStopped(node: RunningNode): Promise<Error | undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => resolve(undefined));
    }
    void node.failed.then(resolve);
  });
}

/** How blocks come about here, for the banner. */
async function makersOf(
  node: RunningNode,
  settings: Settings,
): Promise<readonly (readonly [string, string])[]> {
  const { mining, backend } = node;
  if (mining !== undefined) {
    const { 'mine.threads': threads, mine } = settings;
    const text = `${threads} thread${threads === 1 ? '' : 's'}, ${mining.core} core`;
    return [
      ['mining', mine ? text : 'off'],
      ['Stratum', mining.stratumUrl],
    ];
  }
  const { consortium } = await backend.status();
  if (consortium === undefined) return [];
  const { members, quorum, self } = consortium;
  return [
    ['consortium', `${members.length} members, ${quorum} decide`],
    ['this node', self === undefined ? 'follows, does not vote' : `votes as member ${self}`],
    // What members add to their list, should it become one of them.
    ['its key', `0x${toHex(publicKeyOfPeer(node.network.id))}`],
  ];
}

/** Hash rate, or where the consortium stands, for the status line. */
async function makersLine({ backend }: RunningNode): Promise<string> {
  if (backend.mining !== undefined) return formatHashRate(backend.mining.status().hashesPerSecond);
  const { consortium } = await backend.status();
  return consortium === undefined ? '' : consortiumText(consortium, Date.now());
}

async function bannerOf(node: RunningNode, settings: Settings): Promise<string> {
  const { genesis } = node;
  return banner({
    version: packageVersion(),
    network: genesis.name,
    chainId: genesis.chainId,
    genesisId: displayId(node.genesisId),
    dataDirectory: settings.datadir,
    rpcUrl: node.rpcUrl,
    peerAddress: node.network.addresses()[0],
    makers: await makersOf(node, settings),
    development: genesis.development,
    accounts: genesis.development ? testAccounts() : [],
    feeds: (await node.oracle?.desk.feeds()) ?? [],
    demonstration: genesis.development && settings.demo,
  });
}

/** The answer of a feed with rounds and the phase of its round, for the status line. */
async function oracleLine(desk: OracleDesk, feed: Feed): Promise<string> {
  const [reading, round] = await Promise.all([desk.read(feed.id, undefined), desk.phase(feed)]);
  if ('code' in reading) return '';
  const answer =
    reading.state === 'none' ? 'no answer yet' : formatDecimal(reading.value, feed.decimals);
  return `${feed.name} ${answer} · round ${round.round} ${round.phase}`;
}

/** The line of a new head. What cannot be read now is left out of it. */
async function blockLine(
  node: RunningNode,
  notice: HeadNotice,
  feed: Promise<Feed | undefined> | undefined,
): Promise<string> {
  const answer = async (): Promise<string> => {
    const shown = await feed;
    return node.oracle && shown ? oracleLine(node.oracle.desk, shown) : '';
  };
  const [oracle, makers] = await Promise.all([
    answer().catch(() => ''),
    makersLine(node).catch(() => ''),
  ]);
  return statusLine({ notice, peers: node.network.peers().length, makers, oracle });
}

async function warnOfDueReveals(node: RunningNode, write: (text: string) => void): Promise<void> {
  const owing = (await node.oracle?.owing(node.live.head.height)) ?? [];
  if (owing.length === 0) return;
  write(
    `${owing.length} reporters still owe a reveal: start again before their window ends, or they are slashed\n`,
  );
}

export const runStart: Handler = async ({ settings: { values } }, terminal) => {
  const logger = createLogger({ level: values['log.level'], json: values['log.json'] });
  const node = await startNode(await nodeOptions(values), logger);
  try {
    return await serve(node, values, terminal);
  } finally {
    await node.stop();
  }
};

/** Starts the agents and says what runs here. */
async function introduce(
  node: RunningNode,
  settings: Settings,
  terminal: Terminal,
  warn: (problem: string) => void,
): Promise<void> {
  if (node.genesis.development && settings.demo && node.oracle !== undefined) {
    await startDemonstration(node.oracle, warn);
  }
  await node.oracle?.resume(warn);
  terminal.write(`${await bannerOf(node, settings)}\n`);
}

/** From the banner to the signal to stop; resolves with the exit code. */
async function serve(node: RunningNode, settings: Settings, terminal: Terminal): Promise<number> {
  const stopped = untilStopped(node);
  const warn = (problem: string): void => terminal.writeError(`dodona: ${problem}\n`);
  const { oracle } = node;
  const feed = oracle?.client
    .feeds()
    .then((feeds) => feeds.find(({ kind }) => kind === 'commit-reveal'))
    .catch(() => undefined);
  const introduced = introduce(node, settings, terminal, warn);
  // Blocks come before the banner is written: their lines wait for it, and for each other.
  let shown = introduced.catch(() => {});
  node.onHead((notice) => {
    const line = blockLine(node, notice, feed);
    shown = shown.then(async () => terminal.write(`${await line}\n`));
  });
  await introduced;
  const failure = await stopped;
  if (failure !== undefined) {
    warn(failure.message);
    return 1;
  }
  terminal.write('\nStopping…\n');
  await warnOfDueReveals(node, (text) => terminal.writeError(text)).catch(() => {});
  return 0;
}
