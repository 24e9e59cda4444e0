import { describe, expect, it } from 'vitest';
import { nodeHandlers } from '../../src/node/commands/handlers.ts';
import { commands } from '../../src/node/commands.ts';

describe('commands', () => {
  it('in help are those that run; simulate is added by the entry', () => {
    const known = commands.map(({ name }) => name).filter((name) => !name.startsWith('simulate'));
    expect(Object.keys(nodeHandlers()).sort()).toEqual(known.sort());
  });
});
