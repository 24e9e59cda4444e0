/**
 * Solidity contracts on @ethereumjs/evm: what the contract kit is compared with. One contract, which
 * keeps what its calls write.
 */

import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVM } from '@ethereumjs/evm';
import { Account, type Address, createAddressFromString } from '@ethereumjs/util';
import solc from 'solc';
import { fromHex, type Hex, toHex } from '../../src/primitives/bytes.ts';

interface SolidityOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts: Record<
    string,
    Record<string, { readonly evm: { readonly deployedBytecode: { readonly object: string } } }>
  >;
}

/** Code of the one contract in `source`; optimised means through IR, and takes seconds. */
export function compileSolidity(source: string, name: string, isOptimised: boolean): Uint8Array {
  const optimiser = { viaIR: true, optimizer: { enabled: true, runs: 1_000_000 } };
  const input = {
    language: 'Solidity',
    sources: { main: { content: source } },
    settings: {
      evmVersion: 'cancun',
      ...(isOptimised ? optimiser : {}),
      outputSelection: { '*': { '*': ['evm.deployedBytecode.object'] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as SolidityOutput;
  const error = output.errors?.find(({ severity }) => severity === 'error');
  if (error !== undefined) throw new Error(error.formattedMessage);
  const compiled = output.contracts.main?.[name];
  if (compiled === undefined) throw new Error(`the source has no contract ${name}`);
  return fromHex(compiled.evm.deployedBytecode.object);
}

/** What a call did, in a form that two machines can be compared by. */
export interface Answer {
  readonly isSuccess: boolean;
  /** Result or revert data, hex without prefix. */
  readonly output: Hex;
  /** Topics and data of each log, hex without prefix. */
  readonly logs: readonly { readonly topics: readonly Hex[]; readonly data: Hex }[];
}

/** A deployed contract without a constructor. */
export class SolidityContract {
  readonly #evm: EVM;
  readonly #caller: Address;
  readonly #address: Address;
  /** Slots that were ever written, hex without prefix. */
  readonly written = new Set<Hex>();

  private constructor(evm: EVM, caller: Address, address: Address) {
    this.#evm = evm;
    this.#caller = caller;
    this.#address = address;
    const { stateManager } = evm;
    const put = stateManager.putStorage.bind(stateManager);
    stateManager.putStorage = (account, key, value) => {
      this.written.add(toHex(key));
      return put(account, key, value);
    };
  }

  /** `caller` and `address`: 20 bytes. */
  static async deploy(
    code: Uint8Array,
    caller: Uint8Array,
    address: Uint8Array,
  ): Promise<SolidityContract> {
    const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun });
    const evm = await createEVM({ common });
    const at = createAddressFromString(`0x${toHex(address)}`);
    await evm.stateManager.putAccount(at, new Account());
    await evm.stateManager.putCode(at, code);
    return new SolidityContract(evm, createAddressFromString(`0x${toHex(caller)}`), at);
  }

  async call(data: Uint8Array): Promise<Answer> {
    const message = { caller: this.#caller, to: this.#address, data, gasLimit: 10n ** 9n };
    const { execResult } = await this.#evm.runCall(message);
    const isSuccess = execResult.exceptionError === undefined;
    const logs = (isSuccess ? execResult.logs : undefined) ?? [];
    return {
      isSuccess,
      output: toHex(execResult.returnValue),
      logs: logs.map(([, topics, bytes]) => ({ topics: topics.map(toHex), data: toHex(bytes) })),
    };
  }

  /** The word at a slot, hex without prefix. */
  async slot(key: Hex): Promise<Hex> {
    const value = await this.#evm.stateManager.getStorage(this.#address, fromHex(key));
    return toHex(value).padStart(64, '0');
  }
}
