/**
 * Every command of the command line: what it is for, what it takes, an example or two. Parsing and
 * help are derived from this table; the settings it accepts come from the settings table.
 */

import { type SettingName, settingNames } from './settings.ts';

export interface Command {
  readonly name: string;
  /** What follows the name, as help shows it. */
  readonly takes: string;
  readonly purpose: string;
  /** Words after the name: fewest and most. */
  readonly words: readonly [number, number];
  readonly examples: readonly string[];
  /** Options of this command alone: name -> placeholder (empty for a switch) and help. */
  readonly options: Readonly<Record<string, readonly [placeholder: string, help: string]>>;
  readonly settings: readonly SettingName[];
}

const whereDataIs: readonly SettingName[] = ['config', 'network', 'genesis', 'datadir', 'instance'];
const whereNodeIs: readonly SettingName[] = [...whereDataIs, 'rpc.host', 'rpc.port'];

const passwordFile = ['FILE', 'first line is the password; asked for when absent'] as const;
const from = ['ADDRESS', 'account that signs: a test account or one of the key folder'] as const;
const json = ['', 'print JSON alone'] as const;
const signing = { from, 'password-file': passwordFile };
const artifact = ['FILE', 'artifact with the ABI, where ADDRESS is given'] as const;
const value = ['OAK', 'money that goes with it'] as const;

