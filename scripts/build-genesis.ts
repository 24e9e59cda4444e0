/**
 * Writes genesis/<network>.json, and the template of consortia, from scripts/genesis-networks.ts,
 * the compiled contracts and their addresses. Block zero is built here with the node's own ledger, so that the file names its id.
 * Run `npx tsx scripts/build-genesis.ts` after scripts/build-contracts.ts.
 */

import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Abi, encodeAbiParameters, type Hex, keccak256, zeroAddress } from 'viem';
import { buildGenesis } from '../src/ledger/genesis-block.ts';
import { nobleCrypto } from '../src/primitives/crypto.ts';
import { parseGenesis } from '../src/primitives/genesis.ts';
import { displayId } from '../src/primitives/header.ts';
import { createVm } from '../src/vm/vm.ts';
import {
  consortium,
  devnet,
  feedIdOfName,
  mainnet,
  type NetworkDescription,
} from './genesis-networks.ts';

const directory = new URL('../genesis/', import.meta.url);

/** Folders of the contracts in the order of construction: an oracle's constructor registers feeds. */
const folders = {
  StakeRegistry: 'stake-registry',
  OracleRegistry: 'oracle-registry',
  OracleFund: 'oracle-fund',
  SchellingOracle: 'schelling-oracle',
  CommitRevealOracle: 'commit-reveal-oracle',
  SignedAggregator: 'signed-aggregator',
  CorruptionGuard: 'corruption-guard',
  OptimisticOracle: 'optimistic-oracle',
  WrappedOak: 'wrapped-oak',
  PairFactory: 'pair-factory',
  TwapOracle: 'twap-oracle',
  Multicall3: 'multicall',
} as const;

type ContractName = keyof typeof folders;
const contractNames = Object.keys(folders) as readonly ContractName[];

export const contractAddresses = JSON.parse(
  readFileSync(new URL('../native/contracts/addresses.json', import.meta.url), 'utf8'),
) as Readonly<Record<ContractName | 'MemberRegistry', Hex>>;

/** Folders of the contracts that others carry inside and deploy. */
const deployed = ['aggregator-proxy', 'amm-pair'] as const;

/** 8 OAK. */
const subsidy = 8n * 10n ** 18n;

function readWasm(file: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(file, directory)));
}

/** Constructor arguments in the form that viem encodes. */
function constructorValues(network: NetworkDescription): Record<ContractName, readonly unknown[]> {
  const { StakeRegistry, OracleRegistry, OracleFund, SchellingOracle, CommitRevealOracle } =
    contractAddresses;
  const { SignedAggregator, CorruptionGuard, PairFactory, TwapOracle } = contractAddresses;
  const { feeds, reporters, jury } = network;
  const people = reporters.map(({ address }) => address);
  return {
    StakeRegistry: [
      [CommitRevealOracle, SchellingOracle],
      network.exitDelayBlocks,
      people,
      reporters.map(({ stake }) => stake),
    ],
    OracleRegistry: [[CommitRevealOracle, TwapOracle, SignedAggregator]],
    OracleFund: [
      feeds.map(() => CommitRevealOracle),
      feeds.map(({ name }) => feedIdOfName(name)),
      feeds.map(({ weight }) => weight),
    ],
    SchellingOracle: [
      StakeRegistry,
      OracleFund,
      jury.terms,
      people,
      people.map(() => jury.enrolled),
    ],
    CommitRevealOracle: [
      StakeRegistry,
      OracleRegistry,
      OracleFund,
      SchellingOracle,
      people,
      feeds.map(({ name }) => name),
      feeds.map(({ configuration }) => configuration),
    ],
    SignedAggregator: [OracleRegistry, zeroAddress, [], [], [], 0],
    CorruptionGuard: [OracleRegistry, OracleFund, network.guardPremiumPpm],
    OptimisticOracle: [
      SchellingOracle,
      CorruptionGuard,
      OracleFund,
      zeroAddress,
      network.assertions,
    ],
    WrappedOak: [],
    PairFactory: [],
    TwapOracle: [OracleRegistry, PairFactory],
    Multicall3: [],
  };
}

