/**
 * A world with a funded sender and puppets at fixed addresses, for tests of the contract machine.
 */

import { emptyBytes, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { encodeCreation } from '../../src/vm/creation.ts';
import { createVm } from '../../src/vm/vm.ts';
import type { BlockContext, Message, Outcome, Vm } from '../../src/vm/world.ts';
import { MemoryWorld, testBlock } from './memory-world.ts';

export const sender: Uint8Array = new Uint8Array(20).fill(0x5e);

/** Twenty bytes of `tag`. */
export const addressOf = (tag: number): Uint8Array => new Uint8Array(20).fill(tag);

export class ContractScene {
  readonly world = new MemoryWorld();
  readonly vm: Vm;
  block: BlockContext = testBlock;

  constructor(vm: Vm = createVm({ crypto: nobleCrypto })) {
    this.vm = vm;
    this.world.credit(sender, 10n ** 21n);
  }

  /** One transaction from `sender`. */
  send(message: Partial<Message> & Pick<Message, 'to'>): Outcome {
    this.world.beginTransaction();
    return this.vm.run(
      this.world,
      this.block,
      { origin: sender, gasPrice: 7n },
      { sender, value: 0n, input: emptyBytes, gas: 10_000_000n, ...message },
    );
  }

  call(to: Uint8Array, input: Uint8Array, options: Partial<Message> = {}): Outcome {
    return this.send({ ...options, to, input });
  }

  /** Deploys at a chosen address. */
  deploy(
    address: Uint8Array,
    wasm: Uint8Array,
    constructorArguments: Uint8Array = emptyBytes,
    options: Partial<Message> = {},
  ): Outcome {
    return this.send({
      to: undefined,
      created: address,
      input: encodeCreation(wasm, constructorArguments),
      ...options,
    });
  }

  /** Deploys and requires success. */
  mustDeploy(
    address: Uint8Array,
    wasm: Uint8Array,
    constructorArguments: Uint8Array = emptyBytes,
    options: Partial<Message> = {},
  ): void {
    const outcome = this.deploy(address, wasm, constructorArguments, options);
    if (outcome.status !== 'success') throw new Error(`deployment: ${outcome.hint}`);
  }

  /** Calls and requires success. */
  mustCall(to: Uint8Array, input: Uint8Array, options: Partial<Message> = {}): Uint8Array {
    const outcome = this.call(to, input, options);
    if (outcome.status === 'success') return outcome.output;
    throw new Error(`${outcome.status}: ${outcome.hint} 0x${toHex(outcome.output)}`);
  }

  slot(address: Uint8Array, key: number): number {
    const slot = new Uint8Array(32);
    slot[31] = key;
    return this.world.storage(address, slot)[31] as number;
  }
}
