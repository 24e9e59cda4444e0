/** Every command's handler by name, the ones that need a node with those that need none. */

import type { Handler } from '../command-line.ts';
import { assertionHandlers } from './assertions.ts';
import { basicHandlers } from './basic.ts';
import { contractHandlers } from './contract.ts';
import { juryHandlers } from './jury.ts';
import { oracleHandlers } from './oracle.ts';
import { proofHandlers } from './proof.ts';
import { runReport } from './report.ts';
import { runCall, runSend } from './send.ts';
import { runServe } from './serve-jury.ts';
import { runTransmit } from './transmit.ts';
import { runWatch } from './watch.ts';

/** A handler that is loaded when it is called: a whole node takes half a second to load. */
const later =
  (load: () => Promise<Handler>): Handler =>
  async (invocation, terminal) =>
    (await load())(invocation, terminal);

/** `simulate` is main's own: the node room does not know the simulation. */
export function nodeHandlers(): Readonly<Record<string, Handler>> {
  return {
    ...basicHandlers(),
    ...contractHandlers,
    ...oracleHandlers,
    ...juryHandlers,
    ...proofHandlers,
    'oracle report': runReport,
    'oracle serve': runServe,
    ...assertionHandlers,
    'oracle watch': runWatch,
    'oracle transmit': runTransmit,
    'consortium init': later(async () => (await import('./consortium.ts')).runConsortiumInit),
    start: later(async () => (await import('./start.ts')).runStart),
    send: runSend,
    call: runCall,
    'db check': later(async () => (await import('./database.ts')).runDatabaseCheck),
  };
}
