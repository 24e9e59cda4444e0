/** Contracts as their authors meet them: the commands, and viem and ethers with an artifact. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testAccounts } from '../../src/node/accounts.ts';
import { buildContract } from '../../src/node/contract/project.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { type ContractScenario, factsByEthers, factsByViem } from '../support/clients.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess } from '../support/process.ts';

const entry = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const examples = fileURLToPath(new URL('../../native/contracts/examples/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'dodona-contract-'));
const project = join(folder, 'my-counter');
const artifactFile = join(project, 'artifacts', 'MyCounter.json');

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

function dodona(...words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...words], (error, output, errors) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output, errors });
    });
  });
}

afterAll(() => rmSync(folder, { recursive: true }));

describe('a new project', () => {
  it('is written, tested and built', async () => {
    expect((await dodona('contract', 'new', project)).code).toBe(0);
    const tested = await dodona('contract', 'test', project);
    expect(tested.output).toMatch(/pass 2\b/);
    expect(tested.output).toMatch(/MyCounter\.raise +2 +\d+ +\d+ +\d+/);
    expect(tested.code).toBe(0);
    const built = await dodona('contract', 'build', project);
    expect(built.output).toContain(artifactFile);
    expect(JSON.parse(readFileSync(artifactFile, 'utf8'))._format).toBe('hh-sol-artifact-1');
  });

  it('is not written over, and a folder without a contract says so', async () => {
    const again = await dodona('contract', 'new', project);
    expect(again).toMatchObject({ code: 2 });
    expect(again.errors).toContain('exists already');
    const nothing = await dodona('contract', 'build', folder);
    expect(nothing.errors).toBe(`dodona: ${folder} has no contract.ts\n`);
  });
});

describe('examples', () => {
  it.each(['erc20', 'multisig', 'amm', 'consumer'])('%s passes its tests', async (name) => {
    const { code, output } = await dodona('contract', 'test', join(examples, name));
    expect(output).toMatch(/\bfail 0\b/);
    expect(code).toBe(0);
  });
});

describe('on a running node', () => {
  let node: NodeProcess;
  const datadir = join(folder, 'node');
  const there = (): string[] => ['--datadir', datadir, '--rpc.port', new URL(node.url).port];

  beforeAll(async () => {
    const genesis = writeNetwork(folder, fastDevnet({ intervalMs: 400, transactionMs: 100 }));
    node = await NodeProcess.start({ genesis, datadir, mine: true });
  });
  afterAll(() => node?.stop());

  it('a contract is deployed, asked and told by its artifact', async () => {
    const deployed = await dodona('contract', 'deploy', artifactFile, '10', '--json', ...there());
    expect(deployed.errors).toBe('');
    const { address, gasUsed } = JSON.parse(deployed.output);
    expect(address).toMatch(/^0x[0-9a-fA-F]{40}$/);
    expect(gasUsed).toBeGreaterThan(53_000);
    const call = (...words: string[]) => dodona('contract', 'call', ...words, ...there());
    const send = (...words: string[]) => dodona('contract', 'send', ...words, ...there());
    expect((await call(artifactFile, 'count')).output).toBe('"10"\n');
    expect((await send(artifactFile, 'raise', '5')).output).toMatch(
      /^Done in block \d+, \d+ gas\n/,
    );
    expect((await call(address, 'count', '--artifact', artifactFile)).output).toBe('"15"\n');
    const refused = await send(artifactFile, 'raise', '0');
    expect(refused).toMatchObject({ code: 1, output: '' });
    expect(refused.errors).toContain('nothing to add');
    const stranger = `0x${toHex(testAccounts()[1]?.address as Uint8Array)}`;
    const notOwner = await send(artifactFile, 'reset', '--from', stranger);
    expect(notOwner.errors.toLowerCase()).toContain(`notowner(${stranger})`);
    expect((await call(artifactFile, 'cuont')).errors).toContain('MyCounter has no method cuont');
    expect((await call(address, 'count')).errors).toContain('give its ABI with --artifact');
  });

  it('viem and ethers use the ERC-20 as it was built', async () => {
    const { abi, bytecode } = await buildContract(join(examples, 'erc20'));
    const supply = 10n ** 24n;
    const scenario: ContractScenario = {
      artifact: { abi, bytecode },
      constructorArguments: ['Oak Token', 'OAKT', supply],
      write: { functionName: 'transfer', args: [`0x${'bb'.repeat(20)}`, 5n], value: 0n },
      event: 'Transfer',
      read: { functionName: 'balanceOf', args: ['sender'] },
      failing: { functionName: 'transfer', args: [`0x${'bb'.repeat(20)}`, supply] },
    };
    const target = (index: number) => ({
      url: node.url,
      privateKey: `0x${toHex(testAccounts()[index]?.privateKey as Uint8Array)}` as Hex,
      recipient: `0x${String(index).repeat(40)}` as Hex,
    });
    const viem = await factsByViem(target(2), scenario);
    expect(viem).toMatchObject({
      readBefore: supply,
      readAfter: supply - 5n,
      events: ['Transfer'],
      logsFound: 1,
      revertName: 'ERC20InsufficientBalance',
      estimateSuffices: true,
    });
    expect(await factsByEthers(target(3), scenario)).toEqual(viem);
  });
});
