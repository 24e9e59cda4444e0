/**
 * Whom the interfaces trust, as pure functions. A web page in a browser on this machine can reach
 * the port too: the Host list stops DNS rebinding, the Origin rules stop foreign pages, and the
 * token guards whatever signs, changes mining or administers.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { RpcError } from './errors.ts';

/** Who may call a method. */
export type Access =
  /** Anyone, web pages of any origin included: reads and `eth_sendRawTransaction`. */
  | 'public'
  /** Anyone but pages of a foreign origin. */
  | 'local'
  /** As 'local', and only from this machine unless the token comes along. */
  | 'miner'
  /** As 'local', on development networks only. */
  | 'development'
  /** Only with the bearer token from the data directory. */
  | 'token';

export interface Caller {
  /** 'own' is the page that this node serves; programs that are no browsers send none. */
  readonly origin: 'none' | 'own' | 'foreign';
  readonly authorized: boolean;
  readonly loopback: boolean;
}

const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Host name of a Host header or authority, without its port, in lower case. */
export function hostName(authority: string): string {
  return authority.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** Whether a request for this Host header is ours; a rebound DNS name is not. */
export function isHostAllowed(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined || host === '') return false;
  const name = hostName(host);
  return loopbackHosts.includes(name) || allowed.some((entry) => hostName(entry) === name);
}

/** How a request's Origin stands to the host it asked for. */
export function originOf(origin: string | undefined, host: string): Caller['origin'] {
  if (origin === undefined) return 'none';
  const own = [`http://${host}`, `https://${host}`];
  return own.includes(origin.toLowerCase()) ? 'own' : 'foreign';
}

/**
 * Whether a WebSocket may be opened from this Origin: none, our own, a page served from this
 * machine, or one that the operator listed. Others could hold all connections from a browser tab.
 */
export function isSocketOriginAllowed(
  origin: string | undefined,
  host: string,
  allowed: readonly string[],
): boolean {
  if (origin === undefined || originOf(origin, host) === 'own') return true;
  if (allowed.includes(origin)) return true;
  const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  return authority !== undefined && loopbackHosts.includes(hostName(authority));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whether an Authorization header carries the token: Bearer, or Basic with it as the password. */
export function isAuthorized(authorization: string | undefined, token: string): boolean {
  const [scheme, credentials] = (authorization ?? '').split(' ');
  if (scheme === undefined || credentials === undefined || token === '') return false;
  let given = credentials;
  if (scheme.toLowerCase() === 'basic') {
    const pair = Buffer.from(credentials, 'base64').toString();
    given = pair.slice(pair.indexOf(':') + 1);
  } else if (scheme.toLowerCase() !== 'bearer') return false;
  return timingSafeEqual(digest(given), digest(token));
}

/** Whether a socket's remote address is this machine. */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./.test(address));
}

/** Why `caller` may not use `method`, or undefined when it may. */
export function accessFault(
  method: string,
  access: Access,
  caller: Caller,
  development: boolean,
): RpcError | undefined {
  if (access === 'public') return undefined;
  if (access === 'development' && !development) {
    return new RpcError(
      'methodNotFound',
      `the method ${method} does not exist/is not available: it works on development networks only; sign locally and use eth_sendRawTransaction`,
    );
  }
  if (caller.origin === 'foreign') {
    return new RpcError(
      'unauthorized',
      `${method} is not available to web pages of other origins: they may read and use eth_sendRawTransaction`,
    );
  }
  if (access === 'local' || access === 'development' || caller.authorized) return undefined;
  if (access === 'miner' && caller.loopback) return undefined;
  return new RpcError(
    'unauthorized',
    `${method} needs the token: send "Authorization: Bearer <token>" with the content of rpc.token in the data directory`,
  );
}
