/**
 * The real thing for a simulated network: a registered protocol and the ledger on a small genesis,
 * with an audit that recomputes the whole state and counts all money.
 */

import { answerQuery } from '../consensus/pow/serve.ts';
import type { Protocol } from '../consensus/protocol.ts';
import { protocols } from '../consensus/protocols.ts';
import { decodeAccount, readAccount } from '../ledger/account.ts';
import { subsidy } from '../ledger/fees.ts';
import { buildGenesis } from '../ledger/genesis-block.ts';
import { Ledger } from '../ledger/ledger.ts';
import { updateTree } from '../ledger/state-tree.ts';
import { blockId, type HeaderEntry } from '../primitives/block.ts';
import { emptyBytes, equalBytes, type Hex, toHex } from '../primitives/bytes.ts';
import { decodeHeaderEntry, decodeRecordEntry } from '../primitives/chain-records.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { type Genesis, parseGenesis } from '../primitives/genesis.ts';
import { addressOfPrivateKey, signTransaction } from '../primitives/keys.ts';
import { keys, type StoreReader } from '../primitives/store.ts';
import {
  decodeTransaction,
  recoverSender,
  type SignedTransaction,
  type Transaction,
} from '../primitives/transaction.ts';
import { announce, announcementCodec } from '../primitives/wire.ts';
import { workOfBits } from '../primitives/work.ts';
import { createVm } from '../vm/vm.ts';
import type { SimulatedChain } from './chain.ts';

const spacingSeconds = 15;
/** 64 hashes a block: real work, cheap enough for thousands of blocks, with room to become easier. */
const genesisBits = 0x2003ffff;
const walletCount = 12;
const callGas = 500_000n;
const initialBalance = 10n ** 21n;
export const governanceAddress = '0x0d0d00000000000000000000000000000000000c';
const governanceFile = 'member-registry.wasm';

const privateKey = (crypto: Crypto, index: number): Uint8Array =>
  crypto.sha256(Uint8Array.of(0xd0, 0xd0, index));

/** What differs between the networks of two protocols. */
export interface ChainDescription {
  readonly bits: number;
  readonly reward: bigint;
  readonly blockIntervalMs: number;
  readonly parameters: unknown;
  /** Further accounts with money. */
  readonly funded?: readonly Uint8Array[];
  /** The governance contract of a consortium. */
  readonly governance?: { readonly module: Uint8Array; readonly constructorArguments: Uint8Array };
}

/** Fast difficulty (half-life ten minutes), so that partitions show in the work of branches. */
const proofOfWork: ChainDescription = {
  bits: genesisBits,
  reward: 8n * 10n ** 18n,
  blockIntervalMs: spacingSeconds * 1_000,
  parameters: {
    difficulty: 'asert',
    spacing: spacingSeconds,
    halfLife: 600,
    step: 5,
    futureLimit: 10,
    limitBits: '0x207fffff',
  },
};

function genesisFile(
  protocol: string,
  { bits, reward, parameters, funded = [], governance }: ChainDescription,
  accounts: readonly Uint8Array[],
  crypto: Crypto,
): unknown {
  const allocations = [...accounts.map(addressOfPrivateKey), ...funded].map((address) => [
    `0x${toHex(address)}`,
    initialBalance.toString(),
  ]);
  const registry = governance && {
    name: 'MemberRegistry',
    address: governanceAddress,
    wasm: governanceFile,
    codeHash: `0x${toHex(crypto.keccak256(governance.module))}`,
    constructor: `0x${toHex(governance.constructorArguments)}`,
  };
  return {
    name: 'simulation',
    chainId: 4_242,
    time: 1_700_000_000,
    bits: `0x${bits.toString(16).padStart(8, '0')}`,
    gasLimit: 30_000_000,
    consensus: { protocol, parameters },
    reward: reward.toString(),
    oracleFund: `0x${'0f'.repeat(20)}`,
    allocations: Object.fromEntries(allocations),
    contracts: registry === undefined ? [] : [registry],
    ...(registry === undefined ? {} : { governance: governanceAddress }),
    forks: [{ height: 0, gasTable: 1 }],
    bootstrap: [],
    development: false,
  };
}

/** Recovery is a pure function of the bytes, so all nodes of a run share one memory of it. */
function createRecover(crypto: Crypto): (raw: Uint8Array) => SignedTransaction {
  const known = new Map<Hex, SignedTransaction>();
  return (raw) => {
    const key = toHex(raw);
    const found = known.get(key) ?? recoverSender(decodeTransaction(raw, crypto), crypto);
    known.set(key, found);
    return found;
  };
}

type Entries = readonly (readonly [Uint8Array, Uint8Array])[];

const letterOf = (key: Uint8Array): string => String.fromCharCode(key[0] as number);

