/** A contract on disk: one file, or a folder with `contract.ts`; and where its artifact goes. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { validateModule } from '../../vm/contract.ts';
import { decodeModule } from '../../vm/decoder.ts';
import { type Artifact, artifactOf, artifactText } from './artifact.ts';
import { BuildError, compileModule } from './compiler.ts';
import { contractTransform } from './transform.ts';

/** `simple-token` and `simple_token` become SimpleToken. */
export function contractNameOf(word: string): string {
  const name = word
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
  if (!/^[A-Z]/.test(name))
    throw new BuildError(`${word} gives no contract name: begin with a letter`);
  return name;
}

/** Source file and name of the contract at `path`. @throws BuildError when there is none */
function locate(path: string): { readonly file: string; readonly name: string } {
  const full = resolve(path);
  if (!existsSync(full)) throw new BuildError(`${path} does not exist`);
  if (!statSync(full).isDirectory()) {
    return { file: full, name: contractNameOf(basename(full, '.ts')) };
  }
  const file = join(full, 'contract.ts');
  if (!existsSync(file)) throw new BuildError(`${path} has no contract.ts`);
  return { file, name: contractNameOf(basename(full)) };
}

/** What the chain would refuse is refused here, before anybody pays for it. */
function refuseUndeployable(file: string, wasm: Uint8Array): void {
  if (decodeModule(wasm).start !== undefined) {
    throw new BuildError(
      `${basename(file)}: a module-level variable is computed when the module starts, which contracts ` +
        'cannot: use a number, or a function that returns the value',
    );
  }
  const refusal = validateModule(wasm);
  if (refusal !== undefined) throw new BuildError(`${basename(file)}: ${refusal.message}`);
}

/**
 * Compiles the contract of a file or folder.
 * @throws BuildError with file, line and what is wrong
 */
export async function buildContract(path: string): Promise<Artifact> {
  const { file, name } = locate(path);
  const baseDirectory = dirname(file);
  const { hooks, abi } = contractTransform();
  const read = (source: string): string | null => {
    if (source === 'entry.ts') return `import "./${basename(file, '.ts')}";`;
    const found = join(baseDirectory, source);
    return existsSync(found) ? readFileSync(found, 'utf8') : null;
  };
  const wasm = await compileModule({ entry: 'entry.ts', baseDirectory, readFile: read, hooks });
  refuseUndeployable(file, wasm);
  return artifactOf({ name, sourceName: relative(baseDirectory, file), abi: abi(), wasm });
}

/** Writes `artifacts/<Name>.json` beside the source; resolves with its path. */
export async function writeArtifact(path: string, artifact: Artifact): Promise<string> {
  const folder = join(dirname(locate(path).file), 'artifacts');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${artifact.contractName}.json`);
  await writeFile(file, artifactText(artifact));
  return file;
}
