/** Who sent a request, from its headers and its socket. */

import type { IncomingMessage } from 'node:http';
import { type Caller, isAuthorized, isLoopback } from './trust.ts';

export function callerOf(
  request: IncomingMessage,
  origin: Caller['origin'],
  token: string,
): Caller {
  return {
    origin,
    authorized: isAuthorized(request.headers.authorization, token),
    loopback: isLoopback(request.socket.remoteAddress),
  };
}
