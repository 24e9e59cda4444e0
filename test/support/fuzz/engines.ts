/**
 * The same work in three processes: the engine as it is, only its baseline compiler, only its optimising
 * one. Whatever they answer must be the same.
 */

import { type ChildProcess, fork } from 'node:child_process';

const flagsOfEngine = {
  default: [],
  baseline: ['--liftoff-only'],
  optimising: ['--no-liftoff'],
} as const;

export type EngineName = keyof typeof flagsOfEngine;

/** Longer silence is a hang. */
const silenceMs = 120_000;

interface Failure {
  readonly problem: string;
}

/** In a child: answers each question; what `work` throws is a problem. */
export function serve<Question, Answer>(work: (question: Question) => Answer): void {
  process.on('message', (question: Question) => {
    let answer: Answer | Failure;
    try {
      answer = work(question);
    } catch (error) {
      const { stack, cause } = error as Error;
      answer = { problem: `${stack ?? String(error)}\n${String(cause ?? '')}` };
    }
    process.send?.(answer);
  });
}

function ask<Answer>(child: ChildProcess, question: object): Promise<Answer | Failure> {
  return new Promise((resolve) => {
    const end = (answer: Answer | Failure): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(answer);
    };
    const timer = setTimeout(() => end({ problem: 'no answer: it hangs' }), silenceMs);
    child.once('message', (answer) => end(answer as Answer));
    child.once('exit', (code, signal) => end({ problem: `it died: ${signal ?? code}` }));
    child.send(question);
  });
}

export class Engines<Question extends object, Answer extends { readonly digest: string }> {
  private readonly children: readonly (readonly [EngineName, ChildProcess])[];

  /** Starts `file --serve <engine>` three times. */
  constructor(file: string) {
    const names = Object.keys(flagsOfEngine) as EngineName[];
    this.children = names.map((name) => {
      const execArgv = [...process.execArgv, ...flagsOfEngine[name]];
      return [name, fork(file, ['--serve', name], { execArgv, serialization: 'advanced' })];
    });
  }

  /** The answer of all, that of the default engine in the first place; or what is wrong. */
  async ask(question: Question): Promise<Answer | Failure> {
    const answers = await Promise.all(
      this.children.map(async ([name, child]) => ({
        name,
        answer: await ask<Answer>(child, question),
      })),
    );
    const [first] = answers;
    for (const { name, answer } of answers) {
      if ('problem' in answer) return { problem: `${name}: ${answer.problem}` };
      if (first === undefined || 'problem' in first.answer) continue;
      if (answer.digest === first.answer.digest) continue;
      return {
        problem: `${name} and ${first.name} differ: ${answer.digest}, ${first.answer.digest}`,
      };
    }
    if (first === undefined) throw new Error('no engine');
    return first.answer;
  }

  close(): void {
    for (const [, child] of this.children) child.kill();
  }
}
