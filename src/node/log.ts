/** Logging through pino: readable lines for a person at a terminal, JSON for everyone else. */

import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/** @param json JSON lines also on a terminal. The log goes to stderr; stdout has the status lines. */
export function createLogger(options: { readonly level: string; readonly json: boolean }): Logger {
  const { level } = options;
  if (options.json || !process.stderr.isTTY) return pino({ level }, pino.destination(2));
  return pino(
    { level },
    pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }),
  );
}
