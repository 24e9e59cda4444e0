/**
 * Where one request ends and the next begins. The parser is told to be lenient for the sake of miners
 * on libcurl (7.88.1 seen) that send a Content-Length beside `chunked`; what else it lets pass is
 * refused here, so that a proxy before the node and the node never see different requests.
 */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** What is wrong with a request's head, or undefined. The strict parser refuses the same. */
export function headFault(request: IncomingMessage): string | undefined {
  const { httpVersion, rawHeaders, headers } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'use HTTP/1.1';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are looked for.
  if (rawHeaders.some((text) => /[\0-\x08\n-\x1f\x7f]/.test(text))) {
    return 'a header has a control character';
  }
  const encoding = headers['transfer-encoding'];
  if (encoding === undefined) return undefined;
  return encoding.trim().toLowerCase() === 'chunked' ? undefined : 'only "chunked" is known';
}

/**
 * Connections that end with their present request. RFC 9112, 6.1: a body with both framings may be
 * read by its chunks when nothing is read after it. The same holds for all chunks, since the
 * lenient parser knows several ends of them, and for whoever said `Connection: close`.
 */
export class LastRequests {
  readonly #connections = new WeakSet<Duplex>();

  /** Whether `request` is to be answered; false when an earlier one was the last. */
  admits({ socket }: IncomingMessage): boolean {
    return !this.#connections.has(socket);
  }

  /** Whether `request` is the last of its connection, as it is from now on. */
  ends(request: IncomingMessage, keepsAlive: boolean): boolean {
    const isLast = !keepsAlive || request.headers['transfer-encoding'] !== undefined;
    if (isLast) this.#connections.add(request.socket);
    return isLast;
  }
}