function encodeConstructor(name: ContractName, values: readonly unknown[]): Hex {
  const file = new URL(`artifacts/${name}.json`, directory);
  const { abi } = JSON.parse(readFileSync(file, 'utf8')) as { readonly abi: Abi };
  const construction = abi.find((item) => item.type === 'constructor');
  return encodeAbiParameters(construction?.inputs ?? [], values);
}

function allocationsOf(network: NetworkDescription): Record<string, string> {
  const total = network.reporters.reduce((sum, { stake }) => sum + stake, 0n);
  const entries = network.allocations.map(({ address, balance }) => [address, `${balance}`]);
  if (total > 0n) entries.push([contractAddresses.StakeRegistry, `${total}`]);
  if (network.fund !== undefined) entries.push([contractAddresses.OracleFund, `${network.fund}`]);
  return Object.fromEntries(entries);
}

const isConsortium = ({ protocol }: NetworkDescription): boolean => protocol === 'pbft';

function placeOf(
  name: keyof typeof contractAddresses,
  folder: string,
): Readonly<Record<'name' | 'address' | 'wasm' | 'codeHash', string>> {
  const wasm = `${folder}.wasm`;
  return { name, address: contractAddresses[name], wasm, codeHash: keccak256(readWasm(wasm)) };
}

/** The genesis file without its `id`, as a JSON value; a registry gets its members when it has some. */
function describe(network: NetworkDescription): Record<string, unknown> {
  const values = constructorValues(network);
  return {
    name: network.name,
    chainId: network.chainId,
    time: network.time,
    bits: network.bits,
    gasLimit: 30_000_000,
    development: network.development,
    consensus: { protocol: network.protocol ?? 'pow', parameters: network.parameters },
    reward: `${network.reward ?? subsidy}`,
    oracleFund: contractAddresses.OracleFund,
    allocations: allocationsOf(network),
    contracts: [
      ...contractNames.map((name) => ({
        ...placeOf(name, folders[name]),
        constructor: encodeConstructor(name, values[name]),
      })),
      ...(isConsortium(network) ? [placeOf('MemberRegistry', 'member-registry')] : []),
    ],
    deployedCode: deployed.map((folder) => keccak256(readWasm(`${folder}.wasm`))),
    ...(isConsortium(network) ? { governance: contractAddresses.MemberRegistry } : {}),
    forks: [{ height: 0, gasTable: 1 }],
    bootstrap: [],
  };
}

/** Id of block zero in display form. @throws GenesisError when a constructor fails. */
function genesisId(file: Record<string, unknown>): Hex {
  const genesis = parseGenesis(file, nobleCrypto);
  const modules = new Map(genesis.contracts.map(({ wasm }) => [wasm, readWasm(wasm)]));
  const vm = createVm({ crypto: nobleCrypto });
  return displayId(buildGenesis(genesis, modules, vm, nobleCrypto).entry.id) as Hex;
}

/** The text of genesis/<network>.json. A consortium has no block zero before it has members. */
export function buildGenesisFile(network: NetworkDescription): string {
  const { name, ...rest } = describe(network);
  if (isConsortium(network)) return `${JSON.stringify({ name, ...rest }, null, 2)}\n`;
  return `${JSON.stringify({ name, id: genesisId({ name, ...rest }), ...rest }, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const network of [devnet, mainnet, consortium]) {
    const file = new URL(`${network.name}.json`, directory);
    const text = buildGenesisFile(network);
    const before = await readFile(file, 'utf8').catch(() => '');
    if (before !== text) await writeFile(file, text);
    console.log(`genesis/${network.name}.json ${before === text ? 'is up to date' : 'written'}`);
  }
}
