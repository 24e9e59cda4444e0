/** Why a request to a peer brought no answer. */

export type RequestFailure = 'timeout' | 'disconnected' | 'refused' | 'malformed';

/** A failed request; `code` is what protocols see. */
export class RequestError extends Error {
  readonly code: RequestFailure;
  constructor(code: RequestFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'RequestError';
    this.code = code;
  }
}
