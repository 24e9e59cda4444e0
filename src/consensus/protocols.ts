/** The registry: which protocol a genesis file's `consensus.protocol` names. The only look-up by name. */

import { pbft } from './pbft/pbft.ts';
import { pow } from './pow/pow.ts';
import type { Protocol } from './protocol.ts';

/** Protocols by name; what their parameters, states and messages are is their own affair. */
export const protocols: Readonly<Record<string, Protocol<unknown, unknown, unknown>>> = {
  pow,
  pbft,
};
