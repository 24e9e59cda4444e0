/**
 * Everything that mines at this node, joined: the desk with the executor's templates, the built-in
 * miner, the Stratum port and getblocktemplate. Templates are made only while one of them asks.
 */

import type { MiningService, MiningStatus } from '../api/backend.ts';
import { MiningAccounts, timeToBlock } from '../mining/accounting.ts';
import { BlockTemplates } from '../mining/block-template.ts';
import { TemplateDesk } from '../mining/desk.ts';
import type { HashCoreChoice, HashCoreName } from '../mining/hash-core.ts';
import { MinerPool } from '../mining/miner.ts';
import { StratumServer } from '../mining/stratum/server.ts';
import { createTemplate, extranonceSizeBytes, type Template } from '../mining/template.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { displayId, encodeHeader } from '../primitives/header.ts';
import { checksumAddress } from '../primitives/keys.ts';
import type { ExecutorApi, ExecutorNotice, HeadNotice, OpenedChain } from './executor-api.ts';
import { listening } from './listening.ts';
import type { Caller } from './port.ts';
import { workerUrl } from './threads.ts';

export interface MiningOptions {
  readonly enabled: boolean;
  readonly threads: number;
  /** 20 bytes. */
  readonly beneficiary: Uint8Array;
  readonly core: HashCoreChoice;
  /** Port of the Stratum server on 127.0.0.1; 0 takes any free one. */
  readonly stratumPort: number;
}

export interface MiningParts {
  readonly executor: Caller<ExecutorApi>;
  readonly crypto: Crypto;
  readonly head: OpenedChain['head'];
  /** Whether blocks found here would reach anybody; always on development networks. */
  hasCompany(): boolean;
  /** Told when a mining thread fails. */
  failed(error: Error): void;
}

type SealWork = Extract<ExecutorNotice, { kind: 'seal' }>['work'];

const companyCheckMs = 1_000;
const aloneText = 'no peers: what is mined alone would be orphaned, so connect the node first';
const unpaidText = 'nobody to pay: start the node with --mine.beneficiary ADDRESS, or a key';

/** The built-in miner's name among the workers. */
const builtIn = { door: 'built-in', name: 'built-in' } as const;

/** The extranonce of a share of the space that belongs to `first`: its 8 bytes, then a counter. */
function extranonceOf(first: Uint8Array, count: number): Uint8Array {
  const bytes = new Uint8Array(extranonceSizeBytes);
  bytes.set(first);
  new DataView(bytes.buffer).setBigUint64(first.length, BigInt(count));
  return bytes;
}

export class NodeMining implements MiningService {
  readonly templates: BlockTemplates;
  readonly #options: MiningOptions;
  readonly #parts: MiningParts;
  readonly #accounts = new MiningAccounts();
  readonly #desk: TemplateDesk;
  readonly #pool: MinerPool;
  readonly #extranonce: Uint8Array;
  #stratum: StratumServer | undefined;
  #core: HashCoreName = 'noble';
  /** What the built-in miner searches: a template and how many extranonces are used up. */
  #search: { readonly template: Template; readonly round: number } | undefined;
  #release: (() => void) | undefined;
  /** Whether the executor makes templates now. */
  #isOn = false;
  #companyTimer: NodeJS.Timeout | undefined;
  /** `evm_mine` calls under way: the built-in miner works for them even when it is off. */
  #forced = 0;

