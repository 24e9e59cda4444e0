/** Filters over HTTP and subscriptions over WebSocket. */

import { RpcError } from '../errors.ts';
import { countParams, text } from '../parameters.ts';
import type { MethodContext, NodeMethods, Subscriptions } from './method.ts';

function requireSubscriptions(context: MethodContext, method: string): Subscriptions {
  if (context.subscriptions !== undefined) return context.subscriptions;
  throw new RpcError(
    'methodNotFound',
    `the method ${method} needs a WebSocket: connect to ws:// at the same address`,
  );
}

export const eventMethods: NodeMethods = {
  eth_newFilter: {
    access: 'public',
    run: ({ filters }, params) => {
      countParams(params, 1);
      return filters.install('logs', params[0] ?? {});
    },
  },
  eth_newBlockFilter: {
    access: 'public',
    run: ({ filters }) => filters.install('blocks', undefined),
  },
  eth_newPendingTransactionFilter: {
    access: 'public',
    run: ({ filters }) => filters.install('pending', undefined),
  },
  eth_getFilterChanges: {
    access: 'public',
    run: ({ filters }, params) => filters.changes(text(params[0], 'filterId')),
  },
  eth_getFilterLogs: {
    access: 'public',
    run: ({ filters }, params) => filters.logs(text(params[0], 'filterId')),
  },
  eth_uninstallFilter: {
    access: 'public',
    run: ({ filters }, params) => filters.uninstall(text(params[0], 'filterId')),
  },
  eth_subscribe: {
    access: 'public',
    run: (context, params) => {
      countParams(params, 2);
      return requireSubscriptions(context, 'eth_subscribe').subscribe(params[0], params[1]);
    },
  },
  eth_unsubscribe: {
    access: 'public',
    run: (context, params) => {
      countParams(params, 1);
      const subscriptions = requireSubscriptions(context, 'eth_unsubscribe');
      return subscriptions.unsubscribe(text(params[0], 'subscription'));
    },
  },
};
