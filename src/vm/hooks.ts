/**
 * All hooks of one machine, and the import object of a contract made from them.
 */

import type { HookContext, HookFunction } from './frame.ts';
import { hookModule, importName, type LinkedHook } from './hook-signatures.ts';
import { callDataHooks, environmentHooks } from './hooks-context.ts';
import { mathHooks } from './hooks-math.ts';
import { messageHooks } from './hooks-message.ts';
import { accountHooks, storageHooks } from './hooks-state.ts';

export type Hooks = Readonly<Record<LinkedHook, HookFunction>>;
export type Imports = Record<string, Record<string, HookFunction>>;

/** Made once for a machine: they find the frame that is running through `context`. */
export function makeHooks(context: HookContext): Hooks {
  return {
    ...callDataHooks(context),
    ...environmentHooks(context),
    ...storageHooks(context),
    ...accountHooks(context),
    ...messageHooks(context),
    ...mathHooks(context),
  };
}

export function importsFor(linked: readonly LinkedHook[], hooks: Hooks): Imports {
  return {
    [hookModule]: Object.fromEntries(linked.map((hook) => [importName(hook), hooks[hook]])),
  };
}
