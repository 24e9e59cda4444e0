/** `dodona oracle …` for statements with a bond: make, read, dispute and settle them, take money. */

import { toHex } from 'viem/utils';
import { printable } from '../../oracle/claim.ts';
import {
  type ContractAddress,
  ContractRefusal,
  calldata,
  oracleAbi,
  view,
} from '../../oracle/contracts.ts';
import { formatDecimal, parseAmount } from '../../oracle/decimal.ts';
import { juryAbi } from '../../oracle/jury-abi.ts';
import { optimisticAbi } from '../../oracle/optimistic-abi.ts';
import type { Transport } from '../../oracle/transport.ts';
import type { Wallet } from '../../oracle/wallet.ts';
import { fromHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import type { Handler, Invocation, Terminal } from '../command-line.ts';
import { UsageError } from '../resolve-settings.ts';
import { type Receipt, waitForReceipt } from './contract.ts';
import { nodeTransport, walletOf } from './node-client.ts';

/** The parts of `oracle_assertion` that are shown; numbers of money size are decimal text. */
interface AssertionAnswer {
  readonly id: `0x${string}`;
  readonly claim?: string;
  readonly phase: string;
  readonly asserter: string;
  readonly disputer?: string;
  readonly bond: string;
  readonly madeAt: number;
  readonly disputeUntil: number;
  readonly settleFrom: number;
  readonly question?: string;
  readonly juryMissing: boolean;
}

interface PageAnswer {
  readonly oracle: ContractAddress;
  readonly minimumBond: string;
  readonly liveness: number;
  readonly from: number;
  readonly to: number;
  readonly assertions: readonly AssertionAnswer[];
  readonly left: number;
}

/** What to do about a refusal, by the name of the contract's error. */
const remedies: Readonly<Record<string, string>> = {
  AssertionExists: 'it was made before: make it again with another --nonce',
  BondTooLow: 'give a higher --bond, or none to give the least that is taken',
  LivenessOutOfRange: "keep --liveness within the bounds of 'oracle_assertions'",
  NoJury: 'too little juror stake could judge it: wait until jurors have enrolled',
  Expired: 'its window has closed',
  AlreadyDisputed: 'somebody was first: the jury decides',
  NotExpired: 'wait until the height that oracle assertion shows',
  DisputePending: 'wait until the jury has ruled',
  UnknownAssertion: "see 'dodona oracle assertions'",
};

const oak = (acorns: string | bigint): string => `${formatDecimal(BigInt(acorns), 18)} OAK`;
const shown = (address: string): string => checksumAddress(fromHex(address));

function shownClaim({ claim }: AssertionAnswer): string {
  return claim === undefined ? '(bytes that are no text)' : printable(claim);
}

function parseId(text = ''): `0x${string}` {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as `0x${string}`;
  throw new UsageError(`ID: "${text}" is no assertion's id: give 0x and 64 hexadecimal digits`);
}

function parseNumber(name: string, text: string): bigint {
  if (/^[0-9]{1,15}$/.test(text)) return BigInt(text);
  throw new UsageError(`${name}: "${text}" is no whole number`);
}

/** The value of an option, parsed; undefined when it is not given. */
function option<Value>(
  { options }: Invocation,
  name: string,
  parse: (text: string) => Value,
): Value | undefined {
  const given = options[name];
  return typeof given === 'string' ? parse(given) : undefined;
}

function parseBond(text: string): bigint {
  try {
    return parseAmount(text, 18);
  } catch (error) {
    throw new UsageError(`--bond: ${(error as Error).message}`);
  }
}

const pageOf = async (transport: Transport, bounds: readonly number[] = []): Promise<PageAnswer> =>
  (await transport.request('oracle_assertions', bounds)) as PageAnswer;

const assertionOf = async (transport: Transport, id: string): Promise<AssertionAnswer> =>
  (await transport.request('oracle_assertion', [id])) as AssertionAnswer;

/** Sends and waits until it is in a block. @throws Error with the contract's error and a remedy */
async function act(
  transport: Transport,
  wallet: Wallet,
  outgoing: Parameters<Wallet['send']>[0],
): Promise<Receipt & { readonly hash: `0x${string}` }> {
  let hash: `0x${string}`;
  try {
    hash = await wallet.send(outgoing);
  } catch (error) {
    const remedy = error instanceof ContractRefusal ? remedies[error.code] : undefined;
    if (remedy === undefined) throw error;
    throw new Error(`${(error as Error).message}: ${remedy}`, { cause: error });
  }
  const receipt = await waitForReceipt(transport, hash);
  if (receipt.status !== '0x1') throw new Error(`transaction ${hash} failed in its block`);
  return { ...receipt, hash };
}

function write(invocation: Invocation, terminal: Terminal, json: object, text: string): number {
  terminal.write(`${invocation.options.json ? JSON.stringify(json) : text}\n`);
  return 0;
}

const runAssert: Handler = async (invocation, terminal) => {
  const [claim = ''] = invocation.words;
  const given = option(invocation, 'bond', parseBond);
  const blocks = option(invocation, 'liveness', (text) => parseNumber('--liveness', text));
  const nonce = option(invocation, 'nonce', (text) => parseNumber('--nonce', text)) ?? 0n;
  const transport = await nodeTransport(invocation.settings.values);
  const wallet = await walletOf(transport, invocation, terminal);
  const { oracle, minimumBond, liveness } = await pageOf(transport);
  const bond = given ?? BigInt(minimumBond);
  const nobody = `0x${'00'.repeat(20)}`;
  const terms = [blocks ?? BigInt(liveness), bond, `0x${'00'.repeat(32)}`, nonce];
  const { hash, logs } = await act(transport, wallet, {
    to: oracle,
    data: calldata(optimisticAbi, 'assertTruth', [toHex(claim), wallet.address, nobody, ...terms]),
    value: bond,
  });
  const made = logs.find(({ address }) => address.toLowerCase() === oracle.toLowerCase());
  const id = made?.topics[1] as `0x${string}`;
  const { disputeUntil, settleFrom } = await assertionOf(transport, id);
  const text = [
    `Asserted by ${wallet.address} with a bond of ${oak(bond)}`,
    `  id       ${id}`,
    `  dispute  until height ${disputeUntil - 1}`,
    `  settle   from height ${settleFrom} on`,
  ].join('\n');
  return write(invocation, terminal, { id, hash, bond: `${bond}`, disputeUntil, settleFrom }, text);
};

const runAssertions: Handler = async (invocation, terminal) => {
  const bounds = invocation.words.map((word, index) =>
    Number(parseNumber(index === 0 ? 'FROM' : 'TO', word)),
  );
  const transport = await nodeTransport(invocation.settings.values);
  const page = await pageOf(transport, bounds);
  const lines = page.assertions.map((assertion) => {
    const until = assertion.phase === 'open' ? ` until height ${assertion.disputeUntil - 1}` : '';
    const facts = `${assertion.phase}${until}, bond ${oak(assertion.bond)}`;
    return `${assertion.id}  ${facts}\n  ${shownClaim(assertion)}`;
  });
  if (page.left > 0) lines.push(`and ${page.left} older ones: ask for fewer heights`);
  const none = `no assertions at heights ${page.from} to ${page.to}`;
  return write(invocation, terminal, page, lines.join('\n') || none);
};

const runAssertion: Handler = async (invocation, terminal) => {
  const id = parseId(invocation.words[0]);
  const transport = await nodeTransport(invocation.settings.values);
  const assertion = await assertionOf(transport, id);
  const { phase, asserter, disputer, bond, question, madeAt, disputeUntil, settleFrom } = assertion;
  const jury = assertion.juryMissing ? 'none could be drawn' : question && `question ${question}`;
  const text = [
    shownClaim(assertion),
    `  phase     ${phase}`,
    `  asserter  ${shown(asserter)}`,
    ...(disputer === undefined ? [] : [`  disputer  ${shown(disputer)}`]),
    ...(jury === undefined ? [] : [`  jury      ${jury}`]),
    `  bond      ${oak(bond)} each`,
    `  dispute   heights ${madeAt} to ${disputeUntil - 1}`,
    `  settle    from height ${settleFrom} on, where undisputed`,
  ].join('\n');
  return write(invocation, terminal, assertion, text);
};

const runDispute: Handler = async (invocation, terminal) => {
  const id = parseId(invocation.words[0]);
  const transport = await nodeTransport(invocation.settings.values);
  const wallet = await walletOf(transport, invocation, terminal);
  const { oracle } = await pageOf(transport);
  const { bond } = await assertionOf(transport, id);
  const data = calldata(optimisticAbi, 'disputeAssertion', [id, wallet.address]);
  const { hash } = await act(transport, wallet, { to: oracle, data, value: BigInt(bond) });
  const { question, juryMissing } = await assertionOf(transport, id);
  const next = juryMissing
    ? 'Too little juror stake is there: both bonds come back.'
    : `The jury decides: question ${question}.`;
  const text = `Disputed by ${wallet.address} with a bond of ${oak(bond)}\n${next}`;
  return write(invocation, terminal, { id, hash, bond, question, juryMissing }, text);
};

const runSettle: Handler = async (invocation, terminal) => {
  const id = parseId(invocation.words[0]);
  const transport = await nodeTransport(invocation.settings.values);
  const wallet = await walletOf(transport, invocation, terminal);
  const { oracle } = await pageOf(transport);
  const data = calldata(optimisticAbi, 'settleAssertion', [id]);
  const { hash } = await act(transport, wallet, { to: oracle, data });
  const assertion = await assertionOf(transport, id);
  const { phase } = assertion;
  const text = `Settled as ${phase}: ${shownClaim(assertion)}\nWho won takes it with 'dodona oracle claim'`;
  return write(invocation, terminal, { id, hash, phase }, text);
};

interface Debtor {
  readonly name: string;
  readonly address: ContractAddress;
}

/** Every contract that may owe something: feeds of reporters, their jury, assertions. */
async function debtors(transport: Transport): Promise<readonly Debtor[]> {
  const feeds = (await transport.request('oracle_feeds', [])) as readonly {
    readonly kind: string;
    readonly oracle: ContractAddress;
  }[];
  const reported = feeds.filter(({ kind }) => kind === 'commit-reveal');
  const found = [...new Set(reported.map(({ oracle }) => oracle))].map((address) => ({
    name: 'feeds',
    address,
  }));
  const [feed] = found;
  if (feed !== undefined) {
    const parts = await view<readonly ContractAddress[]>(
      transport,
      feed.address,
      oracleAbi,
      'parts',
    );
    found.push({ name: 'jury', address: parts[3] as ContractAddress });
  }
  found.push({ name: 'assertions', address: (await pageOf(transport)).oracle });
  return found;
}

const runClaim: Handler = async (invocation, terminal) => {
  const transport = await nodeTransport(invocation.settings.values);
  const wallet = await walletOf(transport, invocation, terminal);
  const taken: { readonly from: string; readonly amount: string; readonly hash: string }[] = [];
  for (const { name, address } of await debtors(transport)) {
    // `claimable` and `claim` are the same in all of them.
    const owed = await view<bigint>(transport, address, juryAbi, 'claimable', [wallet.address]);
    if (owed === 0n) continue;
    const data = calldata(juryAbi, 'claim', []);
    const { hash } = await act(transport, wallet, { to: address, data });
    taken.push({ from: name, amount: owed.toString(), hash });
  }
  const lines = taken.map(({ from, amount }) => `Took ${oak(amount)} from ${from}`);
  const nothing = `Nothing is owed to ${wallet.address}`;
  return write(invocation, terminal, taken, lines.join('\n') || nothing);
};

export const assertionHandlers: Readonly<Record<string, Handler>> = {
  'oracle assert': runAssert,
  'oracle assertions': runAssertions,
  'oracle assertion': runAssertion,
  'oracle dispute-assertion': runDispute,
  'oracle settle': runSettle,
  'oracle claim': runClaim,
};