  private constructor(options: MiningOptions, parts: MiningParts) {
    const { executor, crypto } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#desk = new TemplateDesk(
      {
        crypto,
        accounts: this.#accounts,
        // Without its executor the node is about to stop, and says why.
        seal: (template, solution) =>
          executor.call('sealed', template, solution).catch(() => 'rejected' as const),
        demand: () => this.#followDemand(),
        now: () => Date.now(),
      },
      parts.head.id,
    );
    this.#extranonce = this.#desk.nextExtranonce();
    this.templates = new BlockTemplates(this.#desk, this.#accounts, crypto);
    this.#pool = new MinerPool(
      { threads: options.threads, core: options.core, workerUrl: workerUrl('mine') },
      {
        found: ({ version, nonce }) => this.#found(version, nonce),
        exhausted: () => this.#nextRound(),
        failed: (error) => parts.failed(error),
      },
    );
    this.#desk.listen({ template: () => this.#renew(), head: () => this.#renew() });
  }

  /**
   * Starts threads and servers.
   * @throws MinerError when a thread cannot start, ListenError when the port is taken
   */
  static async start(options: MiningOptions, parts: MiningParts): Promise<NodeMining> {
    const mining = new NodeMining(options, parts);
    const payee = checksumAddress(options.beneficiary);
    mining.#core = await mining.#pool.start();
    try {
      const place = { host: '127.0.0.1', port: options.stratumPort };
      const payout = `blocks pay ${payee}, the node's beneficiary: user names are only shown`;
      mining.#stratum = await listening(
        { what: 'Stratum', ...place, setting: 'stratum.port' },
        StratumServer.start({ ...place, payout }, mining.#desk, mining.#accounts),
      );
    } catch (error) {
      await mining.#pool.stop();
      throw error;
    }
    mining.#companyTimer = setInterval(() => mining.#followDemand(), companyCheckMs);
    return mining;
  }

  get core(): HashCoreName {
    return this.#core;
  }

  get stratumUrl(): string {
    return `stratum+tcp://127.0.0.1:${this.#stratum?.port ?? 0}`;
  }

  /** The executor has a template, or nothing to search for. */
  sealing(work: SealWork): void {
    this.#desk.setTemplate(
      work === undefined ? undefined : createTemplate(work.template, work.header, work.record),
    );
    if (work === undefined) this.#renew();
  }

  headChanged(notice: HeadNotice): void {
    this.#accounts.moved(notice);
    this.#desk.setHead(notice.head.id);
  }

  status(): MiningStatus {
    const workers = this.#stratum?.workers() ?? [];
    const stratumRate = workers.reduce((sum, worker) => sum + worker.hashesPerSecond, 0);
    const hashesPerSecond = this.#pool.hashRate();
    const target = this.#desk.current?.target;
    return {
      enabled: this.#release !== undefined,
      threads: this.#pool.size,
      core: this.#core,
      hashesPerSecond,
      beneficiary: this.#options.beneficiary,
      paused: this.#desk.isWanted ? this.#obstacle() : undefined,
      blocksFound: this.#accounts.blocksFound,
      blocksOrphaned: this.#accounts.blocksOrphaned,
      blocks: this.#accounts.blocks.map((block) => ({ ...block, id: displayId(block.id) })),
      shares: this.#accounts.shares,
      stratum: {
        url: this.stratumUrl,
        connections: this.#stratum?.connections ?? 0,
        hashesPerSecond: stratumRate,
        workers,
      },
      timeToBlock:
        target === undefined ? undefined : timeToBlock(hashesPerSecond + stratumRate, target),
    };
  }

  async start(threads: number | undefined): Promise<void> {
    if (threads !== undefined) await this.#pool.resize(threads);
    this.#release ??= this.#desk.want();
    this.#search = undefined;
    this.#renew();
  }

  async stop(): Promise<void> {
    this.#release?.();
    this.#release = undefined;
    this.#renew();
  }

  async mineNow(): Promise<void> {
    this.#forced += 1;
    this.#renew();
    try {
      await this.#parts.executor.call('mineNow');
    } finally {
      this.#forced -= 1;
      this.#renew();
    }
  }

  /** Ends servers and threads. */
  async close(): Promise<void> {
    clearInterval(this.#companyTimer);
    this.templates.stop();
    await this.#stratum?.stop();
    await this.#pool.stop();
  }

  /** Why a block must not be made now. */
  #obstacle(): string | undefined {
    if (this.#options.beneficiary.every((byte) => byte === 0)) return unpaidText;
    return this.#parts.hasCompany() ? undefined : aloneText;
  }

  /** Templates are made while somebody wants them and nothing speaks against it. */
  #followDemand(): void {
    const isOn = this.#desk.isWanted && this.#obstacle() === undefined;
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    this.#parts.executor.tell('setMining', isOn);
  }

  /** Lets the built-in miner search what is current, or rest. */
  #renew(): void {
    const isOn = this.#release !== undefined || this.#forced > 0;
    const template = isOn ? this.#desk.current : undefined;
    if (template === this.#search?.template) return;
    this.#search = template === undefined ? undefined : { template, round: 0 };
    this.#setWork();
  }

  #nextRound(): void {
    if (this.#search === undefined) return;
    const { template, round } = this.#search;
    this.#search = { template, round: round + 1 };
    this.#setWork();
  }

  #setWork(): void {
    if (this.#search === undefined) {
      this.#pool.setWork(undefined);
      return;
    }
    const { template, round } = this.#search;
    const extranonce = extranonceOf(this.#extranonce, round);
    const header = encodeHeader(this.#desk.header(template, extranonce));
    this.#pool.setWork({ jobId: template.id, header, target: template.target });
  }

  #found(version: number, nonce: number): void {
    if (this.#search === undefined) return;
    const { template, round } = this.#search;
    const extranonce = extranonceOf(this.#extranonce, round);
    void this.#desk.submit(template, { extranonce, version, nonce }, builtIn);
  }
}
