/** The registry: which protocol a genesis file's `consensus.protocol` names. The only look-up by name. */

import type { BlockAnnouncement } from '../primitives/wire.ts';
import { pow } from './pow/pow.ts';
import type { Protocol } from './protocol.ts';

/** Protocols by name; what their parameters and states are is their own affair. */
export const protocols: Readonly<Record<string, Protocol<unknown, unknown, BlockAnnouncement>>> = {
  pow,
};
