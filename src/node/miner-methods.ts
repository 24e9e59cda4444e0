/** The JSON-RPC methods of mining software: getblocktemplate and submitblock (BIP22, BIP23). */

import { RpcError } from '../api/errors.ts';
import type { NodeMethods } from '../api/methods/method.ts';
import { countParams, invalid, text } from '../api/parameters.ts';
import { type BlockTemplates, TemplateError } from '../mining/block-template.ts';

/** The id of a known template, when the request is a longpoll. */
function longpollId(request: unknown): string | undefined {
  if (request === undefined || request === null) return undefined;
  if (typeof request !== 'object') throw invalid('request', request, 'send an object or nothing');
  const { mode = 'template', longpollid } = request as Record<string, unknown>;
  if (mode !== 'template') throw invalid('mode', mode, 'only "template" is offered');
  return longpollid === undefined ? undefined : text(longpollid, 'longpollid');
}

/** Where members make the blocks there is nothing to search for. */
function required(templates: BlockTemplates | undefined): BlockTemplates {
  if (templates !== undefined) return templates;
  throw new RpcError('methodNotFound', 'this network does not mine: its members propose blocks');
}

export function minerMethods(known: BlockTemplates | undefined): NodeMethods {
  return {
    getblocktemplate: {
      access: 'miner',
      legacy: true,
      run: async (_, params) => {
        countParams(params, 1);
        try {
          return await required(known).template(longpollId(params[0]));
        } catch (error) {
          if (error instanceof TemplateError) throw new RpcError('server', error.message);
          throw error;
        }
      },
    },
    submitblock: {
      access: 'miner',
      legacy: true,
      run: (_, params) => {
        countParams(params, 2);
        return required(known).submit(text(params[0], 'hexdata'));
      },
    },
  };
}
