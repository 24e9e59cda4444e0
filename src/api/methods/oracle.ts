/** Feeds, readings, rounds and reports. Amounts and values are decimal text, bytes 0x hex. */

import { bigintFromBytes } from '../../primitives/bytes.ts';
import type { NodeBackend } from '../backend.ts';
import { RpcError } from '../errors.ts';
import { plainJson } from '../format.ts';
import type { OracleFault, OracleService, ReportRequest } from '../oracle-service.ts';
import {
  address,
  bytes,
  countParams,
  invalid,
  looseInteger,
  object,
  optional,
  text,
} from '../parameters.ts';
import type { NodeMethods } from './method.ts';

function requireOracle(backend: NodeBackend): OracleService {
  if (backend.oracle !== undefined) return backend.oracle;
  throw new RpcError(
    'methodNotFound',
    `network ${backend.network.name} has no oracle contracts in its genesis file`,
  );
}

/** JSON of a result; a fault becomes an error with the oracle's own code in `data`. */
function resultJson(result: object): unknown {
  if ('code' in result && 'message' in result) {
    const fault = result as OracleFault;
    throw new RpcError('server', fault.message, { code: fault.code });
  }
  return plainJson(result);
}

/** A signed integer as decimal text or a safe JSON number. */
function decimal(value: unknown, name: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?(0|[1-9][0-9]{0,77})$/.test(value)) return BigInt(value);
  throw invalid(name, value, 'send an integer as decimal text, scaled by the feed’s decimals');
}

/** {feed, value, round?, reporter?} */
function reportRequest(value: unknown): ReportRequest {
  const members = object(value, 'report');
  return {
    feed: text(members.feed, 'report.feed'),
    value: decimal(members.value, 'report.value'),
    round: optional(members.round, looseInteger, 'report.round'),
    reporter: optional(members.reporter, address, 'report.reporter'),
  };
}

export const oracleMethods: NodeMethods = {
  oracle_feeds: {
    access: 'public',
    run: async ({ backend }, params) => {
      countParams(params, 0);
      return resultJson(await requireOracle(backend).feeds());
    },
  },
  oracle_read: {
    access: 'public',
    run: async ({ backend }, params) => {
      countParams(params, 3);
      const feed = text(params[0], 'feed');
      const maxAge = optional(params[1], looseInteger, 'maxAgeSeconds');
      const confirmations = optional(params[2], looseInteger, 'confirmations') ?? 0;
      return resultJson(await requireOracle(backend).read(feed, maxAge, confirmations));
    },
  },
  oracle_round: {
    access: 'public',
    run: async ({ backend }, params) => {
      countParams(params, 2);
      const number = optional(params[1], looseInteger, 'round');
      return resultJson(await requireOracle(backend).round(text(params[0], 'feed'), number));
    },
  },
  oracle_question: {
    access: 'public',
    run: async ({ backend }, params) => {
      countParams(params, 1);
      const id = bigintFromBytes(bytes(params[0], 'id', 32));
      return resultJson(await requireOracle(backend).question(id));
    },
  },
  oracle_prepareReport: {
    access: 'public',
    run: async ({ backend }, params) => {
      countParams(params, 1);
      const request = reportRequest(params[0]);
      if (request.reporter === undefined) {
        throw invalid('report.reporter', undefined, 'send the address that will sign');
      }
      return resultJson(await requireOracle(backend).prepareReport(request));
    },
  },
  oracle_submitReport: {
    access: 'token',
    run: async ({ backend }, params) => {
      countParams(params, 1);
      return resultJson(await requireOracle(backend).submitReport(reportRequest(params[0])));
    },
  },
};
