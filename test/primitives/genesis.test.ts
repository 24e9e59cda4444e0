import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { canonicalJson, GenesisError, parseGenesis } from '../../src/primitives/genesis.ts';

const account = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const contract = {
  name: 'OracleFund',
  address: `0x${'00'.repeat(18)}0d01`,
  wasm: 'oracle-fund.wasm',
  codeHash: `0x${'ab'.repeat(32)}`,
};
const file = {
  name: 'testnet',
  chainId: 4242,
  time: 1_700_000_000,
  bits: '0x207fffff',
  gasLimit: 30_000_000,
  consensus: { protocol: 'pow', parameters: { spacing: 15 } },
  reward: '8000000000000000000',
  oracleFund: contract.address,
  allocations: { [account]: '1000' },
  contracts: [contract],
  forks: [{ height: 0, gasTable: 1 }],
  bootstrap: [],
};

describe('genesis file', () => {
  it('is read into bytes and numbers', () => {
    const genesis = parseGenesis(file, crypto);
    expect(genesis.chainId).toBe(4242);
    expect(genesis.bits).toBe(0x207fffff);
    expect(genesis.reward).toBe(8n * 10n ** 18n);
    expect(genesis.development).toBe(false);
    expect(genesis.expectedId).toBeUndefined();
    expect(genesis.allocations).toEqual([{ address: expect.any(Uint8Array), balance: 1_000n }]);
    expect(genesis.contracts[0]?.constructorArguments).toHaveLength(0);
    expect(genesis.consensus.parameters).toEqual({ spacing: 15 });
  });

  it('has the SHA-256 of its canonical form without the id as its identity', () => {
    const { hash } = parseGenesis(file, crypto);
    expect(hash).toEqual(crypto.sha256(utf8(canonicalJson(file))));
    const id = `0x${'12'.repeat(32)}`;
    const named = parseGenesis({ ...file, id }, crypto);
    expect(named.hash).toEqual(hash);
    expect(named.expectedId).toBe(id);
    const reordered = Object.fromEntries(Object.entries(file).reverse());
    expect(parseGenesis(reordered, crypto).hash).toEqual(hash);
    expect(parseGenesis({ ...file, chainId: 4243 }, crypto).hash).not.toEqual(hash);
  });

  it('knows the code of its contracts, and the code that these deploy', () => {
    const hashes = (genesis: object) => parseGenesis(genesis, crypto).codeHashes.map(toHex);
    expect(hashes(file)).toEqual([contract.codeHash.slice(2)]);
    const deployed = 'cd'.repeat(32);
    const both = [contract.codeHash.slice(2), deployed];
    expect(hashes({ ...file, deployedCode: [`0x${deployed}`] })).toEqual(both);
  });

  const fork = { height: 0, gasTable: 1 };
  it.each<[object, string]>([
    [{ name: undefined }, 'genesis.name must be a text'],
    [{ name: '' }, 'genesis.name must be a text'],
    [{ id: '0x12' }, 'genesis.id has 1 bytes, 32 are needed'],
    [{ chainId: '1' }, 'genesis.chainId is "1": an integer from 0 to 4503599627370476'],
    [{ chainId: 4_503_599_627_370_477 }, 'genesis.chainId'],
    [{ chainId: 1.5 }, 'genesis.chainId'],
    [{ time: -1 }, 'genesis.time'],
    [{ time: 2 ** 32 }, 'genesis.time'],
    [{ bits: 'easy' }, 'genesis.bits must be 0x'],
    [{ bits: 0x207fffff }, 'genesis.bits must be 0x'],
    [{ bits: '0x20' }, 'genesis.bits has 1 bytes, 4 are needed'],
    [{ gasLimit: null }, 'genesis.gasLimit'],
    [{ consensus: 'pow' }, 'genesis.consensus must be a JSON object'],
    [{ consensus: {} }, 'genesis.consensus.protocol must be a text'],
    [{ consensus: { protocol: 'pow', param: {} } }, 'genesis.consensus.param is unknown'],
    [{ reward: 8 }, 'genesis.reward must be a decimal number of acorns as text'],
    [{ reward: '-1' }, 'genesis.reward'],
    [{ oracleFund: undefined }, 'genesis.oracleFund'],
    [{ oracleFund: account.replace('f', 'F') }, 'EIP-55'],
    [{ allocations: [] }, 'genesis.allocations must be a JSON object'],
    [{ allocations: undefined }, 'genesis.allocations must be a JSON object'],
    [{ allocations: { [account]: 1 } }, `genesis.allocations.${account} must be a decimal`],
    [{ allocations: { alice: '1' } }, '"alice" is no address'],
    [{ allocations: { [account]: '1', [account.toLowerCase()]: '2' } }, 'stands there twice'],
    [{ allocations: { [account]: String(1n << 120n) } }, '2^120 acorns or more'],
    [{ contracts: {} }, 'genesis.contracts must be a list'],
    [{ contracts: [null] }, 'genesis.contracts[0] must be a JSON object'],
    [{ contracts: [contract, { ...contract, wasm: 1 }] }, 'genesis.contracts[1].wasm'],
    [{ contracts: [{ ...contract, codeHash: '0xab' }] }, 'genesis.contracts[0].codeHash has 1'],
    [{ contracts: [{ ...contract, codeHash: '0xabc' }] }, 'whole bytes of hexadecimal'],
    [{ contracts: [{ ...contract, address: '0x1' }] }, 'genesis.contracts[0].address'],
    [{ contracts: [{ ...contract, constructor: 'x' }] }, 'genesis.contracts[0].constructor'],
    [{ deployedCode: '0xab' }, 'genesis.deployedCode must be a list'],
    [{ deployedCode: ['0xab'] }, 'genesis.deployedCode[0] has 1 bytes, 32 are needed'],
    [{ deployedCode: [1] }, 'genesis.deployedCode[0] must be 0x'],
    [{ forks: [] }, 'genesis.forks must begin at height 0'],
    [{ forks: [null] }, 'genesis.forks[0] must be a JSON object'],
    [{ forks: [{ height: 5, gasTable: 1 }] }, 'genesis.forks must begin at height 0'],
    [{ forks: [fork, { height: 9, gasTable: 256 }] }, 'genesis.forks[1].gasTable'],
    [{ forks: [fork, { height: 9, gasTable: 2 }, { height: 9, gasTable: 3 }] }, 'must ascend'],
    [{ bootstrap: [1] }, 'genesis.bootstrap[0] must be a multiaddr'],
    [{ development: 'yes' }, 'genesis.development must be true or false'],
    [{ chainid: 1 }, 'genesis.chainid is unknown: remove it'],
    [{ consensus: { protocol: 'pow', parameters: { half: 0.5 } } }, 'write it as text'],
    [{ name: '\ud800' }, 'half a surrogate pair'],
  ])('refuses %j and names the key', (change, message) => {
    const parse = () => parseGenesis({ ...file, ...change }, crypto);
    expect(parse).toThrow(GenesisError);
    expect(parse).toThrow(message);
  });

  it.each([null, 'text', 1, []])('refuses %j', (json) => {
    expect(() => parseGenesis(json, crypto)).toThrow('genesis must be a JSON object');
  });

  it('throws nothing but GenesisError on any JSON', () => {
    const key = fc.constantFrom(...Object.keys(file));
    fc.assert(
      fc.property(key, fc.jsonValue(), (name, value) => {
        try {
          parseGenesis({ ...file, [name]: value }, crypto);
        } catch (error) {
          expect(error).toBeInstanceOf(GenesisError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('canonical JSON (RFC 8785)', () => {
  it('sorts members as in section 3.2.3, by UTF-16 code units', () => {
    const members = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      1: 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(canonicalJson(members)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control",' +
        '"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",' +
        '"😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  it('escapes as in section 3.2.2.2', () => {
    expect(canonicalJson('\u20ac$\u000f\nA\'B"\\\\"/')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"');
    expect(canonicalJson({ b: [true, false, null], a: -0 })).toBe('{"a":0,"b":[true,false,null]}');
  });

  it('is the same for every order of members, and parses back', () => {
    const integers = fc.maxSafeInteger();
    const leaf = fc.oneof(integers, fc.string(), fc.boolean(), fc.constant(null));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), tree as fc.Arbitrary<unknown>), (value) => {
        const text = canonicalJson(value);
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it.each([0.1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses the number %d',
    (value) => {
      expect(() => canonicalJson(value)).toThrow('write it as text');
    },
  );
});
