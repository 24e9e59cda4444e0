/** `dodona oracle transmit`: brings a report that others signed to its feed, and waits for its block. */

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { OracleClient } from '../../oracle/client.ts';
import { formatDecimal } from '../../oracle/decimal.ts';
import { mined } from '../../oracle/seat.ts';
import { parseSignedReport, type SignedReport, transmission } from '../../oracle/signed-report.ts';
import type { Handler } from '../command-line.ts';
import { UsageError } from '../resolve-settings.ts';
import { nodeTransport, walletOf } from './node-client.ts';
import { registryOf } from './oracle.ts';

const pauseMs = 250;

function readReport(file: string): SignedReport {
  try {
    return parseSignedReport(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new UsageError(`${file} is no signed report: ${(error as Error).message}`);
  }
}

export const runTransmit: Handler = async (invocation, terminal) => {
  const [name = '', file = ''] = invocation.words;
  const report = readReport(file);
  const transport = await nodeTransport(invocation.settings.values);
  const client = new OracleClient(transport, { registry: await registryOf(transport) });
  const feed = await client.feed(name);
  if (feed.kind !== 'signed') {
    throw new UsageError(`${name} is a ${feed.kind} feed: only signed feeds take such reports`);
  }
  const wallet = await walletOf(transport, invocation, terminal);
  const hash = await wallet.send(transmission(feed, report));
  await mined(client, hash, () => delay(pauseMs));
  const { value } = await client.status(feed);
  terminal.write(`${feed.name} is ${formatDecimal(value, feed.decimals)} now, by ${hash}\n`);
  return 0;
};
