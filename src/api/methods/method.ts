/** The shape of a method that runs on the main thread and asks the node, not the stored chain. */

import type { NodeBackend } from '../backend.ts';
import type { FilterSet } from '../filters.ts';
import type { Params } from '../parameters.ts';
import type { Access, Caller } from '../trust.ts';
import type { DevelopmentSender } from './submit.ts';

/** Subscriptions of one WebSocket connection. */
export interface Subscriptions {
  subscribe(kind: unknown, criteria: unknown): string;
  unsubscribe(id: string): boolean;
}

export interface MethodContext {
  readonly backend: NodeBackend;
  readonly filters: FilterSet;
  readonly sender: DevelopmentSender;
  readonly caller: Caller;
  /** Undefined over plain HTTP. */
  readonly subscriptions: Subscriptions | undefined;
}

export interface NodeMethod {
  readonly access: Access;
  /** Also answers requests without `"jsonrpc": "2.0"`, as mining software sends them. */
  readonly legacy?: boolean;
  run(context: MethodContext, params: Params): unknown;
}

export type NodeMethods = Readonly<Record<string, NodeMethod>>;
