/**
 * What a user does with a wallet library, once with viem and once with ethers, against a running
 * node: transfer, deploy an artifact, read, write, watch an event, meet a revert, send a burst.
 * Both give the same facts, so a test compares them with what must be and with each other.
 */

import { readFileSync } from 'node:fs';
import {
  Contract,
  ContractFactory,
  type EventLog,
  isCallException,
  isError,
  JsonRpcProvider,
  type TransactionResponse,
  Wallet,
} from 'ethers';
import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  InsufficientFundsError,
  NonceTooLowError,
  parseEventLogs,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';

/** A node and a funded key on its chain. */
export interface ClientTarget {
  readonly url: string;
  readonly privateKey: Hex;
  /** Gets 10^15 acorns; nobody else may send to it meanwhile. */
  readonly recipient: Hex;
}

/** `hh-sol-artifact-1`. */
export interface Artifact {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

/** One contract and what to do with it. */
export interface ContractScenario {
  readonly artifact: Artifact;
  readonly constructorArguments: readonly unknown[];
  /** A transaction that succeeds and logs `event` once. */
  readonly write: {
    readonly functionName: string;
    readonly args: readonly unknown[];
    readonly value: bigint;
  };
  readonly event: string;
  /** A view whose answer shows the write. `sender` stands for the sender's address. */
  readonly read: { readonly functionName: string; readonly args: readonly (unknown | 'sender')[] };
  /** A transaction that reverts with the custom error `errorName`. */
  readonly failing: { readonly functionName: string; readonly args: readonly unknown[] };
}

/** What was seen; equal for both libraries. */
export interface ClientFacts {
  readonly chainId: number;
  readonly transferStatus: 'success' | 'reverted';
  readonly transferGasUsed: bigint;
  readonly transferGasEstimate: bigint;
  /** What the recipient has more than before. */
  readonly received: bigint;
  /** Sender's balance before minus after, minus what it sent and the receipt's fee: 0. */
  readonly unexplained: bigint;
  readonly codeSizeBytes: number;
  readonly readBefore: unknown;
  readonly readAfter: unknown;
  readonly events: readonly string[];
  /** Found by eth_getLogs over the block of the write. */
  readonly logsFound: number;
  readonly revertName: string | undefined;
  /** Estimate of the write is at least what it used. */
  readonly estimateSuffices: boolean;
  /** Nonces of three transactions sent without waiting, relative to the first. */
  readonly burstNonces: readonly number[];
  readonly burstStatuses: readonly string[];
  readonly knowsNonceTooLow: boolean;
  readonly knowsInsufficientFunds: boolean;
  readonly unknownReceipt: null;
}

const transferred = 10n ** 15n;

/** Reads a compiled artifact. */
export function readArtifact(path: string): Artifact {
  const { abi, bytecode } = JSON.parse(readFileSync(path, 'utf8'));
  return { abi, bytecode };
}

/** Deposit a stake and read it; a deposit of nothing reverts with ZeroAmount. */
export function stakeScenario(artifact: Artifact): ContractScenario {
  return {
    artifact,
    constructorArguments: [[], 10n, [], []],
    write: { functionName: 'deposit', args: [], value: 10n ** 18n },
    event: 'Deposited',
    read: { functionName: 'stakeOf', args: ['sender'] },
    failing: { functionName: 'deposit', args: [] },
  };
}

function withSender(args: readonly unknown[], sender: string): unknown[] {
  return args.map((argument) => (argument === 'sender' ? sender : argument));
}

async function viemClients(target: ClientTarget) {
  const transport = http(target.url);
  const chainId = await createPublicClient({ transport }).getChainId();
  const chain = defineChain({
    id: chainId,
    name: 'dodona',
    nativeCurrency: { name: 'OAK', symbol: 'OAK', decimals: 18 },
    rpcUrls: { default: { http: [target.url] } },
  });
  const account = privateKeyToAccount(target.privateKey);
  return {
    account,
    client: createPublicClient({ chain, transport, pollingInterval: 100 }),
    wallet: createWalletClient({ account, chain, transport }),
  };
}

type ViemClients = Awaited<ReturnType<typeof viemClients>>;

async function viemTransfer({ account, client, wallet }: ViemClients, to: Hex) {
  const before = await client.getBalance({ address: account.address });
  const recipientBefore = await client.getBalance({ address: to });
  const transferGasEstimate = await client.estimateGas({ account, to, value: transferred });
  const hash = await wallet.sendTransaction({ to, value: transferred });
  const receipt = await client.waitForTransactionReceipt({ hash });
  const fee = receipt.gasUsed * receipt.effectiveGasPrice;
  const after = await client.getBalance({ address: account.address });
  return {
    transferStatus: receipt.status,
    transferGasUsed: receipt.gasUsed,
    transferGasEstimate,
    received: (await client.getBalance({ address: to })) - recipientBefore,
    unexplained: before - after - transferred - fee,
  };
}

async function viemContract({ account, client, wallet }: ViemClients, scenario: ContractScenario) {
  const { artifact, constructorArguments, write, event, read, failing } = scenario;
  const { abi, bytecode } = artifact;
  const deployed = await wallet.deployContract({ abi, bytecode, args: constructorArguments });
  const address = (await client.waitForTransactionReceipt({ hash: deployed })).contractAddress;
  if (!address) throw new Error('the deployment has no contract address');
  const args = withSender(read.args, account.address);
  const look = () => client.readContract({ address, abi, functionName: read.functionName, args });
  const readBefore = await look();
  const request = { address, abi, account, ...write };
  const estimate = await client.estimateContractGas(request);
  const hash = await wallet.writeContract(request);
  const receipt = await client.waitForTransactionReceipt({ hash });
  const { blockNumber, logs } = receipt;
  const found = await client.getLogs({ address, fromBlock: blockNumber, toBlock: blockNumber });
  const revert = await client
    .simulateContract({ address, abi, account, ...failing })
    .catch((error: unknown) => error);
  const reverted =
    revert instanceof BaseError
      ? revert.walk((error) => error instanceof ContractFunctionRevertedError)
      : undefined;
  return {
    codeSizeBytes: ((await client.getCode({ address })) ?? '0x').length / 2 - 1,
    readBefore,
    readAfter: await look(),
    events: parseEventLogs({ abi, logs, eventName: event }).map((log) => log.eventName),
    logsFound: found.length,
    revertName:
      reverted instanceof ContractFunctionRevertedError ? reverted.data?.errorName : undefined,
    estimateSuffices: estimate >= receipt.gasUsed,
  };
}

async function viemBurst({ account, client, wallet }: ViemClients, to: Hex) {
  const hashes: Hex[] = [];
  for (let count = 0; count < 3; count++) {
    hashes.push(await wallet.sendTransaction({ to, value: 1n, gas: 21_000n }));
  }
  const receipts = await Promise.all(
    hashes.map((hash) => client.waitForTransactionReceipt({ hash })),
  );
  const sent = await Promise.all(hashes.map((hash) => client.getTransaction({ hash })));
  const stale = await wallet
    .sendTransaction({ to, value: 1n, gas: 21_000n, nonce: 0 })
    .catch((error: unknown) => error);
  const rich = await wallet
    .sendTransaction({ to, value: 10n ** 40n, gas: 21_000n })
    .catch((error: unknown) => error);
  const is = (error: unknown, kind: typeof NonceTooLowError | typeof InsufficientFundsError) =>
    error instanceof BaseError && error.walk((cause) => cause instanceof kind) !== null;
  const unknown = `0x${'11'.repeat(32)}` as const;
  const unknownReceipt = await client.request({
    method: 'eth_getTransactionReceipt',
    params: [unknown],
  });
  if (unknownReceipt !== null) throw new Error(`${account.address} got a receipt of nothing`);
  return {
    burstNonces: sent.map((one) => one.nonce - (sent[0]?.nonce ?? 0)),
    burstStatuses: receipts.map((receipt) => receipt.status),
    knowsNonceTooLow: is(stale, NonceTooLowError),
    knowsInsufficientFunds: is(rich, InsufficientFundsError),
    unknownReceipt,
  };
}

/** Everything with viem. */
export async function factsByViem(
  target: ClientTarget,
  scenario: ContractScenario,
): Promise<ClientFacts> {
  const clients = await viemClients(target);
  return {
    chainId: clients.client.chain.id,
    ...(await viemTransfer(clients, target.recipient)),
    ...(await viemContract(clients, scenario)),
    ...(await viemBurst(clients, target.recipient)),
  };
}

async function ethersTransfer(wallet: Wallet, provider: JsonRpcProvider, to: string) {
  const before = await provider.getBalance(wallet.address);
  const recipientBefore = await provider.getBalance(to);
  const transferGasEstimate = await wallet.estimateGas({ to, value: transferred });
  const receipt = await (await wallet.sendTransaction({ to, value: transferred })).wait();
  if (receipt === null) throw new Error('no receipt after waiting');
  const after = await provider.getBalance(wallet.address);
  return {
    transferStatus: receipt.status === 1 ? ('success' as const) : ('reverted' as const),
    transferGasUsed: receipt.gasUsed,
    transferGasEstimate,
    received: (await provider.getBalance(to)) - recipientBefore,
    unexplained: before - after - transferred - receipt.fee,
  };
}

async function ethersContract(
  wallet: Wallet,
  provider: JsonRpcProvider,
  { artifact, constructorArguments, write, event, read, failing }: ContractScenario,
) {
  const factory = new ContractFactory(artifact.abi as never, artifact.bytecode, wallet);
  const deployed = await factory.deploy(...constructorArguments);
  await deployed.waitForDeployment();
  const address = await deployed.getAddress();
  const contract = new Contract(address, artifact.abi as never, wallet);
  const look = () =>
    contract.getFunction(read.functionName)(...withSender(read.args, wallet.address));
  const readBefore = await look();
  const action = contract.getFunction(write.functionName);
  const estimate = await action.estimateGas(...write.args, { value: write.value });
  const receipt = await (await action(...write.args, { value: write.value })).wait();
  const found = await provider.getLogs({
    address,
    fromBlock: receipt.blockNumber,
    toBlock: receipt.blockNumber,
  });
  const revert = await contract
    .getFunction(failing.functionName)
    .staticCall(...failing.args)
    .catch((error: unknown) => error);
  return {
    codeSizeBytes: (await provider.getCode(address)).length / 2 - 1,
    readBefore,
    readAfter: await look(),
    events: (receipt.logs as EventLog[])
      .map((log) => log.eventName)
      .filter((name) => name === event),
    logsFound: found.length,
    revertName: isCallException(revert) ? revert.revert?.name : undefined,
    estimateSuffices: estimate >= receipt.gasUsed,
  };
}

async function ethersBurst(wallet: Wallet, provider: JsonRpcProvider, to: string) {
  const sent: TransactionResponse[] = [];
  for (let count = 0; count < 3; count++) {
    sent.push(await wallet.sendTransaction({ to, value: 1n, gasLimit: 21_000n }));
  }
  const receipts = await Promise.all(sent.map((transaction) => transaction.wait()));
  const stale = await wallet
    .sendTransaction({ to, value: 1n, gasLimit: 21_000n, nonce: 0 })
    .catch((error: unknown) => error);
  const rich = await wallet
    .sendTransaction({ to, value: 10n ** 40n, gasLimit: 21_000n })
    .catch((error: unknown) => error);
  const unknownReceipt = await provider.getTransactionReceipt(`0x${'11'.repeat(32)}`);
  if (unknownReceipt !== null) throw new Error(`${wallet.address} got a receipt of nothing`);
  return {
    burstNonces: sent.map((one) => one.nonce - (sent[0]?.nonce ?? 0)),
    burstStatuses: receipts.map((receipt) => (receipt?.status === 1 ? 'success' : 'reverted')),
    knowsNonceTooLow: isError(stale, 'NONCE_EXPIRED'),
    knowsInsufficientFunds: isError(rich, 'INSUFFICIENT_FUNDS'),
    unknownReceipt,
  };
}

/** Everything with ethers. */
export async function factsByEthers(
  target: ClientTarget,
  scenario: ContractScenario,
): Promise<ClientFacts> {
  const provider = new JsonRpcProvider(target.url, undefined, {
    pollingInterval: 100,
    cacheTimeout: -1,
  });
  try {
    const wallet = new Wallet(target.privateKey, provider);
    return {
      chainId: Number((await provider.getNetwork()).chainId),
      ...(await ethersTransfer(wallet, provider, target.recipient)),
      ...(await ethersContract(wallet, provider, scenario)),
      ...(await ethersBurst(wallet, provider, target.recipient)),
    };
  } finally {
    provider.destroy();
  }
}
