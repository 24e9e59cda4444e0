/** `dodona consortium init`: keys, genesis file and settings of a new network of known members. */

import { fileURLToPath } from 'node:url';
import { limits } from '../../primitives/limits.ts';
import type { Handler } from '../command-line.ts';
import { foundConsortium, peerPortOffset, toleranceText } from '../consortium.ts';
import { createNativeCrypto } from '../native-crypto.ts';
import { UsageError } from '../resolve-settings.ts';

const defaults = { members: 4, chainId: 1_338, basePort: 8_545 };
const membersMax = 64;

function integer(
  text: string | true | undefined,
  name: string,
  known: number,
  max: number,
): number {
  if (text === undefined) return known;
  const value = Number(text);
  if (typeof text === 'string' && /^[0-9]+$/.test(text) && value >= 1 && value <= max) return value;
  throw new UsageError(`--${name} is "${text}": an integer from 1 to ${max} is needed`);
}

export const runConsortiumInit: Handler = async ({ options }, terminal) => {
  const { protocol = 'pbft', out } = options;
  if (protocol !== 'pbft') {
    throw new UsageError(`--protocol is "${protocol}": pbft is the one that can be had`);
  }
  if (typeof out !== 'string') throw new UsageError('--out FOLDER is needed');
  const members = integer(options.members, 'members', defaults.members, membersMax);
  const chainId = integer(options['chain-id'], 'chain-id', defaults.chainId, limits.chainIdMax);
  const portMax = 65_535 - peerPortOffset - members;
  const founded = await foundConsortium(
    {
      folder: out,
      members,
      chainId,
      basePort: integer(options['base-port'], 'base-port', defaults.basePort, portMax),
      template: fileURLToPath(new URL('../../../genesis/consortium.json', import.meta.url)),
      time: Math.floor(Date.now() / 1_000),
    },
    createNativeCrypto(),
  );
  const lines = [
    `A PBFT consortium of ${members}: ${toleranceText(members)}`,
    `  genesis    ${founded.genesisId}, chain id ${chainId}`,
    ...founded.members.flatMap(({ configFile, rpcPort, address }, index) => [
      `  member ${String(index).padEnd(4)}${address}  http://127.0.0.1:${rpcPort}`,
      `             dodona start --config ${configFile}`,
    ]),
    'Each folder holds the keys of one member: hand it to that member alone.',
  ];
  terminal.write(`${lines.join('\n')}\n`);
  return 0;
};
