/** Where artifacts were deployed: `deployments.json` beside them, by chain id and contract name. */

import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checksumAddress, parseAddress } from '../../primitives/keys.ts';
import { UsageError } from '../resolve-settings.ts';
import { type Artifact, parseArtifact } from './artifact.ts';

type Deployments = Record<string, Record<string, string>>;

const fileBeside = (artifactPath: string): string =>
  join(dirname(artifactPath), 'deployments.json');

async function readDeployments(artifactPath: string): Promise<Deployments> {
  const text = await readFile(fileBeside(artifactPath), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Deployments;
}

/** Remembers the latest deployment of a contract on a chain. */
export async function recordDeployment(
  artifactPath: string,
  contractName: string,
  chainId: number,
  address: string,
): Promise<void> {
  const all = await readDeployments(artifactPath);
  all[chainId] = { ...all[chainId], [contractName]: address };
  await writeFile(fileBeside(artifactPath), `${JSON.stringify(all, null, 2)}\n`);
}

/** @throws UsageError when `path` cannot be read, Error when it is no artifact */
export async function readArtifact(path: string): Promise<Artifact> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: give an artifact`, error);
  }
  return parseArtifact(path, text);
}

/** A contract to talk to. */
export interface Target {
  readonly artifact: Artifact;
  readonly address: `0x${string}`;
}

/**
 * The contract of `ADDRESS` with `--artifact`, or of an artifact that was deployed on this chain.
 * @throws UsageError when the ABI or the address is missing
 */
export async function targetOf(
  word: string,
  artifactPath: string | undefined,
  chainId: number,
): Promise<Target> {
  if (/^0x[0-9a-fA-F]{40}$/.test(word)) {
    if (artifactPath === undefined) {
      throw new UsageError(`${word}: give its ABI with --artifact FILE`);
    }
    const address = checksumAddress(parseAddress(word)) as `0x${string}`;
    return { artifact: await readArtifact(artifactPath), address };
  }
  const artifact = await readArtifact(word);
  const known = (await readDeployments(word))[chainId]?.[artifact.contractName];
  if (known === undefined) {
    throw new UsageError(
      `${word} was not deployed on chain ${chainId} from here: deploy it, or give ADDRESS and --artifact`,
    );
  }
  return { artifact, address: known as `0x${string}` };
}
