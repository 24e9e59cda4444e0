/** A simulated PBFT consortium: the real protocol and ledger, members with cheap signatures. */

import type { Message } from '../consensus/pbft/messages.ts';
import type { PbftParameters } from '../consensus/pbft/parameters.ts';
import { pbft } from '../consensus/pbft/pbft.ts';
import type { Protocol } from '../consensus/protocol.ts';
import { readMembers } from '../ledger/members.ts';
import { fromHex, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { addressOfPrivateKey } from '../primitives/keys.ts';
import type { Member } from '../primitives/seal.ts';
import type { SimulatedChain } from './chain.ts';
import { LyingMember, memberIdentity, simulatedSignatures, VoteLedger } from './consortium.ts';
import { encodeRegistry, operatorKey } from './governance.ts';
import { buildLedgerChain, governanceAddress } from './ledger-chain.ts';

const emptyBlockMs = 1_000;
/** Blocks in which a change of members must find its quorum. */
const approvalWindow = 100;

/** Members of a run, and what canaries put in place of sound parts. */
export interface ConsortiumOptions {
  readonly members: number;
  /** MemberRegistry's module: with it members change during the run. */
  readonly registry?: Uint8Array | undefined;
  readonly protocol?: Protocol<unknown, unknown, Message>;
  readonly change?: (parameters: PbftParameters) => PbftParameters;
}

/** A network of `members` nodes that know each other. */
export function createConsortiumChain(
  options: ConsortiumOptions,
  crypto: Crypto,
): { readonly chain: SimulatedChain<Message>; readonly crypto: Crypto } {
  const { members, registry } = options;
  const spares = registry === undefined ? 0 : Math.min(3, members);
  const cheap = simulatedSignatures(crypto, members + spares);
  const identity = (index: number) => memberIdentity(cheap, index);
  const protocol = options.protocol ?? (pbft as Protocol<unknown, unknown, Message>);
  const candidates = Array.from({ length: members + spares }, (_, index) => ({
    key: identity(index).publicKey,
    address: addressOfPrivateKey(operatorKey(cheap, index)),
  }));
  const first = candidates.slice(0, members);
  const description = {
    bits: 0,
    reward: 0n,
    blockIntervalMs: emptyBlockMs,
    parameters: {
      members: first.map(({ key, address }) => ({
        key: `0x${toHex(key)}`,
        address: `0x${toHex(address)}`,
      })),
      emptyBlockMs,
      viewTimeoutMs: 2_000,
      viewTimeoutMsMax: 8_000,
      clockToleranceMs: 6_000,
    },
    ...(registry && {
      funded: candidates.map(({ address }) => address),
      governance: {
        module: registry,
        constructorArguments: encodeRegistry(first, approvalWindow),
      },
    }),
  };
  const base = buildLedgerChain(protocol, description, cheap);
  const genesisId = base.networkId;
  const contract = fromHex(governanceAddress);
  /** Signing costs more than a block: what is said again is the same bytes. */
  const approvals = new Map<string, Uint8Array>();
  const parameters = base.parameters as PbftParameters;
  const chain: SimulatedChain<Message> = {
    ...base,
    parameters: options.change === undefined ? parameters : options.change(parameters),
    consortium: {
      spares,
      ...(registry && {
        governance: {
          candidates,
          first,
          members: (reader) => readMembers(reader, contract, cheap),
          approve: (reader, index, call) => {
            const { address } = candidates[index] as Member;
            const nonce = base.nonceOf(reader, address);
            const name = `${index} ${nonce} ${toHex(call)}`;
            const raw =
              approvals.get(name) ?? base.call(operatorKey(cheap, index), nonce, contract, call);
            approvals.set(name, raw);
            return raw;
          },
        },
      }),
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
