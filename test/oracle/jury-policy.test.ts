import { describe, expect, it } from 'vitest';
import { AgentFileError } from '../../src/oracle/agent-file.ts';
import { parseJuryPolicy } from '../../src/oracle/jury-policy.ts';

const surroundings = { readFile: () => 'time,own\n1000,1\n', startedAt: 1_000 };
const parse = (json: unknown) => parseJuryPolicy(json, surroundings);
const source = { csv: 'own.csv', column: 'own' };
const feed = { name: 'BTC/USD', tolerance_bps: 100, source: [source] };
const hash = `0x${'ab'.repeat(32)}`;

describe('the policy file', () => {
  it('abstains unless it says otherwise', () => {
    expect(parse({})).toEqual({ fallback: 'abstain', feeds: [], answers: [] });
    expect(parse({ default: 'invalid' }).fallback).toBe('invalid');
  });

  it('knows outcomes by name and by number', () => {
    const outcomes = ['true', 'false', 'invalid', 'too-early', 7];
    const { answers } = parse({ answer: outcomes.map((outcome) => ({ claim: 'x', outcome })) });
    expect(answers.map(({ outcome }) => outcome)).toEqual([1, 2, 0, 255, 7]);
  });

  it.each([
    [{ fallback: 'invalid' }, /"fallback" is unknown/],
    [{ default: 'guess' }, /use abstain or invalid/],
    [{ feed: [{ ...feed, tolerance_bps: 0 }] }, /tolerance_bps must be/],
    [{ feed: [{ name: 'BTC/USD', source: [source] }] }, /tolerance_bps must be/],
    [{ feed: [{ ...feed, when: 'due' }] }, /"when" is unknown/],
    [{ feed: [{ ...feed, source: [{ ...source, column: 7 }] }] }, /column must be a text/],
    [{ answer: { claim: 'x', outcome: 1 } }, /write it as \[\[answer\]\]/],
    [{ answer: [{ outcome: 1 }] }, /either question or claim/],
    [{ answer: [{ claim: 'x', question: hash, outcome: 1 }] }, /either question or claim/],
    [{ answer: [{ question: '0x12', outcome: 1 }] }, /64 hexadecimal digits/],
    [{ answer: [{ claim: 'x', asker: '0x12', outcome: 1 }] }, /asker: "0x12" is no address/],
    [{ answer: [{ claim: 'x', outcome: 'maybe' }] }, /"maybe" is no outcome/],
    [{ answer: [{ claim: 'x', outcome: 256 }] }, /"256" is no outcome/],
  ])('refuses %j', (json, message) => {
    expect(() => parse(json)).toThrow(AgentFileError);
    expect(() => parse(json)).toThrow(message);
  });
});