/** Money that must exist after `head`: allocations and subsidies less burned base fees. */
function expectedSupply(genesis: Genesis, entries: Entries, head: HeaderEntry): bigint {
  const values = new Map(entries.map(([key, value]) => [toHex(key), value]));
  const at = (key: Uint8Array): Uint8Array => values.get(toHex(key)) as Uint8Array;
  let supply = genesis.allocations.reduce((sum, { balance }) => sum + balance, 0n);
  for (let entry = head; entry.height > 0; ) {
    const { record } = decodeRecordEntry(at(keys.record(entry.id)));
    const reward = subsidy(genesis, entry.height);
    supply += reward.oracleFund + reward.beneficiary;
    supply -= BigInt(record.gasUsed) * record.baseFeePerGas;
    const parent = toHex(entry.header.previous);
    entry = decodeHeaderEntry(parent, at(keys.header(parent)));
  }
  return supply;
}

function audit(
  genesis: Genesis,
  crypto: Crypto,
  entries: Entries,
  head: HeaderEntry,
): string | undefined {
  const state = entries.filter(([key]) => letterOf(key) === 's');
  const leaves = new Map(state.map(([key, value]) => [toHex(key.subarray(1)), value]));
  const { root } = updateTree({ get: () => undefined }, leaves, crypto);
  const recordKey = keys.record(head.id);
  const stored = entries.find(([key]) => equalBytes(key, recordKey))?.[1];
  if (stored === undefined) return `no record of the head ${head.id}`;
  const { stateRoot } = decodeRecordEntry(stored).record;
  if (!equalBytes(root, stateRoot)) {
    return `state at ${head.height} has root ${toHex(root)}, the block says ${toHex(stateRoot)}`;
  }
  // A slot has 32 bytes, an account at least 36.
  const accounts = state.filter(([, value]) => value.length !== 32);
  const supply = accounts.reduce((sum, [, value]) => sum + decodeAccount(value).balance, 0n);
  const expected = expectedSupply(genesis, entries, head);
  return supply === expected ? undefined : `${supply} acorns exist, ${expected} were issued`;
}

/**
 * A network of `protocol` with its ledger.
 * @throws Error when no protocol has this name.
 */
export function createLedgerChain(name: string, crypto: Crypto): SimulatedChain<unknown> {
  const protocol: Protocol<unknown, unknown, unknown> | undefined = protocols[name];
  if (protocol === undefined) {
    throw new Error(`protocol "${name}" is unknown: use ${Object.keys(protocols).join(' or ')}`);
  }
  return buildLedgerChain(protocol, proofOfWork, crypto);
}

/** A network of any protocol, registered or a variant, with the real ledger. */
export function buildLedgerChain<Message>(
  protocol: Protocol<unknown, unknown, Message>,
  description: ChainDescription,
  crypto: Crypto,
): SimulatedChain<Message> {
  const accounts = Array.from({ length: walletCount }, (_, index) => privateKey(crypto, index));
  const genesis = parseGenesis(genesisFile(protocol.name, description, accounts, crypto), crypto);
  const vm = createVm({ crypto });
  const { governance } = description;
  const modules = new Map(governance === undefined ? [] : [[governanceFile, governance.module]]);
  const { entry, operations } = buildGenesis(genesis, modules, vm, crypto);
  const recover = createRecover(crypto);
  const { blockIntervalMs } = description;
  const nonceOf = (reader: StoreReader, address: Uint8Array): bigint =>
    readAccount(reader, address, crypto).nonce;
  const sign = (
    key: Uint8Array,
    call: Pick<Transaction, 'nonce' | 'to' | 'value' | 'data' | 'gasLimit'>,
  ): Uint8Array =>
    signTransaction(
      {
        ...call,
        type: 2,
        chainId: BigInt(genesis.chainId),
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 10n ** 9n,
        accessList: [],
      },
      key,
      crypto,
    );
  return {
    protocol,
    parameters: protocol.parseParameters(genesis.consensus.parameters),
    blockIntervalMs,
    hashesPerMs: Number(workOfBits(genesis.bits)) / blockIntervalMs,
    networkId: genesis.hash,
    genesis: entry,
    genesisOperations: operations,
    accounts,
    createMachine: (reader) => new Ledger({ genesis, reader, vm, crypto, recover }),
    announce: (block) => announcementCodec.encode(announce(block, blockId(block, crypto), crypto)),
    answer: answerQuery,
    nonceOf,
    transactionsMined: (reader) =>
      accounts.reduce((sum, key) => sum + Number(nonceOf(reader, addressOfPrivateKey(key))), 0),
    transfer: (key, nonce, to) =>
      sign(key, { nonce, to, value: 1n, data: emptyBytes, gasLimit: 21_000n }),
    call: (key, nonce, to, data) => sign(key, { nonce, to, value: 0n, data, gasLimit: callGas }),
    audit: (entries, head) => audit(genesis, crypto, entries, head),
  };
}
