/** `dodona contract …`: write, build and test contracts, and use them through a running node. */

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { AbiFunction, Hex } from 'viem';
import { decodeFunctionResult, encodeDeployData, encodeFunctionData } from 'viem/utils';
import { parseDecimal } from '../../oracle/decimal.ts';
import { RpcFault, type Transport } from '../../oracle/transport.ts';
import type { Handler, Invocation } from '../command-line.ts';
import { parseArguments } from '../contract/arguments.ts';
import type { Artifact } from '../contract/artifact.ts';
import { readArtifact, recordDeployment, targetOf } from '../contract/deployments.ts';
import { gasTableText } from '../contract/gas-report.ts';
import { buildContract, contractNameOf, writeArtifact } from '../contract/project.ts';
import { ContractRevert, explain } from '../contract/revert.ts';
import { runTests } from '../contract/run-tests.ts';
import { templateFiles } from '../contract/template.ts';
import { UsageError } from '../resolve-settings.ts';
import { nodeTransport, walletOf } from './node-client.ts';

const oakDecimals = 18;
const receiptPollMs = 250;
const receiptWaitMs = 120_000;

const create: Handler = async ({ words: [folder = ''] }, terminal) => {
  if (existsSync(folder)) throw new UsageError(`${folder} exists already: choose another name`);
  const files = templateFiles(contractNameOf(basename(folder)));
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  terminal.write(`Wrote ${Object.keys(files).join(', ')} in ${folder}\n`);
  terminal.write(`Next: dodona contract test ${folder}\n`);
  return 0;
};

const build: Handler = async ({ words: [path = ''] }, terminal) => {
  const artifact = await buildContract(path);
  const file = await writeArtifact(path, artifact);
  const size = (artifact.deployedBytecode.length - 2) / 2;
  terminal.write(`${artifact.contractName}: ${size} bytes, ${file}\n`);
  return 0;
};

const test: Handler = async ({ words: [folder = '.'] }, terminal) => {
  const { exitCode, gas } = await runTests(folder);
  if (gas.length > 0) terminal.write(`\n${gasTableText(gas)}`);
  return exitCode === 0 ? 0 : 1;
};

function acornsOf({ options }: Invocation): bigint {
  const { value } = options;
  if (typeof value !== 'string') return 0n;
  let acorns: bigint;
  try {
    acorns = parseDecimal(value, oakDecimals);
  } catch (error) {
    throw new UsageError(`--value: ${(error as Error).message}`);
  }
  if (acorns < 0n) throw new UsageError(`--value: ${value} is negative`);
  return acorns;
}

export interface Receipt {
  readonly status: Hex;
  readonly contractAddress: Hex | null;
  readonly gasUsed: Hex;
  readonly blockNumber: Hex;
  readonly logs: readonly { readonly address: Hex; readonly topics: readonly Hex[] }[];
}

/** @throws Error when the transaction is not in a block in time */
export async function waitForReceipt(transport: Transport, hash: Hex): Promise<Receipt> {
  const rounds = Math.ceil(receiptWaitMs / receiptPollMs);
  for (let round = 0; round < rounds; round++) {
    const receipt = await transport.request('eth_getTransactionReceipt', [hash]);
    if (receipt !== null) return receipt as Receipt;
    await new Promise((resolve) => setTimeout(resolve, receiptPollMs));
  }
  throw new Error(
    `${hash} is in no block yet: look later with dodona call eth_getTransactionReceipt`,
  );
}

/** A node's refusal of a call in the contract's own words. */
function inWords(what: string, artifact: Artifact, error: unknown): unknown {
  if (!(error instanceof RpcFault) || typeof error.data !== 'string') return error;
  const status = error.data === '0x' ? 'failed' : 'reverted';
  const outcome = { status, hint: error.message } as const;
  return new ContractRevert(what, explain(error.data as Hex, outcome, [artifact.abi]), 0n);
}

