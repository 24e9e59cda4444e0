#!/usr/bin/env node

/** The entry: words in, exit code out. `simulate` is added here, for the node does not know it. */

import { readFile } from 'node:fs/promises';
import { type Handler, runCommandLine } from './node/command-line.ts';
import { nodeHandlers } from './node/commands/handlers.ts';
import { createNativeCrypto } from './node/native-crypto.ts';
import { UsageError } from './node/resolve-settings.ts';
import { processSurroundings, processTerminal } from './node/terminal.ts';
import { attackCommand } from './simulation/attack/attacks.ts';
import { parseSimulation, type SimulationOptions, simulateCommand } from './simulation/simulate.ts';

const simulate: Handler = async ({ options }, terminal) => {
  let parsed: SimulationOptions;
  try {
    parsed = parseSimulation(options);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const registry = await readFile(new URL('../genesis/member-registry.wasm', import.meta.url));
  const print = (line: string): void => terminal.write(`${line}\n`);
  return simulateCommand(parsed, createNativeCrypto(), print, registry);
};

/** Without a name, the whole laboratory. */
const simulateAttack: Handler = async ({ words, options }, terminal) => {
  try {
    const { seed } = parseSimulation({ seed: options.seed });
    attackCommand(words[0] ?? 'all', seed, (line) => terminal.write(`${line}\n`));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return 0;
};

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  processSurroundings(),
  processTerminal,
  { ...nodeHandlers(), simulate, 'simulate attack': simulateAttack },
);
