/** Every method that runs on the main thread, by name, with who may call it. */

import { RpcError } from './errors.ts';
import { assertionMethods } from './methods/assertions.ts';
import { consortiumMethods } from './methods/consortium.ts';
import { eventMethods } from './methods/events.ts';
import type { NodeMethods } from './methods/method.ts';
import { networkMethods } from './methods/network.ts';
import { operateMethods } from './methods/operate.ts';
import { oracleMethods } from './methods/oracle.ts';
import { submitMethods } from './methods/submit.ts';

export const nodeMethods: NodeMethods = {
  ...networkMethods,
  ...submitMethods,
  ...eventMethods,
  ...operateMethods,
  ...oracleMethods,
  ...assertionMethods,
  ...consortiumMethods,
  /** Clients would verify a Merkle Patricia proof that this chain does not have. */
  eth_getProof: {
    access: 'public',
    run: () => {
      throw new RpcError(
        'methodNotFound',
        'the method eth_getProof does not exist/is not available: use dodona_getProof',
      );
    },
  },
};
