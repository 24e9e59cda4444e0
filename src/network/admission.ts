/** Who may connect: how the peer slots are shared between the directions, and who is banned. */

import type { Libp2pOptions } from 'libp2p';
import { limits } from '../primitives/limits.ts';
import { parseMultiaddr, reachOf } from './addresses.ts';

type ConnectionGater = NonNullable<Libp2pOptions['connectionGater']>;

export interface Slots {
  readonly peersMax: number;
  /** Connections that strangers may open to this node. */
  readonly inboundMax: number;
  /** Connections that this node opens by itself; nobody else can fill these. */
  readonly outboundTarget: number;
}

/** Shares `peersMax`: up to 8 outbound, never less than a tenth, the rest for inbound ones. */
export function shareSlots(peersMax: number): Slots {
  const outboundTarget = Math.max(
    Math.ceil(peersMax / 10),
    Math.min(limits.peersOutboundTarget, Math.floor(peersMax / 2)),
  );
  return { peersMax, outboundTarget, inboundMax: peersMax - outboundTarget };
}

/** What a ban names: the peer, and its address when that is a public one (others are shared). */
export function banSubjects(peer: string, address: string): readonly string[] {
  const { host } = parseMultiaddr(address);
  return reachOf(host) === 'public' ? [peer, host] : [peer];
}

export interface Admission {
  isBanned(subject: string): boolean;
  inboundPeers(): number;
  isConnected(peer: string): boolean;
  /** One of the operator's own bootnodes: strangers that hold all slots do not keep it out. */
  isInvited(peer: string): boolean;
}

/** libp2p has no separate limits for the two directions, so they are held where it asks. */
export function connectionGater(slots: Slots, self: string, admission: Admission): ConnectionGater {
  return {
    denyDialPeer: (peer) => admission.isBanned(peer.toString()),
    // The default also refuses private addresses in some environments; a node dials what it is told.
    denyDialMultiaddr: (address) => admission.isBanned(parseMultiaddr(address.toString()).host),
    denyInboundConnection: ({ remoteAddr }) =>
      admission.isBanned(parseMultiaddr(remoteAddr.toString()).host),
    denyInboundEncryptedConnection: (peer) => {
      const id = peer.toString();
      if (id === self || admission.isBanned(id)) return true;
      if (admission.isConnected(id) || admission.isInvited(id)) return false;
      return admission.inboundPeers() >= slots.inboundMax;
    },
    denyOutboundEncryptedConnection: (peer) =>
      peer.toString() === self || admission.isBanned(peer.toString()),
  };
}
