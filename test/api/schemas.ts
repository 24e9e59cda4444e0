/**
 * The schemas of ethereum/execution-apis (src/schemas) for blocks, transactions, receipts and logs,
 * as one pattern a member. Only members that this chain can have are listed.
 */

interface Schema {
  readonly required: readonly string[];
  readonly members: Readonly<Record<string, RegExp | 'null' | 'any' | readonly [RegExp, 'null']>>;
  /** Whether other members are forbidden. */
  readonly closed: boolean;
}

const uint = /^0x(0|[1-9a-f][0-9a-f]*)$/;
const byte = /^0x[0-9a-f]{1,2}$/;
const bytes = /^0x([0-9a-f]{2})*$/;
const address = /^0x[0-9a-fA-F]{40}$/;
const hash32 = /^0x[0-9a-f]{64}$/;

const log: Schema = {
  required: ['transactionHash'],
  closed: true,
  members: {
    removed: 'any',
    logIndex: uint,
    transactionIndex: uint,
    transactionHash: hash32,
    blockHash: hash32,
    blockNumber: uint,
    blockTimestamp: uint,
    address,
    data: bytes,
    topics: 'any',
  },
};

const receiptMembers = {
  type: byte,
  transactionHash: hash32,
  transactionIndex: uint,
  blockHash: hash32,
  blockNumber: uint,
  from: address,
  to: [address, 'null'],
  cumulativeGasUsed: uint,
  gasUsed: uint,
  contractAddress: [address, 'null'],
  logs: 'any',
  logsBloom: /^0x[0-9a-f]{512}$/,
  status: uint,
  effectiveGasPrice: uint,
} as const;

const receipt: Schema = {
  required: Object.keys(receiptMembers),
  closed: true,
  members: receiptMembers,
};

const blockMembers = {
  hash: hash32,
  parentHash: hash32,
  sha3Uncles: hash32,
  miner: address,
  stateRoot: hash32,
  transactionsRoot: hash32,
  receiptsRoot: hash32,
  logsBloom: /^0x[0-9a-f]{512}$/,
  difficulty: uint,
  number: uint,
  gasLimit: uint,
  gasUsed: uint,
  timestamp: uint,
  extraData: bytes,
  mixHash: hash32,
  nonce: /^0x[0-9a-f]{16}$/,
  baseFeePerGas: uint,
  size: uint,
  transactions: 'any',
  uncles: 'any',
} as const;

const block: Schema = { required: Object.keys(blockMembers), closed: true, members: blockMembers };

const contextual = {
  blockHash: hash32,
  blockNumber: uint,
  blockTimestamp: uint,
  from: address,
  hash: hash32,
  transactionIndex: uint,
} as const;

const legacyMembers = {
  ...contextual,
  type: byte,
  nonce: uint,
  to: [address, 'null'],
  gas: uint,
  value: uint,
  input: bytes,
  gasPrice: uint,
  chainId: uint,
  v: uint,
  r: uint,
  s: uint,
} as const;
const accessListMembers = { ...legacyMembers, accessList: 'any', yParity: byte, v: byte } as const;
const feeMembers = {
  ...accessListMembers,
  maxFeePerGas: uint,
  maxPriorityFeePerGas: uint,
} as const;

const closed = (members: Schema['members']): Schema => ({
  required: Object.keys(members),
  closed: true,
  members,
});

export const schemas = {
  block,
  receipt,
  log,
  transaction: {
    '0x0': closed(legacyMembers),
    '0x1': closed(accessListMembers),
    '0x2': closed(feeMembers),
  },
} as const;

/** What is wrong with `value`, one line a member; empty when it is valid. */
export function schemaFaults(schema: Schema, value: Readonly<Record<string, unknown>>): string[] {
  const faults: string[] = [];
  for (const name of schema.required) if (!(name in value)) faults.push(`${name} is missing`);
  for (const [name, member] of Object.entries(value)) {
    const rule = schema.members[name];
    if (rule === undefined) {
      if (schema.closed) faults.push(`${name} is unknown`);
      continue;
    }
    if (rule === 'any') continue;
    const patterns = rule instanceof RegExp || rule === 'null' ? [rule] : rule;
    const fits = patterns.some((pattern) =>
      pattern === 'null' ? member === null : typeof member === 'string' && pattern.test(member),
    );
    if (!fits) faults.push(`${name} is ${JSON.stringify(member)}`);
  }
  return faults;
}
