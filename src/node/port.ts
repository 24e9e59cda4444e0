/**
 * Typed calls and notices over a message port: the only way the node's threads speak.
 * A call has one answer; a notice has none. Values are plain data (structured clone).
 */

import type { MessagePort, Worker } from 'node:worker_threads';

type Methods = { readonly [name: string]: (...parameters: never[]) => unknown };
export type Port = Pick<MessagePort, 'postMessage' | 'on'> | Pick<Worker, 'postMessage' | 'on'>;

type Wire =
  | { readonly call: number; readonly method: string; readonly parameters: readonly unknown[] }
  | { readonly tell: string; readonly parameters: readonly unknown[] }
  | { readonly answer: number; readonly result: unknown }
  | { readonly answer: number; readonly error: { name: string; code: string; message: string } }
  | { readonly notice: unknown };

/** A fault that happened in another thread; `code` is the one it had there. */
export class ThreadError extends Error {
  readonly code: string;
  constructor(error: { name: string; code: string; message: string }) {
    super(error.message);
    this.name = error.name;
    this.code = error.code;
  }
}

export interface Caller<Api extends object> {
  call<Name extends keyof Api & string>(
    method: Name,
    ...parameters: Api[Name] extends (...parameters: infer List) => unknown ? List : never
  ): Promise<Api[Name] extends (...parameters: never[]) => infer Result ? Awaited<Result> : never>;
  /** Calls without waiting for an answer. A fault there ends the other thread: nobody else hears of it. */
  tell<Name extends keyof Api & string>(
    method: Name,
    ...parameters: Api[Name] extends (...parameters: infer List) => unknown ? List : never
  ): void;
  /** Every open and later call rejects with `reason`: the thread is gone. */
  fail(reason: Error): void;
}

/** Calls the methods that `serve` offers at the other end; `onNotice` gets what is posted unasked. */
export function connect<Api extends object, Notice = never>(
  port: Port,
  onNotice: (notice: Notice) => void = () => {},
): Caller<Api> {
  const open = new Map<number, { done(value: never): void; failed(error: Error): void }>();
  let counter = 0;
  let gone: Error | undefined;
  port.on('message', (message: Wire) => {
    if ('notice' in message) return onNotice(message.notice as Notice);
    if (!('answer' in message)) return;
    const waiting = open.get(message.answer);
    open.delete(message.answer);
    if ('error' in message) waiting?.failed(new ThreadError(message.error));
    else waiting?.done(message.result as never);
  });
  return {
    call: (method, ...parameters) =>
      new Promise((done, failed) => {
        if (gone !== undefined) return failed(gone);
        counter += 1;
        open.set(counter, { done, failed });
        port.postMessage({ call: counter, method, parameters } satisfies Wire);
      }),
    tell: (method, ...parameters) => {
      if (gone === undefined) port.postMessage({ tell: method, parameters } satisfies Wire);
    },
    fail: (reason) => {
      gone = reason;
      for (const waiting of open.values()) waiting.failed(reason);
      open.clear();
    },
  };
}

/** Answers the calls of `connect`. Methods may be synchronous or not. */
export function serve<Api extends object>(port: Port, methods: Api): void {
  port.on('message', (message: Wire) => {
    if ('tell' in message) {
      (methods as Methods)[message.tell]?.(...(message.parameters as never[]));
      return;
    }
    if (!('call' in message)) return;
    const { call, method, parameters } = message;
    void (async () => {
      try {
        const result = await (methods as Methods)[method]?.(...(parameters as never[]));
        port.postMessage({ answer: call, result } satisfies Wire);
      } catch (error) {
        const {
          name = 'Error',
          code = 'failed',
          message: text = String(error),
        } = error as {
          name?: string;
          code?: string;
          message?: string;
        };
        port.postMessage({ answer: call, error: { name, code: String(code), message: text } });
      }
    })();
  });
}

/** Posts something that nobody asked for. */
export function notify<Notice>(port: Port, notice: Notice): void {
  port.postMessage({ notice } satisfies Wire);
}
