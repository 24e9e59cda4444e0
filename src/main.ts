#!/usr/bin/env node

/** The entry: words in, exit code out. */

import { runCommandLine } from './node/command-line.ts';
import { nodeHandlers } from './node/commands/handlers.ts';
import { processSurroundings, processTerminal } from './node/terminal.ts';

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  processSurroundings(),
  processTerminal,
  nodeHandlers(),
);
