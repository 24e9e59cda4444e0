/**
 * A new consortium on paper: keys of its members, the genesis file that names them, and for each
 * member a folder with all that its node needs. The network is ready to run on one machine.
 */

import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeAbiParameters } from 'viem/utils';
import { buildGenesis } from '../ledger/genesis-block.ts';
import { createIdentity, peerIdOfIdentity, rawIdentity } from '../network/identity.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { parseGenesis } from '../primitives/genesis.ts';
import { displayId } from '../primitives/header.ts';
import { addressOfPrivateKey, checksumAddress } from '../primitives/keys.ts';
import { faultsOf, quorumOf } from '../primitives/seal.ts';
import { createVm } from '../vm/vm.ts';
import { readGenesisModules } from './chain-files.ts';

export interface ConsortiumPlan {
  readonly folder: string;
  readonly members: number;
  readonly chainId: number;
  /** JSON-RPC of member i, from 0, listens on this plus i, for other nodes 100 above. */
  readonly basePort: number;
  /** Genesis file without members; its modules lie beside it. */
  readonly template: string;
  /** Seconds since 1970: no block is dated before it. */
  readonly time: number;
}

export interface FoundedConsortium {
  /** Id of block zero in display form. */
  readonly genesisId: string;
  readonly members: readonly FoundedMember[];
}

export interface FoundedMember {
  readonly configFile: string;
  readonly peer: string;
  /** `0x` with checksum. */
  readonly address: string;
  readonly rpcPort: number;
}

/** 1,000 OAK for each member, since approving a change of members costs gas. */
const memberBalance = `${10n ** 21n}`;
/** A day of empty blocks: approvals of a change that do not come together by then are void. */
const approvalBlocks = 86_400n;

/** What so many members bear: below four, no lie; of three, one may still be down. */
export function toleranceText(members: number): string {
  const [quorum, liars] = [quorumOf(members), faultsOf(members)];
  const down = members - quorum;
  const decide = `${quorum} ${quorum === 1 ? 'decides' : 'decide'}`;
  const silent = `${down || 'none'} that ${down > 1 ? 'are' : 'is'} down`;
  const lying =
    liars === 0 ? ', none that lies' : ` or ${liars} that ${liars > 1 ? 'lie' : 'lies'}`;
  return `${decide}; it bears ${silent}${lying}`;
}

/** Ports of other nodes lie this far above those of JSON-RPC. */
export const peerPortOffset = 100;

interface Member extends FoundedMember {
  readonly folder: string;
  /** Ed25519 public key, 32 bytes. */
  readonly key: Uint8Array;
  readonly peerPort: number;
}

async function createMember(plan: ConsortiumPlan, index: number): Promise<Member> {
  const folder = join(plan.folder, `member-${index}`);
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  const identity = await createIdentity(join(data, 'identity'));
  const privateKey = new Uint8Array(randomBytes(32));
  const file = join(folder, 'account.key');
  await writeFile(file, `${toHex(privateKey)}\n`, { mode: 0o600, flag: 'wx' });
  return {
    folder,
    key: rawIdentity(identity).publicKey,
    peer: peerIdOfIdentity(identity),
    address: checksumAddress(addressOfPrivateKey(privateKey)),
    rpcPort: plan.basePort + index,
    peerPort: plan.basePort + index + peerPortOffset,
    configFile: join(folder, 'config.toml'),
  };
}

function configText(members: readonly Member[], index: number): string {
  const own = members[index] as Member;
  const others = members.filter((member) => member !== own);
  return [
    `# Member ${index} of ${members.length}, counted from 0. Paths count from this file; where members run on`,
    "# several machines, replace 127.0.0.1 by the machines' addresses.",
    'genesis = "genesis/consortium.json"',
    'datadir = "data"',
    '# The demonstration reporters keep the oracle feeds alive, from one node.',
    `demo = ${index === 0}`,
    '',
    '[rpc]',
    `port = ${own.rpcPort}`,
    '',
    '[p2p]',
    'host = "127.0.0.1"',
    `port = ${own.peerPort}`,
    'mdns = false',
    'bootnodes = [',
    ...others.map(({ peerPort, peer }) => `  "/ip4/127.0.0.1/tcp/${peerPort}/p2p/${peer}",`),
    ']',
    '',
  ].join('\n');
}

/** The parts of the template that members are put into. */
interface Template {
  readonly name: string;
  readonly consensus: { readonly protocol: string; readonly parameters: object };
  readonly allocations: Readonly<Record<string, string>>;
  readonly contracts: readonly { readonly address: string }[];
  readonly governance: string;
}

/** Constructor of MemberRegistry: (bytes32[] keys, address[] accounts, uint64 window). */
function registryArguments(members: readonly Member[]): string {
  return encodeAbiParameters(
    [{ type: 'bytes32[]' }, { type: 'address[]' }, { type: 'uint64' }],
    [
      members.map(({ key }) => `0x${toHex(key)}` as const),
      members.map(({ address }) => address as `0x${string}`),
      approvalBlocks,
    ],
  );
}

/** The genesis file with its members in it, and its id. @throws GenesisError */
async function nameMembers(
  plan: ConsortiumPlan,
  members: readonly Member[],
  crypto: Crypto,
): Promise<{ readonly text: string; readonly id: string }> {
  const { name, consensus, ...rest } = JSON.parse(
    await readFile(plan.template, 'utf8'),
  ) as Template;
  const parameters = {
    ...consensus.parameters,
    members: members.map(({ key, address }) => ({ key: `0x${toHex(key)}`, address })),
  };
  const file = {
    ...rest,
    chainId: plan.chainId,
    time: plan.time,
    consensus: { ...consensus, parameters },
    allocations: {
      ...rest.allocations,
      ...Object.fromEntries(members.map(({ address }) => [address, memberBalance])),
    },
    contracts: rest.contracts.map((contract) =>
      contract.address === rest.governance
        ? { ...contract, constructor: registryArguments(members) }
        : contract,
    ),
  };
  const genesis = parseGenesis({ name, ...file }, crypto);
  const modules = await readGenesisModules(genesis, plan.template);
  const { entry } = buildGenesis(genesis, modules, createVm({ crypto }), crypto);
  const id = displayId(entry.id);
  return { text: `${JSON.stringify({ name, id, ...file }, null, 2)}\n`, id };
}

/**
 * Writes `plan.folder`.
 * @throws Error when the folder holds something: keys are never overwritten
 */
export async function foundConsortium(
  plan: ConsortiumPlan,
  crypto: Crypto,
): Promise<FoundedConsortium> {
  const present = await readdir(plan.folder).catch(() => []);
  if (present.length > 0) {
    throw new Error(`${plan.folder} is not empty: choose another --out, or remove it`);
  }
  const members: Member[] = [];
  for (let index = 0; index < plan.members; index++) members.push(await createMember(plan, index));
  const genesis = await nameMembers(plan, members, crypto);
  const source = dirname(plan.template);
  const modules = (await readdir(source)).filter((file) => file.endsWith('.wasm'));
  for (const [index, { folder, configFile }] of members.entries()) {
    const target = join(folder, 'genesis');
    await mkdir(target);
    await writeFile(join(target, 'consortium.json'), genesis.text);
    for (const file of modules) await copyFile(join(source, file), join(target, file));
    await writeFile(configFile, configText(members, index));
  }
  return { genesisId: genesis.id, members };
}
