/** Multiaddress questions: which host, which peer, which subnet, and whether it is a public one. */

import { multiaddr } from '@multiformats/multiaddr';
import type { PeerId } from './types.ts';

export interface AddressParts {
  /** IP address or DNS name; empty when there is none. */
  readonly host: string;
  readonly peer: PeerId | undefined;
}

/** Host and peer id of a multiaddress. @throws Error when the text is none. */
export function parseMultiaddr(text: string): AddressParts {
  const components = multiaddr(text).getComponents();
  const host = components.find(({ name }) => /^(ip4|ip6|dns|dns4|dns6|dnsaddr)$/.test(name));
  const peer = components.findLast(({ name }) => name === 'p2p');
  return { host: host?.value ?? '', peer: peer?.value };
}

/** Whether a TCP connection to `text` can be tried; false for what does not parse. */
export function isDialable(text: string): boolean {
  try {
    const names = multiaddr(text)
      .getComponents()
      .map(({ name }) => name);
    return (names.includes('tcp') || names.includes('dnsaddr')) && !names.includes('p2p-circuit');
  } catch {
    return false;
  }
}

/** @throws RangeError naming the address and the form it should have */
export function assertDialable(address: string): void {
  if (isDialable(address)) return;
  throw new RangeError(
    `"${address}" cannot be dialled: an address is like /ip4/203.0.113.7/tcp/30333/p2p/12D3KooW...`,
  );
}

export type Reach = 'loopback' | 'private' | 'public';

/** How far an address reaches (RFC 1918, 4193, 4291, 6598). DNS names count as public. */
export function reachOf(host: string): Reach {
  const ip = host.toLowerCase().replace(/^::ffff:/, '');
  if (ip === '::1' || ip.startsWith('127.') || ip === 'localhost') return 'loopback';
  const [first = -1, second = -1] = ip.split('.').map(Number);
  const isPrivate4 =
    first === 10 ||
    first === 0 ||
    (first === 192 && second === 168) ||
    (first === 169 && second === 254) ||
    (first === 172 && second >= 16 && second < 32) ||
    (first === 100 && second >= 64 && second < 128);
  if (/^\d+\.\d+\.\d+\.\d+$/.test(ip)) return isPrivate4 ? 'private' : 'public';
  return /^(fc|fd|fe[89ab])|^::$/.test(ip) ? 'private' : 'public';
}

/**
 * The network an attacker gets cheaply: /16 of IPv4, /32 of IPv6. Undefined for addresses that
 * do not reach beyond a site, which diversity rules leave alone.
 */
export function subnetOf(host: string): string | undefined {
  if (reachOf(host) !== 'public') return undefined;
  if (host.includes(':')) return host.split(':').slice(0, 2).join(':');
  return /^\d/.test(host) ? host.split('.').slice(0, 2).join('.') : host;
}

/**
 * Of the addresses a peer says it listens on, the one worth keeping: on the host it was seen at,
 * else one with the same reach. Undefined when there is none.
 */
export function bestAddress(seenAt: string, listens: readonly string[]): string | undefined {
  const { host } = parseMultiaddr(seenAt);
  const dialable = listens.filter(isDialable);
  return (
    dialable.find((address) => parseMultiaddr(address).host === host) ??
    dialable.find((address) => reachOf(parseMultiaddr(address).host) === reachOf(host))
  );
}

/** `address` with the peer id at its end. */
export function withPeer(address: string, peer: PeerId): string {
  return parseMultiaddr(address).peer === undefined ? `${address}/p2p/${peer}` : address;
}
