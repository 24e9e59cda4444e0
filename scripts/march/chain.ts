/**
 * A development chain whose clock is a file: the replay writes the time of the next block, the node
 * process reads it wherever it would ask the system. So block times are those of the data.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpTransport, type Transport } from '../../src/oracle/transport.ts';
import { fastDevnet, writeNetwork } from '../../test/support/network-files.ts';
import { NodeProcess } from '../../test/support/process.ts';
import type { NetworkDescription } from '../genesis-networks.ts';

/** Loaded into every thread of the node before anything else. Thirteen digits of milliseconds. */
const clockModule = `
import { openSync, readSync } from 'node:fs';
const file = openSync(process.env.REPLAY_CLOCK);
const digits = Buffer.alloc(13);
Date.now = () => (readSync(file, digits, 0, 13, 0), Number(digits.toString('latin1')));
`;

/** No block comes by itself. */
const neverMs = 86_400_000;

interface Pace {
  /** Time of block zero, seconds since 1970. */
  readonly start: number;
  readonly secondsPerBlock: number;
}

export class MarchChain {
  readonly node: NodeProcess;
  readonly transport: Transport;
  /** Time of block zero, seconds since 1970. */
  readonly start: number;
  readonly secondsPerBlock: number;
  readonly #clock: string;
  #height = 0;

  private constructor(node: NodeProcess, pace: Pace, clock: string) {
    this.node = node;
    this.transport = httpTransport(node.url);
    this.start = pace.start;
    this.secondsPerBlock = pace.secondsPerBlock;
    this.#clock = clock;
  }

  /** A node in `folder`; `changes` are to the devnet. */
  static async launch(
    folder: string,
    pace: Pace,
    changes: Partial<NetworkDescription>,
  ): Promise<MarchChain> {
    const { start, secondsPerBlock } = pace;
    const network = fastDevnet({ intervalMs: neverMs, transactionMs: neverMs }, changes);
    const parameters = { ...network.parameters, spacing: secondsPerBlock, step: 1 };
    const genesis = writeNetwork(folder, { ...network, parameters, time: start });
    const clock = join(folder, 'clock');
    writeClock(clock, start);
    const node = await NodeProcess.start({
      genesis,
      datadir: join(folder, 'node'),
      mine: false,
      environment: {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(clockModule)}`,
        REPLAY_CLOCK: clock,
      },
    });
    return new MarchChain(node, pace, clock);
  }

  get height(): number {
    return this.#height;
  }

  timeOf(height: number): number {
    return this.start + height * this.secondsPerBlock;
  }

  /** Time of the block that comes next. */
  get nextTime(): number {
    return this.timeOf(this.#height + 1);
  }

  /** One block, that much later than the one before, with what waits in the pool. */
  async mine(): Promise<void> {
    writeClock(this.#clock, this.nextTime);
    await this.node.rpc('evm_mine');
    this.#height += 1;
  }
}

function writeClock(path: string, seconds: number): void {
  writeFileSync(path, `${seconds}000`.padStart(13, '0'));
}