export const commands: readonly Command[] = [
  {
    name: 'start',
    takes: '',
    purpose: 'Run a node until Ctrl-C.',
    words: [0, 0],
    examples: ['dodona start', 'dodona start --network mainnet --mine --mine.beneficiary 0x…'],
    options: {},
    settings: settingNames,
  },
  {
    name: 'account new',
    takes: '',
    purpose: 'Make a key and keep it encrypted in the key folder.',
    words: [0, 0],
    examples: ['dodona account new', 'dodona account new --password-file password.txt'],
    options: { 'password-file': passwordFile },
    settings: whereDataIs,
  },
  {
    name: 'account list',
    takes: '',
    purpose: 'List the accounts of the key folder.',
    words: [0, 0],
    examples: ['dodona account list', 'dodona account list --json'],
    options: { json },
    settings: whereDataIs,
  },
  {
    name: 'account import',
    takes: 'FILE',
    purpose: 'Take over a key file of geth or MetaMask, or a private key in hexadecimal.',
    words: [1, 1],
    examples: ['dodona account import UTC--2026-…', 'dodona account import key.hex'],
    options: { 'password-file': passwordFile },
    settings: whereDataIs,
  },
  {
    name: 'send',
    takes: 'TO AMOUNT',
    purpose: 'Send OAK from one of your accounts through a running node.',
    words: [2, 2],
    examples: ['dodona send 0x7099… 1.5', 'dodona send 0x7099… 0 --data 0xd0e30db0 --from 0xf39F…'],
    options: { ...signing, data: ['HEX', 'calldata'], json },
    settings: whereNodeIs,
  },
  {
    name: 'call',
    takes: 'METHOD [JSON…]',
    purpose: 'Call a JSON-RPC method of a running node and print its result.',
    words: [1, 16],
    examples: [
      'dodona call eth_blockNumber',
      'dodona call eth_getBlockByNumber \'"latest"\' false',
    ],
    options: { json },
    settings: whereNodeIs,
  },
  {
    name: 'contract new',
    takes: 'FOLDER',
    purpose: 'Write a small contract with tests to begin from.',
    words: [1, 1],
    examples: ['dodona contract new counter'],
    options: {},
    settings: [],
  },
  {
    name: 'contract build',
    takes: 'FILE|FOLDER',
    purpose: 'Compile a contract to an artifact that viem, ethers and Hardhat deploy.',
    words: [1, 1],
    examples: ['dodona contract build counter', 'dodona contract build token.ts'],
    options: {},
    settings: [],
  },
  {
    name: 'contract test',
    takes: '[FOLDER]',
    purpose: 'Run the tests of a contract without a chain and show what methods cost.',
    words: [0, 1],
    examples: ['dodona contract test counter'],
    options: {},
    settings: [],
  },
  {
    name: 'contract deploy',
    takes: 'ARTIFACT [ARGUMENT…]',
    purpose: 'Deploy an artifact through a running node and wait for its address.',
    words: [1, 33],
    examples: ['dodona contract deploy counter/artifacts/Counter.json 10'],
    options: { ...signing, value, json },
    settings: whereNodeIs,
  },
  {
    name: 'contract call',
    takes: 'ADDRESS|ARTIFACT METHOD [ARGUMENT…]',
    purpose: 'Ask a contract; an artifact stands for where it was deployed last.',
    words: [2, 34],
    examples: [
      'dodona contract call counter/artifacts/Counter.json count',
      'dodona contract call 0x5FbD… balanceOf 0xf39F… --artifact Token.json',
    ],
    options: { artifact, from: ['ADDRESS', 'who asks, as the contract sees it'], json },
    settings: whereNodeIs,
  },
  {
    name: 'contract send',
    takes: 'ADDRESS|ARTIFACT METHOD [ARGUMENT…]',
    purpose: 'Call a method in a transaction and wait until it is in a block.',
    words: [2, 34],
    examples: ['dodona contract send counter/artifacts/Counter.json raise 5 --from 0xf39F…'],
    options: { ...signing, artifact, value, json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle feeds',
    takes: '',
    purpose: 'List the oracle feeds with their latest answers.',
    words: [0, 0],
    examples: ['dodona oracle feeds'],
    options: { json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle read',
    takes: 'FEED',
    purpose: 'Read the latest answer of a feed.',
    words: [1, 1],
    examples: ['dodona oracle read BTC/USD', 'dodona oracle read BTC/USD --max-age 600'],
    options: {
      'max-age': ['SECONDS', 'refuse an older answer, and one that nothing stands behind'],
      confirmations: ['N', 'blocks that must stand on the state that is read (0, at most 128)'],
      json,
    },
    settings: whereNodeIs,
  },
  {
    name: 'oracle round',
    takes: 'FEED [ROUND]',
    purpose: 'Show the phase, the reports and the result of a round.',
    words: [1, 2],
    examples: ['dodona oracle round BTC/USD', 'dodona oracle round BTC/USD 17'],
    options: { json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle join',
    takes: 'FEED STAKE',
    purpose: 'Stake OAK and take a seat among the reporters of a feed.',
    words: [2, 2],
    examples: ['dodona oracle join BTC/USD 5000 --from 0x…'],
    options: signing,
    settings: whereNodeIs,
  },
  {
    name: 'oracle submit',
    takes: 'FEED VALUE',
    purpose: 'Commit to a value now and reveal it when the window opens.',
    words: [2, 2],
    examples: ['dodona oracle submit BTC/USD 12.5 --from 0x…'],
    options: { from: ['ADDRESS', 'reporter whose key the node holds'], json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle prepare',
    takes: 'FEED VALUE',
    purpose: 'Print the unsigned transactions of a report, for any wallet.',
    words: [2, 2],
    examples: ['dodona oracle prepare BTC/USD 12.5 --from 0x…'],
    options: { from: ['ADDRESS', 'reporter that will sign'], json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle report',
    takes: 'FILE',
    purpose: 'Run a reporter agent for the feeds and sources of a TOML file until Ctrl-C.',
    words: [1, 1],
    examples: ['dodona oracle report reporter.toml --from 0x…'],
    options: signing,
    settings: whereNodeIs,
  },
  {
    name: 'proof get',
    takes: 'FEED',
    purpose: 'Write the latest answer of a feed with headers, record and state proof.',
    words: [1, 1],
    examples: ['dodona proof get BTC/USD --out answer.json --confirmations 6'],
    options: {
      out: ['FILE', 'where to; printed when absent'],
      from: ['HEIGHT', 'trusted block below the first header (0, the genesis block)'],
      confirmations: ['N', 'blocks to wait for on top of it (6)'],
    },
    settings: whereNodeIs,
  },
  {
    name: 'proof verify',
    takes: 'FILE',
    purpose: 'Check such a file without a node: headers, work, record, state proof.',
    words: [1, 1],
    examples: ['dodona proof verify answer.json --trust 0x9a90… --min-work 1000000'],
    options: {
      trust: ['ID', 'block that the headers must build on (the one the file names)'],
      'min-work': ['HASHES', 'work that must stand above the proven block'],
    },
    settings: [],
  },
  {
    name: 'consortium init',
    takes: '',
    purpose: 'Make keys, genesis file and settings for a network of known members.',
    words: [0, 0],
    examples: [
      'dodona consortium init --members 4 --out office',
      'dodona consortium init --members 7 --out bank --base-port 9000 --chain-id 4711',
    ],
    options: {
      out: ['FOLDER', 'where a folder for each member is written; must be new or empty'],
      members: ['N', 'how many members, 1 to 64 [default: 4]'],
      protocol: ['NAME', 'how they agree: pbft [default: pbft]'],
      'base-port': [
        'N',
        "JSON-RPC of the first member; other nodes' ports lie 100 above [default: 8545]",
      ],
      'chain-id': ['N', 'what transactions name this network by [default: 1338]'],
    },
    settings: [],
  },
  {
    name: 'simulate attack',
    takes: '[NAME]',
    purpose: 'Attack the oracles on paper: what it costs, what it brings, what decides.',
    words: [0, 1],
    examples: ['dodona simulate attack', 'dodona simulate attack sybil-hedging'],
    options: { seed: ['N', 'what all chance is drawn from'] },
    settings: [],
  },
  {
    name: 'simulate',
    takes: '',
    purpose: 'Run a whole network in one thread from one seed and check it.',
    words: [0, 0],
    examples: [
      'dodona simulate --nodes 7 --seed 42',
      'dodona simulate --protocol pow --minutes 60',
    ],
    options: {
      protocol: ['NAME', 'consensus protocol of the network'],
      nodes: ['N', 'how many nodes'],
      seed: ['N', 'what all chance is drawn from'],
      byzantine: ['N', 'how many of them lie'],
      minutes: ['N', 'virtual minutes to run'],
    },
    settings: [],
  },
  {
    name: 'config',
    takes: '',
    purpose: 'Print the effective settings and where each comes from.',
    words: [0, 0],
    examples: ['dodona config', 'DODONA_RPC_PORT=9000 dodona config --json'],
    options: { json },
    settings: settingNames,
  },
  {
    name: 'db check',
    takes: '',
    purpose: 'Check the stored chain of a stopped node.',
    words: [0, 0],
    examples: ['dodona db check', 'dodona db check --network mainnet'],
    options: {},
    settings: whereDataIs,
  },
  {
    name: 'version',
    takes: '',
    purpose: 'Print the version.',
    words: [0, 0],
    examples: ['dodona version'],
    options: {},
    settings: [],
  },
];
