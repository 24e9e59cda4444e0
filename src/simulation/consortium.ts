/**
 * What a simulated consortium adds: keys whose signatures are cheap but cannot be made without the
 * secret, a book of every vote that leaves an honest member, and Byzantine members' own lies.
 */

import type { Message, Vote } from '../consensus/pbft/messages.ts';
import { prePrepareOf } from '../consensus/pbft/normal-case.ts';
import type { SigningIdentity } from '../consensus/protocol.ts';
import type { Block } from '../primitives/block.ts';
import { concat, equalBytes, type Hex, toHex, utf8 } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { headerId } from '../primitives/header.ts';
import { recordCommitment } from '../primitives/record.ts';
import { votePayload } from '../primitives/seal.ts';
import type { Random } from './random.ts';

/** The secret of member `index`; its public key is the hash of it. */
function secretOf(crypto: Crypto, index: number): Uint8Array {
  return crypto.sha256(utf8(`member ${index}`));
}

function seal(crypto: Crypto, secret: Uint8Array, message: Uint8Array): Uint8Array {
  const digest = crypto.sha256(concat(secret, message));
  return concat(digest, crypto.sha256(digest));
}

/** The key of a simulated member: Ed25519's interface at the price of a hash. */
export function memberIdentity(crypto: Crypto, index: number): SigningIdentity {
  const secret = secretOf(crypto, index);
  return {
    publicKey: crypto.sha256(secret),
    sign: (message) => seal(crypto, secret, message),
  };
}

/** `crypto` with signatures of `count` simulated members in place of Ed25519's. */
export function simulatedSignatures(crypto: Crypto, count: number): Crypto {
  const secrets = new Map<Hex, Uint8Array>();
  for (let index = 0; index < count; index++) {
    const secret = secretOf(crypto, index);
    secrets.set(toHex(crypto.sha256(secret)), secret);
  }
  return {
    ...crypto,
    verifyEd25519: (signature, message, publicKey) => {
      const secret = secrets.get(toHex(publicKey));
      return secret !== undefined && equalBytes(signature, seal(crypto, secret, message));
    },
  };
}

/** Every vote that an honest member has let out of its hands, over all its restarts. */
export class VoteLedger {
  readonly #crypto: Crypto;
  readonly #votes = new Map<string, Hex>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** Says how `message` of `node` contradicts one that it has sent before. */
  inspect(node: string, message: Message): string | undefined {
    if (message.kind === 'pre-prepare') {
      const { view, height, block } = message;
      return this.#note(
        node,
        { kind: 'prepare', view, height },
        headerId(block.header, this.#crypto),
      );
    }
    if (message.kind !== 'prepare' && message.kind !== 'commit') return undefined;
    return this.#note(node, message, message.id);
  }

  #note(
    node: string,
    { kind, view, height }: Pick<Vote, 'kind' | 'view' | 'height'>,
    id: Hex,
  ): string | undefined {
    const key = `${node} ${kind} view ${view} height ${height}`;
    const known = this.#votes.get(key) ?? id;
    this.#votes.set(key, known);
    return known === id ? undefined : `${key}: ${known} and ${id}`;
  }
}

/** A lying member: what it says is signed with its key, so only the rules can stop it. */
export class LyingMember {
  readonly #random: Random;
  readonly #crypto: Crypto;
  readonly #genesisId: Uint8Array;
  readonly #identity: SigningIdentity;

  constructor(
    random: Random,
    parts: {
      readonly crypto: Crypto;
      readonly genesisId: Uint8Array;
      readonly identity: SigningIdentity;
    },
  ) {
    this.#random = random;
    this.#crypto = parts.crypto;
    this.#genesisId = parts.genesisId;
    this.#identity = parts.identity;
  }

  /** What it tells one peer in place of `message`; undefined keeps silent. */
  lie(message: Message): Message | undefined {
    if (this.#random.chance(0.6)) return message;
    if (this.#random.chance(0.3)) return undefined;
    switch (message.kind) {
      case 'pre-prepare':
        return this.#otherProposal(message.view, message.height, message.block);
      case 'prepare':
      case 'commit':
        return this.#otherVote(message);
      case 'view-change':
        return this.#otherChange(message);
      case 'status':
        return { ...message, height: message.height + this.#random.integer(1, 9) };
      default:
        return message;
    }
  }

  #sign(
    kind: Parameters<typeof votePayload>[0],
    view: number,
    height: number,
    id: Hex,
  ): Uint8Array {
    const subject = { genesisId: this.#genesisId, height, id };
    return this.#identity.sign(votePayload(kind, view, subject));
  }

  /** Another block for the same place: some of these are valid, most break a rule. */
  #otherProposal(view: number, height: number, honest: Block): Message {
    const { header } = honest;
    const record = this.#random.pick([
      { ...honest.record, stateRoot: this.#random.bytes(32) },
      { ...honest.record, gasUsed: honest.record.gasUsed + 1 },
      { ...honest.record, extraData: this.#random.bytes(32) },
      { ...honest.record, height: honest.record.height + 1 },
      honest.record,
    ]);
    const time = header.time + this.#random.pick([0, 1, 3, -1, 86_400]);
    const commitment = recordCommitment(record, this.#crypto);
    const block = { ...honest, record, header: { ...header, time, commitment } };
    const id = headerId(block.header, this.#crypto);
    const signature = this.#sign('prepare', view, height, id);
    return prePrepareOf({ kind: 'prepare', view, height, id, member: 0, signature }, block);
  }

  #otherVote(vote: Vote): Vote {
    const id = this.#random.chance(0.5) ? vote.id : toHex(this.#random.bytes(32));
    const view = vote.view + this.#random.pick([0, 0, 1]);
    return { ...vote, view, id, signature: this.#sign(vote.kind, view, vote.height, id) };
  }

  /** Forgets its certificate, or calls for a view far away. */
  #otherChange(message: Extract<Message, { kind: 'view-change' }>): Message {
    const view = message.view + this.#random.pick([0, 1, 5]);
    // The digest of "nothing prepared": SHA-256 of the RLP of the empty string.
    const id = toHex(this.#crypto.sha256(Uint8Array.of(0x80)));
    const signature = this.#sign('view-change', view, message.height, id);
    return { ...message, view, certificate: undefined, signature };
  }
}
