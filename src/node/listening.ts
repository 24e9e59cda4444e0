/** Ports that are taken, or that this user may not have: said with the setting that helps. */

import type { SettingName } from './settings.ts';

/** This node cannot listen where it was told to. */
export class ListenError extends Error {
  readonly code = 'LISTEN_FAILED';
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'this user may not',
};

/** The system's code in an error; libp2p has it in its text alone. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, message } = error as NodeJS.ErrnoException;
  return Object.keys(reasons).find((name) => code === name || message.includes(` ${name}:`));
}

export interface Door {
  /** What is offered there, for people. */
  readonly what: string;
  readonly host: string;
  readonly port: number;
  readonly setting: SettingName | 'metrics';
}

/**
 * What `started` resolves to.
 * @throws ListenError when the system refuses the port; any other error as it is
 */
export async function listening<Value>(door: Door, started: Promise<Value>): Promise<Value> {
  try {
    return await started;
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    const { what, host, port, setting } = door;
    const remedy = `choose another with --${setting} PORT, or run a second node with --instance N`;
    throw new ListenError(
      `${what} cannot listen on ${host} port ${port}: ${reasons[code]}; ${remedy}`,
      { cause },
    );
  }
}
