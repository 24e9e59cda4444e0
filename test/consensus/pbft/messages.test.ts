/** The encodings of consortium messages: one golden example of each, and strict decoding. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cargo, type Message, messageCodec } from '../../../src/consensus/pbft/messages.ts';
import { parseParameters } from '../../../src/consensus/pbft/parameters.ts';
import { emptyBytes, fromHex, toHex } from '../../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../../src/primitives/crypto.ts';
import { DecodeError, encodeRlp } from '../../../src/primitives/rlp.ts';
import {
  decodeSeal,
  encodeSeal,
  faultsOf,
  membersHash,
  quorumOf,
  votePayload,
} from '../../../src/primitives/seal.ts';
import golden from './golden.json' with { type: 'json' };

const bytes = (value: number, length: number): Uint8Array => new Uint8Array(length).fill(value);
const header = {
  version: 0x20000000,
  previous: bytes(1, 32),
  commitment: bytes(2, 32),
  time: 1_700_000_001,
  bits: 0,
  nonce: 0,
};
const record = {
  height: 7,
  stateRoot: bytes(3, 32),
  transactionsRoot: bytes(4, 32),
  receiptsRoot: bytes(5, 32),
  beneficiary: bytes(6, 20),
  gasLimit: 30_000_000,
  gasUsed: 21_000,
  baseFeePerGas: 1_000_000_000n,
  extraData: bytes(7, 32),
  extranonce: bytes(0, 16),
};
const id = '08'.repeat(32);
const signed = { view: 300, height: 7, id, member: 2, signature: bytes(9, 64) };
const prepares = { view: 299, signatures: new Map([0, 2, 9].map((at) => [at, bytes(at, 64)])) };
const change = {
  kind: 'view-change' as const,
  view: 300,
  height: 7,
  certificate: { header, prepares },
  member: 3,
  signature: bytes(10, 64),
};

const examples: Record<Message['kind'], Message> = {
  'pre-prepare': {
    kind: 'pre-prepare',
    view: 300,
    height: 7,
    block: { header, record, transactions: [Uint8Array.of(0xc0), bytes(11, 60)] },
    signature: bytes(12, 64),
  },
  prepare: { kind: 'prepare', ...signed },
  commit: { kind: 'commit', ...signed, view: 0, member: 0 },
  'view-change': change,
  'new-view': {
    kind: 'new-view',
    view: 300,
    changes: [change, { ...change, certificate: undefined, member: 0 }],
    signature: bytes(13, 64),
  },
  status: { kind: 'status', ...signed },
  requests: { kind: 'requests', transactions: [bytes(14, 3)] },
  evidence: {
    kind: 'evidence',
    first: { kind: 'commit', ...signed },
    second: { kind: 'commit', ...signed, id: '0f'.repeat(32) },
  },
};

describe('transactions in messages', () => {
  const transfer = bytes(14, 110);
  const carriers: Partial<Record<Message['kind'], readonly Uint8Array[]>> = {
    'pre-prepare': [Uint8Array.of(0xc0), bytes(11, 60)],
    requests: [transfer],
  };

  it.each(Object.entries(examples))('of %s are seen from outside', (kind, message) => {
    const whole =
      kind === 'requests' ? { ...examples.requests, transactions: [transfer] } : message;
    const encoded = messageCodec.encode(whole as Message);
    expect(cargo.isIn(encoded)).toBe(kind in carriers);
    expect(cargo.read(encoded)).toEqual(carriers[kind as Message['kind']] ?? []);
  });

  it('are not looked for in what is cut short', () => {
    for (const text of ['', 'f8', 'f9', 'c107']) expect(cargo.isIn(fromHex(text))).toBe(false);
    const encoded = messageCodec.encode(examples['pre-prepare']);
    expect(() => cargo.read(encoded.subarray(0, -1))).toThrow(DecodeError);
  });
});

describe('consortium messages', () => {
  it.each(Object.entries(examples))('%s has the bytes of the golden file', (kind, message) => {
    expect(toHex(messageCodec.encode(message))).toBe(golden[kind as Message['kind']]);
    expect(messageCodec.decode(fromHex(golden[kind as Message['kind']]))).toEqual(message);
  });

  it('are refused when cut, altered in their tag, or random', () => {
    for (const text of Object.values(golden)) {
      const whole = fromHex(text);
      expect(() => messageCodec.decode(whole.subarray(0, -1))).toThrow(DecodeError);
    }
    expect(() => messageCodec.decode(Uint8Array.of(0xc1, 9))).toThrow('tag 9');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          messageCodec.decode(noise);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });

  it('decode to themselves or not at all after a flipped bit', () => {
    const whole = fromHex(golden['new-view']);
    fc.assert(
      fc.property(fc.nat(whole.length * 8 - 1), (bit) => {
        const altered = whole.slice();
        altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
        try {
          messageCodec.encode(messageCodec.decode(altered));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});

describe('seals and quorums', () => {
  it('need 1, 2, 2, 3, 4, 4, 5 votes of 1 to 7 members', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(quorumOf)).toEqual([1, 2, 2, 3, 4, 4, 5]);
    expect([1, 2, 3, 4, 5, 6, 7].map(faultsOf)).toEqual([0, 0, 0, 1, 1, 1, 2]);
  });

  it('share an honest member between any two quorums, and leave room for f silent ones', () => {
    for (let members = 1; members <= 100; members++) {
      expect(2 * quorumOf(members) - members).toBeGreaterThan(faultsOf(members));
      expect(quorumOf(members)).toBeLessThanOrEqual(members - faultsOf(members));
    }
  });

  it('are RLP [view, bitmap, [signature]], least significant bit first', () => {
    const seal = encodeSeal(prepares, 10);
    // view 299 = 0x012b; members 0, 2, 9 = 0b00000101, 0b00000010
    expect(toHex(seal).slice(0, 18)).toBe('f8ce82012b820502f8');
    expect(decodeSeal(seal)).toEqual(prepares);
  });

  it('have a bit for each of 64 members at most, however long the message is', () => {
    const empty = (sizeBytes: number) => encodeRlp([emptyBytes, new Uint8Array(sizeBytes), []]);
    expect(decodeSeal(empty(8)).signatures.size).toBe(0);
    expect(() => decodeSeal(empty(9))).toThrow('bitmap has 9 bytes');
  });

  it('sign the kind, the network, the view, the height and the id', () => {
    const payload = votePayload('commit', 1, { genesisId: bytes(1, 32), height: 2, id });
    const text = `dodona/pbft/commit/1${'\x01'.repeat(32)}${'\0'.repeat(7)}\x01${'\0'.repeat(7)}\x02`;
    expect(new TextDecoder('latin1').decode(payload)).toBe(text + '\x08'.repeat(32));
  });

  it('commit to keys and addresses of the members', () => {
    const one = { key: bytes(1, 32), address: bytes(2, 20) };
    const encoded = `f7f6a0${'01'.repeat(32)}94${'02'.repeat(20)}`;
    expect(membersHash([one], nobleCrypto)).toEqual(nobleCrypto.sha256(fromHex(encoded)));
  });
});

describe('parameters', () => {
  const member = (digit: string) => ({
    key: `0x${digit.repeat(64)}`,
    address: `0x${digit.repeat(40)}`,
  });

  it('have defaults for all but the members', () => {
    const parameters = parseParameters({ members: ['1', '2', '3', '4'].map(member) });
    expect(parameters).toMatchObject({ emptyBlockMs: 1_000, viewTimeoutMs: 2_000 });
  });

  it.each([
    [{}, 'members must be a list'],
    [{ members: [] }, 'members must be a list'],
    [{ members: [member('1'), member('1')] }, 'members[1].key is that of members[0]'],
    [{ members: [{ key: '0x12', address: '' }] }, 'members[0].key is 0x12'],
    [{ members: [{ ...member('1'), address: '0x1' }] }, 'members[0].address'],
    [{ members: [{ ...member('1'), weight: 2 }] }, 'members[0].weight is unknown'],
    [{ members: [member('1')], viewTimeoutMs: 1 }, 'viewTimeoutMs is 1'],
    [{ members: [member('1')], viewTimeoutMs: 900, viewTimeoutMsMax: 800 }, 'viewTimeoutMsMax'],
    [{ members: [member('1')], patience: 1 }, 'patience is unknown'],
  ])('%j is refused with its reason', (json, reason) => {
    expect(() => parseParameters(json)).toThrow(reason);
  });
});
