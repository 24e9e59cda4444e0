/** `dodona send` and `dodona call`: money and questions for a running node. */

import { parseAmount } from '../../oracle/decimal.ts';
import { checksumAddress, parseAddress } from '../../primitives/keys.ts';
import type { Handler } from '../command-line.ts';
import { UsageError } from '../resolve-settings.ts';
import { nodeTransport, walletOf } from './node-client.ts';

const oakDecimals = 18;

function usage<Value>(what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`${what}: ${(error as Error).message}`);
  }
}

export const runSend: Handler = async (invocation, terminal) => {
  const [toText = '', amountText = ''] = invocation.words;
  const to = usage('TO', () => checksumAddress(parseAddress(toText))) as `0x${string}`;
  const value = usage('AMOUNT', () => parseAmount(amountText, oakDecimals));
  if (value < 0n) throw new UsageError(`AMOUNT: ${amountText} is negative`);
  const data = invocation.options.data ?? '0x';
  if (typeof data !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(data)) {
    throw new UsageError(`--data: "${data}" is no hexadecimal with 0x`);
  }
  const transport = await nodeTransport(invocation.settings.values);
  const wallet = await walletOf(transport, invocation, terminal);
  const hash = await wallet.send({ to, value, data: data as `0x${string}` });
  const text = invocation.options.json
    ? JSON.stringify({ hash, from: wallet.address, to, value: value.toString() })
    : `Sent ${amountText} OAK from ${wallet.address} to ${to}\n${hash}`;
  terminal.write(`${text}\n`);
  return 0;
};

/** A word as a JSON value; what is no JSON is taken as text, so that addresses need no quotes. */
function parameter(word: string): unknown {
  try {
    return JSON.parse(word);
  } catch {
    return word;
  }
}

export const runCall: Handler = async (invocation, terminal) => {
  const [method = '', ...words] = invocation.words;
  const transport = await nodeTransport(invocation.settings.values);
  const result = await transport.request(method, words.map(parameter));
  const indent = invocation.options.json ? undefined : 2;
  terminal.write(`${JSON.stringify(result, null, indent)}\n`);
  return 0;
};
