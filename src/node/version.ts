/** Name and version as clients, peers and people see them. */

import { readFileSync } from 'node:fs';

/** The version in package.json. */
export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** For instance `dodona/0.1.0/linux-x64/node20`. */
export function clientVersion(): string {
  const node = process.versions.node.split('.')[0];
  return `dodona/${packageVersion()}/${process.platform}-${process.arch}/node${node}`;
}
