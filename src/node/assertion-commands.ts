/** Commands for statements with a bond: made, read, disputed, settled, watched. */

import { type Command, json, signing, whereNodeIs } from './command.ts';

export const assertionCommands: readonly Command[] = [
  {
    name: 'oracle assert',
    takes: 'CLAIM',
    purpose: 'State something with a bond: it counts as true unless somebody disputes it.',
    words: [1, 1],
    examples: ['dodona oracle assert "…"', 'dodona oracle assert "…" --bond 10 --liveness 480'],
    options: {
      ...signing,
      bond: ['OAK', 'what you lose if it is false (the least that is taken)'],
      liveness: ['BLOCKS', "time to dispute it (the network's default)"],
      nonce: ['N', 'tells it from the same claim made before (0)'],
      json,
    },
    settings: whereNodeIs,
  },
  {
    name: 'oracle assertions',
    takes: '[FROM [TO]]',
    purpose: 'List the assertions made between two heights, newest first.',
    words: [0, 2],
    examples: ['dodona oracle assertions', 'dodona oracle assertions 1000 2000'],
    options: { json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle assertion',
    takes: 'ID',
    purpose: 'Show an assertion: its claim, its phase, who stands for and against it.',
    words: [1, 1],
    examples: ['dodona oracle assertion 0x…'],
    options: { json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle dispute-assertion',
    takes: 'ID',
    purpose: 'Dispute an assertion with a bond as high as its own; a jury decides.',
    words: [1, 1],
    examples: ['dodona oracle dispute-assertion 0x… --from 0x…'],
    options: { ...signing, json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle settle',
    takes: 'ID',
    purpose: 'End an assertion that nobody disputed in time, or that the jury has ruled on.',
    words: [1, 1],
    examples: ['dodona oracle settle 0x…'],
    options: { ...signing, json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle claim',
    takes: '',
    purpose: 'Take what the oracle contracts owe to an account.',
    words: [0, 0],
    examples: ['dodona oracle claim', 'dodona oracle claim --from 0x… --json'],
    options: { ...signing, json },
    settings: whereNodeIs,
  },
  {
    name: 'oracle watch',
    takes: 'FILE',
    purpose: 'Check assertions against the sources of a TOML file and dispute wrong ones.',
    words: [1, 1],
    examples: [
      'dodona oracle watch watcher.toml --from 0x…',
      'dodona oracle watch w.toml --dry-run',
    ],
    options: {
      ...signing,
      'dry-run': ['', 'say what would be sent, and send nothing'],
      metrics: ['PORT', 'serve Prometheus metrics on 127.0.0.1:PORT/metrics'],
    },
    settings: whereNodeIs,
  },
];
