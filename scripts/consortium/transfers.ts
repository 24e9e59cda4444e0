/** Signed transfers of the test accounts for trials: made beforehand, sent in batches by JSON-RPC. */

import { testAccounts } from '../../src/node/accounts.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import type { Crypto } from '../../src/primitives/crypto.ts';
import { checksumAddress, signTransaction } from '../../src/primitives/keys.ts';

const batchSize = 200;
/** Of one account under way at once: below what a pool takes from one sender. */
const aheadMax = 800;
const pollMs = 20;
const receiptPollMs = 2;

/** The test accounts and what they have sent so far. */
export class Wallets {
  readonly accounts = testAccounts();
  readonly nonces = this.accounts.map(() => 0);
  readonly #chainId: bigint;
  readonly #crypto: Crypto;

  constructor(chainId: bigint, crypto: Crypto) {
    this.#chainId = chainId;
    this.#crypto = crypto;
  }

  /** The next transfer of one account, raw, as hexadecimal text. */
  transfer(account: number): string {
    const nonce = this.nonces[account] as number;
    this.nonces[account] = nonce + 1;
    const raw = signTransaction(
      {
        type: 2,
        chainId: this.#chainId,
        nonce: BigInt(nonce),
        gasLimit: 21_000n,
        maxFeePerGas: 10n ** 13n,
        maxPriorityFeePerGas: 10n ** 9n,
        to: new Uint8Array(20).fill(0xb0 + account),
        value: 1n,
        data: new Uint8Array(0),
        accessList: [],
      },
      this.accounts[account]?.privateKey as Uint8Array,
      this.#crypto,
    );
    return `0x${toHex(raw)}`;
  }

  address(account: number): string {
    return checksumAddress(this.accounts[account]?.address as Uint8Array);
  }
}

/** What one account is to send. */
interface Errand {
  readonly account: number;
  readonly raw: readonly string[];
  /** Nonce of the first. */
  readonly first: number;
}

export function prepareTransfers(wallets: Wallets, count: number): readonly Errand[] {
  const each = Math.ceil(count / wallets.accounts.length);
  return wallets.accounts.map((_, account) => {
    const first = wallets.nonces[account] as number;
    return { account, first, raw: Array.from({ length: each }, () => wallets.transfer(account)) };
  });
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

async function post(
  url: string,
  method: string,
  parameters: readonly (readonly unknown[])[],
): Promise<readonly Answer[]> {
  const requests = parameters.map((params, id) => ({ jsonrpc: '2.0', id, method, params }));
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(requests) });
  return (await response.json()) as readonly Answer[];
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function minedNonce(url: string, address: string): Promise<number> {
  const [answer] = await post(url, 'eth_getTransactionCount', [[address, 'latest']]);
  return Number(answer?.result);
}

/** Sends one account's transfers through one node, never too many ahead of the blocks. */
async function run(url: string, wallets: Wallets, { account, first, raw }: Errand): Promise<void> {
  const address = wallets.address(account);
  let mined = first;
  for (let sent = 0; sent < raw.length; ) {
    if (first + sent - mined > aheadMax - batchSize) {
      await pause(pollMs);
      mined = await minedNonce(url, address);
      continue;
    }
    const batch = raw.slice(sent, sent + batchSize);
    const answers = await post(
      url,
      'eth_sendRawTransaction',
      batch.map((text) => [text]),
    );
    const refused = answers.find(({ error }) => error !== undefined)?.error;
    if (refused !== undefined) throw new Error(`${url} refuses: ${refused.message}`);
    sent += batch.length;
  }
}

/** Sends all, each account through one of the nodes; resolves when every node has mined them. */
export async function sendAll(
  urls: readonly string[],
  errands: readonly Errand[],
  wallets: Wallets,
): Promise<number> {
  const start = performance.now();
  await Promise.all(
    errands.map((errand, index) => run(urls[index % urls.length] as string, wallets, errand)),
  );
  for (const url of urls) {
    for (const { account, first, raw } of errands) {
      while ((await minedNonce(url, wallets.address(account))) < first + raw.length) {
        await pause(pollMs);
      }
    }
  }
  return performance.now() - start;
}

/** Milliseconds from sending one transfer until the same node has its receipt. */
export async function sendOne(url: string, wallets: Wallets): Promise<number> {
  const raw = wallets.transfer(0);
  const start = performance.now();
  const [answer] = await post(url, 'eth_sendRawTransaction', [[raw]]);
  if (answer?.error !== undefined) throw new Error(answer.error.message);
  for (;;) {
    const [receipt] = await post(url, 'eth_getTransactionReceipt', [[answer?.result]]);
    if (receipt?.result) return performance.now() - start;
    await pause(receiptPollMs);
  }
}
