/** Commands that need no running node: accounts, settings, version. */

import type { Handler } from '../command-line.ts';
import { clientVersion } from '../version.ts';
import { accountCommands } from './account.ts';
import { runConfig } from './config.ts';

const runVersion: Handler = async (_invocation, terminal) => {
  terminal.write(`${clientVersion()}\n`);
  return 0;
};

/** Handlers by command name. */
export function basicHandlers(): Readonly<Record<string, Handler>> {
  const accounts = accountCommands();
  return {
    'account new': accounts.create,
    'account list': accounts.list,
    'account import': accounts.take,
    config: runConfig,
    version: runVersion,
  };
}
