/** Mining and administration: what changes the node's behaviour needs the token. */

import { limits } from '../../primitives/limits.ts';
import type { MiningService, NodeBackend } from '../backend.ts';
import { RpcError } from '../errors.ts';
import { hexData, hexQuantity, plainJson } from '../format.ts';
import { countParams, invalid, looseInteger, optional, text } from '../parameters.ts';
import type { NodeMethods } from './method.ts';

function requireMining(backend: NodeBackend): MiningService {
  if (backend.mining !== undefined) return backend.mining;
  throw new RpcError('methodNotFound', 'this network does not mine: its members propose blocks');
}

function miningJson(backend: NodeBackend): unknown {
  const status = requireMining(backend).status();
  const { beneficiary = null, timeToBlock = null, paused = null } = status;
  return plainJson({ ...status, beneficiary, timeToBlock, paused });
}

export const operateMethods: NodeMethods = {
  eth_mining: {
    access: 'public',
    run: ({ backend }) => backend.mining?.status().enabled ?? false,
  },
  eth_hashrate: {
    access: 'public',
    run: ({ backend }) => hexQuantity(Math.round(backend.mining?.status().hashesPerSecond ?? 0)),
  },
  eth_coinbase: {
    access: 'public',
    run: ({ backend }) => hexData(backend.mining?.status().beneficiary ?? new Uint8Array(20)),
  },
  miner_status: { access: 'public', run: ({ backend }) => miningJson(backend) },
  miner_start: {
    access: 'token',
    run: async ({ backend }, params) => {
      countParams(params, 1);
      const threads = optional(params[0], looseInteger, 'threads');
      if (threads === 0 || (threads ?? 1) > limits.minerThreadsMax) {
        throw invalid('threads', params[0], `send a number from 1 to ${limits.minerThreadsMax}`);
      }
      await requireMining(backend).start(threads);
      return miningJson(backend);
    },
  },
  miner_stop: {
    access: 'token',
    run: async ({ backend }, params) => {
      countParams(params, 0);
      await requireMining(backend).stop();
      return miningJson(backend);
    },
  },
  evm_mine: {
    access: 'development',
    run: async ({ backend }) => {
      await requireMining(backend).mineNow();
      return '0x0';
    },
  },
  admin_addPeer: {
    access: 'token',
    run: async ({ backend }, params) => {
      countParams(params, 1);
      try {
        await backend.peers.addPeer(text(params[0], 'multiaddr'));
      } catch (error) {
        if (error instanceof RpcError) throw error;
        throw new RpcError('server', `cannot connect: ${(error as Error).message}`);
      }
      return true;
    },
  },
  admin_removePeer: {
    access: 'token',
    run: ({ backend }, params) => {
      countParams(params, 1);
      return backend.peers.removePeer(text(params[0], 'peerId'));
    },
  },
};
