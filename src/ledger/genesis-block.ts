/**
 * Block zero from the genesis file: allocations, then every genesis contract constructed in file
 * order. Two nodes with the same file and modules compute the same id.
 */

import type { Block, HeaderEntry } from '../primitives/block.ts';
import { equalBytes, fromHex, toHex } from '../primitives/bytes.ts';
import { bodyOperations, headerOperations } from '../primitives/chain-records.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { type Genesis, type GenesisContract, GenesisError } from '../primitives/genesis.ts';
import { baseVersion, headerId } from '../primitives/header.ts';
import { merkleRoot } from '../primitives/merkle.ts';
import { type CoinbaseRecord, recordCommitment } from '../primitives/record.ts';
import { keys, type WriteOperation } from '../primitives/store.ts';
import { encodeCreation } from '../vm/creation.ts';
import type { BlockContext, Vm } from '../vm/world.ts';
import { gasTableAt, initialBaseFee } from './fees.ts';
import { Journal } from './journal.ts';
import { encodeReceipts } from './receipts.ts';
import { updateTree } from './state-tree.ts';

/** Gas of each genesis constructor: 10^18 ink. */
const constructorGas = 10n ** 15n;
const zeroAddress = new Uint8Array(20);

function construct(
  contract: GenesisContract,
  module: Uint8Array | undefined,
  journal: Journal,
  block: BlockContext,
  parts: { readonly vm: Vm; readonly crypto: Crypto },
): void {
  if (module === undefined) {
    throw new GenesisError(`${contract.name}: ${contract.wasm} is missing beside the genesis file`);
  }
  const codeHash = parts.crypto.keccak256(module);
  if (!equalBytes(codeHash, contract.codeHash)) {
    throw new GenesisError(
      `${contract.name}: ${contract.wasm} has code hash 0x${toHex(codeHash)}, genesis names 0x${toHex(contract.codeHash)}`,
    );
  }
  journal.beginTransaction();
  const outcome = parts.vm.run(
    journal,
    block,
    { origin: zeroAddress, gasPrice: 0n },
    {
      sender: zeroAddress,
      to: undefined,
      created: contract.address,
      value: 0n,
      input: encodeCreation(module, contract.constructorArguments),
      gas: constructorGas,
    },
  );
  if (outcome.status !== 'success') {
    const reason = outcome.hint ?? `0x${toHex(outcome.output)}`;
    throw new GenesisError(`${contract.name}: its constructor ${outcome.status}: ${reason}`);
  }
}

function buildState(
  genesis: Genesis,
  modules: ReadonlyMap<string, Uint8Array>,
  vm: Vm,
  crypto: Crypto,
): { readonly root: Uint8Array; readonly operations: WriteOperation[] } {
  const nothing = { get: () => undefined };
  const journal = new Journal(nothing, crypto);
  for (const { address, balance } of genesis.allocations) journal.credit(address, balance);
  const block: BlockContext = {
    height: 0,
    time: genesis.time,
    beneficiary: zeroAddress,
    gasLimit: genesis.gasLimit,
    baseFeePerGas: initialBaseFee,
    chainId: genesis.chainId,
    gasTable: gasTableAt(genesis, 0),
    blockId: () => undefined,
    isGenesisCode: () => true,
  };
  for (const contract of genesis.contracts) {
    construct(contract, modules.get(contract.wasm), journal, block, { vm, crypto });
  }
  const changes = journal.changes();
  const { root, operations } = updateTree(nothing, changes.after, crypto);
  for (const [codeHash, code] of changes.codes) {
    operations.push({ key: keys.code(fromHex(codeHash)), value: code });
  }
  return { root, operations };
}

/**
 * The genesis block, its place in the chain (height 0, work 0) and every write of an empty database.
 * @throws GenesisError when a module is missing or another one, or when a constructor fails.
 */
export function buildGenesis(
  genesis: Genesis,
  modules: ReadonlyMap<string, Uint8Array>,
  vm: Vm,
  crypto: Crypto,
): { readonly block: Block; readonly entry: HeaderEntry; readonly operations: WriteOperation[] } {
  const { root, operations } = buildState(genesis, modules, vm, crypto);
  const emptyRoot = merkleRoot([], crypto);
  const record: CoinbaseRecord = {
    height: 0,
    stateRoot: root,
    transactionsRoot: emptyRoot,
    receiptsRoot: emptyRoot,
    beneficiary: zeroAddress,
    gasLimit: genesis.gasLimit,
    gasUsed: 0,
    baseFeePerGas: initialBaseFee,
    extraData: genesis.hash,
    extranonce: new Uint8Array(16),
  };
  const header = {
    version: baseVersion,
    previous: new Uint8Array(32),
    commitment: recordCommitment(record, crypto),
    time: genesis.time,
    bits: genesis.bits,
    nonce: 0,
  };
  const block = { header, record, transactions: [] };
  const id = headerId(header, crypto);
  const entry = { id, header, height: 0, work: 0n };
  operations.push(
    ...headerOperations(entry),
    ...bodyOperations(id, block),
    { key: keys.receipts(id), value: encodeReceipts([]) },
    { key: keys.canonical(0), value: fromHex(id) },
    { key: keys.meta('head'), value: fromHex(id) },
  );
  return { block, entry, operations };
}
