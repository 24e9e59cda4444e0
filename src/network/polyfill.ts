/**
 * Node 20 lacks Promise.withResolvers (ES2024), which libp2p 3 calls on every stream.
 * Import this file before libp2p.
 */

interface Resolvers {
  promise: Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
}

function withResolvers(this: PromiseConstructor): Resolvers {
  const resolvers: Partial<Resolvers> = {};
  resolvers.promise = new this((resolve, reject) => {
    resolvers.resolve = resolve;
    resolvers.reject = reject;
  });
  return resolvers as Resolvers;
}

if (!('withResolvers' in Promise)) {
  Object.defineProperty(Promise, 'withResolvers', {
    value: withResolvers,
    writable: true,
    configurable: true,
  });
}