const deploy: Handler = async (invocation, terminal) => {
  const [path = '', ...words] = invocation.words;
  const artifact = await readArtifact(path);
  const construction = artifact.abi.find((item) => item.type === 'constructor');
  const args = parseArguments(construction?.inputs ?? [], words);
  const data = encodeDeployData({ abi: artifact.abi, bytecode: artifact.bytecode, args });
  const transport = await nodeTransport(invocation.settings.values);
  const wallet = await walletOf(transport, invocation, terminal);
  const hash = await wallet
    .send({ to: undefined, data, value: acornsOf(invocation) })
    .catch((error: unknown) => {
      throw inWords(`${artifact.contractName} deploy`, artifact, error);
    });
  const { status, contractAddress: address, gasUsed } = await waitForReceipt(transport, hash);
  if (status !== '0x1' || address === null) throw new Error(`${hash}: the deployment failed`);
  const chainId = Number(await transport.request('eth_chainId', []));
  await recordDeployment(path, artifact.contractName, chainId, address);
  const gas = Number(gasUsed);
  const text = invocation.options.json
    ? JSON.stringify({ address, hash, gasUsed: gas })
    : `${artifact.contractName} is at ${address}\n${hash} used ${gas} gas`;
  terminal.write(`${text}\n`);
  return 0;
};

/** The method that a word names, by its name or, where names repeat, its signature. */
function methodOf({ abi, contractName }: Artifact, name: string): AbiFunction {
  const methods = abi.filter((item): item is AbiFunction => item.type === 'function');
  const found = methods.find((method) => method.name === name);
  if (found !== undefined) return found;
  const known = methods.map((method) => method.name).join(', ');
  throw new UsageError(`${contractName} has no method ${name}: it has ${known}`);
}

/** What `call` and `send` share: who is asked, and with which data. */
async function prepare(invocation: Invocation) {
  const [word = '', name = '', ...words] = invocation.words;
  const transport = await nodeTransport(invocation.settings.values);
  const chainId = Number(await transport.request('eth_chainId', []));
  const path = invocation.options.artifact;
  const given = typeof path === 'string' ? path : undefined;
  const { artifact, address } = await targetOf(word, given, chainId);
  const method = methodOf(artifact, name);
  const abi = [method];
  const args = parseArguments(method.inputs, words);
  const data = encodeFunctionData({ abi, functionName: method.name, args });
  return { transport, artifact, address, method, abi, data };
}

const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

const call: Handler = async (invocation, terminal) => {
  const { transport, artifact, address, method, abi, data } = await prepare(invocation);
  const from = invocation.options.from;
  const message = { to: address, data, ...(typeof from === 'string' ? { from } : {}) };
  const answer = await transport
    .request('eth_call', [message, 'latest'])
    .catch((error: unknown) => {
      throw inWords(method.name, artifact, error);
    });
  if (answer === '0x' && method.outputs.length > 0) {
    throw new Error(`${address} answers nothing: is it ${artifact.contractName}, on this chain?`);
  }
  const value = decodeFunctionResult({ abi, functionName: method.name, data: answer as Hex });
  const isText = typeof value === 'string' && !invocation.options.json;
  terminal.write(`${isText ? value : (JSON.stringify(value, plain) ?? '')}\n`);
  return 0;
};

const send: Handler = async (invocation, terminal) => {
  const { transport, artifact, address, method, data } = await prepare(invocation);
  const wallet = await walletOf(transport, invocation, terminal);
  const hash = await wallet
    .send({ to: address, data, value: acornsOf(invocation) })
    .catch((error: unknown) => {
      throw inWords(method.name, artifact, error);
    });
  const { status, gasUsed, blockNumber } = await waitForReceipt(transport, hash);
  const height = Number(blockNumber);
  const gas = Number(gasUsed);
  const text = invocation.options.json
    ? JSON.stringify({ hash, status: Number(status), gasUsed: gas, blockNumber: height })
    : `${status === '0x1' ? 'Done' : 'Reverted'} in block ${height}, ${gas} gas\n${hash}`;
  terminal.write(`${text}\n`);
  return status === '0x1' ? 0 : 1;
};

/** Handlers by command name. */
export const contractHandlers: Readonly<Record<string, Handler>> = {
  'contract new': create,
  'contract build': build,
  'contract test': test,
  'contract deploy': deploy,
  'contract call': call,
  'contract send': send,
};
