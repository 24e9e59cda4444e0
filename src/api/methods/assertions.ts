/** Assertions of the optimistic oracle: one by its id, or those made in a range of blocks. */

import type { NodeBackend } from '../backend.ts';
import { RpcError } from '../errors.ts';
import { plainJson } from '../format.ts';
import type { AssertionService, OracleFault } from '../oracle-service.ts';
import { bytes, countParams, looseInteger, optional } from '../parameters.ts';
import type { NodeMethods } from './method.ts';

function requireAssertions(backend: NodeBackend): AssertionService {
  if (backend.assertions !== undefined) return backend.assertions;
  throw new RpcError(
    'methodNotFound',
    `network ${backend.network.name} has no optimistic oracle in its genesis file`,
  );
}

/** JSON of a result; a fault becomes an error with the contract's error name in `data`. */
function resultJson(result: object | OracleFault): unknown {
  if ('code' in result) throw new RpcError('server', result.message, { code: result.code });
  return plainJson(result);
}

export const assertionMethods: NodeMethods = {
  oracle_assertion: {
    access: 'public',
    run: async ({ backend }, params) => {
      countParams(params, 1);
      const id = bytes(params[0], 'id', 32);
      return resultJson(await requireAssertions(backend).assertion(id));
    },
  },
  oracle_assertions: {
    access: 'public',
    run: async ({ backend }, params) => {
      countParams(params, 2);
      const from = optional(params[0], looseInteger, 'from');
      const to = optional(params[1], looseInteger, 'to');
      return resultJson(await requireAssertions(backend).assertions(from, to));
    },
  },
};
