/**
 * JSON-RPC 2.0 from text to text: requests, batches, notifications, limits. Knows no transport.
 * Requests without `"jsonrpc": "2.0"` are answered in the 1.0 shape for the miners' methods only.
 */

import { limits } from '../primitives/limits.ts';
import type { NodeBackend } from './backend.ts';
import { errorFromObject, errorObject, RpcError, type RpcErrorObject } from './errors.ts';
import { FilterSet } from './filters.ts';
import type { MethodContext, NodeMethods, Subscriptions } from './methods/method.ts';
import { DevelopmentSender } from './methods/submit.ts';
import { nodeMethods } from './methods.ts';
import type { Params } from './parameters.ts';
import { readMethods } from './reads.ts';
import { accessFault, type Caller } from './trust.ts';

type Id = string | number | null;

interface Request {
  readonly method: string;
  readonly params: Params;
  /** Undefined for a notification, which gets no answer. */
  readonly id: Id | undefined;
  readonly legacy: boolean;
}

/** Where a request came from. */
export interface RequestContext {
  readonly caller: Caller;
  readonly subscriptions?: Subscriptions | undefined;
  /** Told of an error that is answered in the 1.0 shape: HTTP then says it with its status too. */
  readonly refused?: (error: RpcErrorObject) => void;
}

export interface DispatcherParts {
  readonly backend: NodeBackend;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Methods of other rooms (the miners' interface), by name. */
  readonly methods?: NodeMethods;
  /** Told of what went wrong on our side; callers only see "internal error". */
  readonly fault: (error: unknown, what: string) => void;
}

function parseRequest(value: unknown): Request {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RpcError('invalidRequest', 'a request is a JSON object with "method" and "params"');
  }
  const { jsonrpc, method, params, id } = value as Record<string, unknown>;
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') {
    throw new RpcError('invalidRequest', '"id" must be a text, a number or null');
  }
  if (jsonrpc !== undefined && jsonrpc !== '2.0' && jsonrpc !== '1.0') {
    throw new RpcError('invalidRequest', '"jsonrpc" must be "2.0"');
  }
  if (typeof method !== 'string') throw new RpcError('invalidRequest', '"method" must be a text');
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    throw new RpcError(
      'invalidParams',
      'invalid params: "params" must be a list, not named values',
    );
  }
  return { method, params: params ?? [], id, legacy: jsonrpc !== '2.0' };
}

function idOf(value: unknown): Id {
  const id = (value as { readonly id?: unknown } | null)?.id;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function resultText(id: Id, json: string, legacy: boolean): string {
  const idText = JSON.stringify(id);
  return legacy
    ? `{"result":${json},"error":null,"id":${idText}}`
    : `{"jsonrpc":"2.0","id":${idText},"result":${json}}`;
}

function errorText(id: Id, error: RpcErrorObject, legacy = false): string {
  return legacy
    ? JSON.stringify({ result: null, error, id })
    : JSON.stringify({ jsonrpc: '2.0', id, error });
}

async function withTimeout<Value>(method: string, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const seconds = limits.rpcTimeoutMs / 1_000;
    timer = setTimeout(
      () => reject(new RpcError('timeout', `${method} was not done after ${seconds} seconds`)),
      limits.rpcTimeoutMs,
    );
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #methods: NodeMethods;
  readonly #filters: FilterSet;
  readonly #sender: DevelopmentSender;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#methods = { ...nodeMethods, ...parts.methods };
    this.#filters = new FilterSet(parts.backend, parts.nowMs);
    this.#sender = new DevelopmentSender(parts.backend);
  }

  close(): void {
    this.#filters.close();
  }

  /** Answers one message, a request or a batch; undefined when nothing is to be said. */
  async answer(text: string, context: RequestContext): Promise<string | undefined> {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return errorText(null, errorObject(new RpcError('parse', 'parse error: not valid JSON')));
    }
    if (!Array.isArray(message)) return this.#answerOne(message, context);
    if (message.length === 0) {
      return errorText(null, errorObject(new RpcError('invalidRequest', 'the batch is empty')));
    }
    if (message.length > limits.rpcBatchMax) {
      const much = `the batch has ${message.length} requests, at most ${limits.rpcBatchMax} are allowed: split it`;
      return errorText(null, errorObject(new RpcError('limitExceeded', much)));
    }
    return this.#answerBatch(message, context);
  }

  /** Requests start in their order; a bounded number runs at once. */
  async #answerBatch(
    batch: readonly unknown[],
    context: RequestContext,
  ): Promise<string | undefined> {
    const answers: (string | undefined)[] = [];
    let next = 0;
    let sizeBytes = 0;
    const work = async (): Promise<void> => {
      while (next < batch.length) {
        const index = next++;
        const request = batch[index];
        if (sizeBytes > limits.rpcResponseSizeBytesMax) {
          answers[index] = errorText(idOf(request), errorObject(tooLarge()));
          continue;
        }
        const answer = await this.#answerOne(request, context);
        sizeBytes += answer?.length ?? 0;
        // What is over the limit is let go at once, so that a batch never holds more than that.
        answers[index] =
          answer === undefined || sizeBytes <= limits.rpcResponseSizeBytesMax
            ? answer
            : errorText(idOf(request), errorObject(tooLarge()));
      }
    };
    await Promise.all(Array.from({ length: limits.rpcBatchConcurrencyMax }, work));
    const given = answers.filter((answer) => answer !== undefined);
    return given.length === 0 ? undefined : `[${given.join(',')}]`;
  }

  async #answerOne(value: unknown, context: RequestContext): Promise<string | undefined> {
    let request: Request | undefined;
    try {
      request = parseRequest(value);
      const json = await withTimeout(request.method, this.#run(request, context));
      if (request.id === undefined) return undefined;
      if (json.length > limits.rpcResponseSizeBytesMax) throw tooLarge();
      return resultText(request.id, json, request.legacy);
    } catch (error) {
      if (!(error instanceof RpcError)) {
        this.#parts.fault(error, request?.method ?? 'a malformed request');
      }
      if (request !== undefined && request.id === undefined) return undefined;
      const object = errorObject(error);
      if (request?.legacy === true) context.refused?.(object);
      return errorText(idOf(value), object, request?.legacy);
    }
  }

  /** JSON text of the method's result. */
  async #run(request: Request, context: RequestContext): Promise<string> {
    const { method: name, params, legacy } = request;
    const { backend } = this.#parts;
    const method = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined;
    if (legacy && method?.legacy !== true) {
      throw new RpcError('invalidRequest', '"jsonrpc" must be "2.0"');
    }
    if (method !== undefined) {
      const fault = accessFault(name, method.access, context.caller, backend.network.development);
      if (fault !== undefined) throw fault;
      const methodContext: MethodContext = {
        backend,
        filters: this.#filters,
        sender: this.#sender,
        caller: context.caller,
        subscriptions: context.subscriptions,
      };
      return JSON.stringify((await method.run(methodContext, params)) ?? null);
    }
    if (!Object.hasOwn(readMethods, name)) {
      throw new RpcError(
        'methodNotFound',
        `the method ${name.slice(0, 64)} does not exist/is not available`,
      );
    }
    const answer = await backend.read(name, params);
    if ('json' in answer) return answer.json;
    throw errorFromObject(answer.error);
  }
}

function tooLarge(): RpcError {
  return new RpcError(
    'responseTooLarge',
    `the response is larger than ${limits.rpcResponseSizeBytesMax} bytes: ask for less at once`,
  );
}
