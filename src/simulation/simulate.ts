/** One simulation from the command line: options in, a readable report out, a line that repeats it. */

import type { Crypto } from '../primitives/crypto.ts';
import { faultsOf } from '../primitives/seal.ts';
import { createConsortiumChain } from './consortium-chain.ts';
import { createLedgerChain } from './ledger-chain.ts';
import { runWorld, type SimulationReport, type WorldOptions } from './world.ts';

export interface SimulationOptions extends Omit<WorldOptions, 'lyingDisks' | 'weather'> {
  /** Name in the registry of protocols. */
  readonly protocol: string;
}

/** The flags of `dodona simulate` as they were typed. */
export type SimulationTexts = Readonly<
  Partial<
    Record<'protocol' | 'seed' | 'nodes' | 'byzantine' | 'minutes', string | true | undefined>
  >
>;

/**
 * Runs a whole network from one seed.
 * @param registry module of MemberRegistry: with it the members of a consortium change
 * @throws Error for a protocol that does not exist; broken rules are in the report's `failure`.
 */
export function runSimulation(
  options: SimulationOptions,
  crypto: Crypto,
  registry?: Uint8Array,
): SimulationReport {
  if (options.protocol !== 'pbft') {
    return runWorld(options, createLedgerChain(options.protocol, crypto), crypto);
  }
  const { nodes, byzantine = 0 } = options;
  if (byzantine > faultsOf(nodes)) {
    throw new RangeError(
      `--byzantine is ${byzantine}: ${nodes} members tolerate ${faultsOf(nodes)}`,
    );
  }
  const consortium = createConsortiumChain({ members: nodes, registry }, crypto);
  return runWorld(options, consortium.chain, consortium.crypto);
}

/** The command that repeats a run. */
export function commandOf(options: SimulationOptions): string {
  const { protocol, seed, nodes, minutes, byzantine = 0 } = options;
  const line = `dodona simulate --protocol ${protocol} --seed ${seed} --nodes ${nodes}`;
  return `${line} --byzantine ${byzantine} --minutes ${minutes}`;
}

const defaults = { seed: 1, nodes: 7, byzantine: 0, minutes: 30 };
const maxima = { seed: 2 ** 32 - 1, nodes: 200, byzantine: 100, minutes: 100_000 };

/**
 * Options from the texts of a command line; what is missing has its default.
 * @throws RangeError naming the flag, its value and what it needs.
 */
export function parseSimulation(texts: SimulationTexts): SimulationOptions {
  const read = (name: keyof typeof defaults, min: number): number => {
    const text = texts[name];
    if (text === undefined) return defaults[name];
    const value = Number(text);
    if (
      text === true ||
      text === '' ||
      !Number.isInteger(value) ||
      value < min ||
      value > maxima[name]
    ) {
      throw new RangeError(
        `--${name} is ${text}: an integer from ${min} to ${maxima[name]} is needed`,
      );
    }
    return value;
  };
  const options = {
    protocol: typeof texts.protocol === 'string' ? texts.protocol : 'pow',
    seed: read('seed', 0),
    nodes: read('nodes', 1),
    byzantine: read('byzantine', 0),
    minutes: read('minutes', 0),
  };
  if (options.byzantine >= options.nodes) {
    throw new RangeError(`--byzantine is ${options.byzantine}: fewer than all nodes can lie`);
  }
  return options;
}

/** Runs a simulation, prints what happened, and answers with the process's exit code. */
export function simulateCommand(
  options: SimulationOptions,
  crypto: Crypto,
  print: (line: string) => void,
  registry?: Uint8Array,
): number {
  const report = runSimulation(options, crypto, registry);
  const minutes = (report.virtualMs / 60_000).toFixed(1);
  print(`${options.nodes} nodes, ${minutes} virtual minutes, ${report.events} events`);
  print(
    `height ${report.height}, ${report.blocksMined} blocks mined, ` +
      `${report.reorganisations} reorganisations, the deepest ${report.deepestReorganisation}`,
  );
  print(
    `${report.crashes} power failures (${report.lostBatches} writes lost), ` +
      `${report.partitions} partitions, ${report.clogs} clogged links, ${report.messages} messages`,
  );
  print(`${report.transactionsMined} of ${report.transactionsSubmitted} transfers mined`);
  if (options.byzantine) print(`${report.convictions} links cut to Byzantine nodes`);
  if (report.memberChanges > 0) print(`${report.memberChanges} changes of members`);
  print(`digest ${report.digest}`);
  if (report.failure === undefined) {
    print('all checks hold');
    return 0;
  }
  const { check, detail, atMs } = report.failure;
  print(`FAILED after ${(atMs / 1_000).toFixed(3)} virtual seconds: ${check}`);
  print(detail);
  print(`repeat with: ${commandOf(options)}`);
  return 1;
}
