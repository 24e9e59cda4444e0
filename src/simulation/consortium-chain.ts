/** A simulated PBFT consortium: the real protocol and ledger, members with cheap signatures. */

import type { Message } from '../consensus/pbft/messages.ts';
import type { PbftParameters } from '../consensus/pbft/parameters.ts';
import { pbft } from '../consensus/pbft/pbft.ts';
import type { Protocol } from '../consensus/protocol.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { SimulatedChain } from './chain.ts';
import { LyingMember, memberIdentity, simulatedSignatures, VoteLedger } from './consortium.ts';
import { buildLedgerChain } from './ledger-chain.ts';

const emptyBlockMs = 1_000;

/** Members of a run, and what canaries put in place of sound parts. */
export interface ConsortiumOptions {
  readonly members: number;
  readonly protocol?: Protocol<unknown, unknown, Message>;
  readonly change?: (parameters: PbftParameters) => PbftParameters;
}

/** A network of `members` nodes that know each other. */
export function createConsortiumChain(
  options: ConsortiumOptions,
  crypto: Crypto,
): { readonly chain: SimulatedChain<Message>; readonly crypto: Crypto } {
  const { members } = options;
  const cheap = simulatedSignatures(crypto, members);
  const identity = (index: number) => memberIdentity(cheap, index);
  const protocol = options.protocol ?? (pbft as Protocol<unknown, unknown, Message>);
  const description = {
    bits: 0,
    reward: 0n,
    blockIntervalMs: emptyBlockMs,
    parameters: {
      members: Array.from({ length: members }, (_, index) => ({
        key: `0x${toHex(identity(index).publicKey)}`,
        address: `0x${toHex(cheap.sha256(identity(index).publicKey).subarray(0, 20))}`,
      })),
      emptyBlockMs,
      viewTimeoutMs: 2_000,
      viewTimeoutMsMax: 8_000,
      clockToleranceMs: 6_000,
    },
  };
  const base = buildLedgerChain(protocol, description, cheap);
  const genesisId = base.networkId;
  const parameters = base.parameters as PbftParameters;
  const chain: SimulatedChain<Message> = {
    ...base,
    parameters: options.change === undefined ? parameters : options.change(parameters),
    consortium: {
      identity,
      createInspector: () => {
        const ledger = new VoteLedger(cheap);
        return (node, message) => ledger.inspect(node, message);
      },
      createLiar: (random, index) => {
        const parts = { crypto: cheap, genesisId, identity: identity(index) };
        const liar = new LyingMember(random, parts);
        return (message) => liar.lie(message);
      },
    },
  };
  return { chain, crypto: cheap };
}
