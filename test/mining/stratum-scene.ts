/** A desk with its Stratum port, templates for it, and whatever it hands in. */

import { MiningAccounts } from '../../src/mining/accounting.ts';
import { type SealOutcome, TemplateDesk } from '../../src/mining/desk.ts';
import { StratumServer } from '../../src/mining/stratum/server.ts';
import { createTemplate, type Solution, type Template } from '../../src/mining/template.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { baseVersion, encodeHeader } from '../../src/primitives/header.ts';
import { StratumMiner } from '../support/stratum-miner.ts';

/** Every second hash is a block. */
export const easy = 0x207fffff;
/** About 2^18 hashes a block, 2^12 a share at the least difficulty. */
export const harder = 0x1e3fffff;
export const parentA = new Uint8Array(32).map((_, index) => index + 1);
export const parentB = new Uint8Array(32).fill(0xb0);

/** A template of block 9; `id` is a digit. */
export function templateOn(previous: Uint8Array, id: string, bits = easy): Template {
  const header = encodeHeader({
    version: baseVersion,
    previous,
    commitment: new Uint8Array(32),
    time: 1_800_000_000,
    bits,
    nonce: 0,
  });
  const record = new Uint8Array(208).fill(Number(id));
  record.set(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 9]), 4);
  return createTemplate(id, header, record);
}

export class Scene {
  readonly accounts = new MiningAccounts();
  readonly sealed: { readonly template: string; readonly solution: Solution }[] = [];
  readonly demands: boolean[] = [];
  outcome: SealOutcome = 'accepted';
  readonly desk = new TemplateDesk(
    {
      crypto: nobleCrypto,
      accounts: this.accounts,
      seal: async (template, solution) => {
        this.sealed.push({ template, solution });
        return this.outcome;
      },
      demand: () => void this.demands.push(this.desk.isWanted),
      now: () => 0,
    },
    toHex(parentA),
  );
  server!: StratumServer;
  readonly miners: StratumMiner[] = [];

  async start(): Promise<void> {
    const options = { host: '127.0.0.1', port: 0, payout: 'blocks pay 0xaa' };
    this.server = await StratumServer.start(options, this.desk, this.accounts);
  }

  async miner(suggested?: number): Promise<StratumMiner> {
    const miner = await StratumMiner.open(this.server.port);
    this.miners.push(miner);
    if (suggested !== undefined) await miner.request('mining.suggest_difficulty', [suggested]);
    await miner.login();
    return miner;
  }

  async stop(): Promise<void> {
    for (const miner of this.miners) miner.close();
    await this.server.stop();
  }
}
