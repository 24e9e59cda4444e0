import { concat, type Hex, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { holdToBounds } from './gas-bounds.ts';
import {
  anyone,
  asker,
  hashOf,
  hunter,
  JuryScene,
  rich,
  rival,
  saltOf,
  shortTerms,
  weightUnit,
} from './jury-scene.ts';

const TOO_EARLY = 255;
const word = (number: number) => toHex(number, { size: 32 });

describe('gas', () => {
  it('of every entry point is bounded, for the largest jury', () => {
    // 81 leaves fill four levels of the tree: here are five. One more costs a change about 30,000.
    const enrolled = 4_000n * weightUnit;
    const scene = new JuryScene(Array(82).fill(enrolled), { ...shortTerms, rollsMax: 0 }, enrolled);
    const juror = scene.jurors[81]?.address as Hex;
    const used = new Map<string, bigint>();
    const spend = (from: Hex, name: string, args: readonly unknown[], value = 0n) => {
      const { gasUsed } = scene.mustSend(from, name, args, value);
      if (gasUsed > (used.get(name) ?? 0n)) used.set(name, gasUsed);
    };
    spend(juror, 'enroll', [enrolled]);
    spend(juror, 'leave', [2n * enrolled]);
    scene.chain.mineTo(scene.juror(juror).leavingUntil);
    spend(juror, 'unlock', []);
    const fee = scene.terms.feePerJuror * 31n;
    const data = concat(Array(256).fill(word(1)));
    const ask = scene.mustSend(asker, 'ask', [word(1), 254, 0, 31, data], fee);
    used.set('ask', ask.gasUsed);
    const id = ask.value as bigint;
    scene.ids.push(id);
    scene.chain.mineTo(Number(scene.round(id).startBlock) + 3);
    spend(anyone, 'draw', [id, 1_000]);
    expect(scene.round(id).filled).toBe(31);
    for (let voteId = 0; voteId < 31; voteId++) {
      const [holder] = scene.vote(id, voteId);
      const hash = hashOf(id, 0, holder, 1 + (voteId % 2), saltOf(id, 0, voteId));
      spend(holder, 'commitVote', [id, [voteId], hash]);
    }
    const [exposed] = scene.vote(id, 30);
    spend(hunter, 'proveEarlyReveal', [id, [30], exposed, 1, saltOf(id, 0, 30)]);
    scene.chain.mineTo(scene.round(id).revealStart);
    // 15 votes for 1, 14 for 2, one silent, one exposed.
    for (let voteId = 0; voteId < 29; voteId++) {
      const [holder] = scene.vote(id, voteId);
      const outcome = 1 + (voteId % 2);
      spend(holder, 'revealVote', [id, [voteId], outcome, saltOf(id, 0, voteId)]);
    }
    scene.chain.mineTo(scene.round(id).revealEnd);
    spend(anyone, 'tally', [id]);
    spend(rich, 'fundAppeal', [id, 2], 2n * fee);
    spend(rival, 'fundAppeal', [id, 1], fee);
    scene.hold(id, Array(31).fill(1));
    scene.pass(id);
    spend(anyone, 'execute', [id, 1_000]);
    spend(rival, 'claim', []);
    spend(anyone, 'sweep', []);
    const silent = scene.ask(31);
    scene.hold(silent, Array(31).fill(undefined));
    const { gasUsed, events } = scene.mustSend(anyone, 'execute', [silent, 62]);
    expect(events.filter(({ name }) => name === 'Slashed')).toHaveLength(31);
    used.set('execute, all silent', gasUsed);
    scene.chain.mine();
    expect(scene.question(id).held).toBe(0n);
    const early = scene.ask(3, 2, 1);
    scene.hold(early, Array(3).fill(TOO_EARLY));
    scene.pass(early);
    const reopened = scene.mustSend(asker, 'reopen', [early, 1], scene.terms.feePerJuror * 3n);
    scene.ids.push(reopened.value as bigint);
    used.set('reopen', reopened.gasUsed);
    holdToBounds('SchellingOracle', used);
  });
});
