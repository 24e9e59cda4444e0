import { readFileSync } from 'node:fs';
import { type AbiFunction, toEventSelector, toFunctionSelector } from 'viem';
import { describe, expect, it } from 'vitest';
import { buildContracts, contractNames } from '../../scripts/build-contracts.ts';
import { buildGenesisFile } from '../../scripts/build-genesis.ts';
import { devnet, mainnet } from '../../scripts/genesis-networks.ts';
import { entryModule, interfaceModule, parseInterface } from '../../src/node/contract/interface.ts';
import { oracleAbi, registryAbi, stakeAbi } from '../../src/oracle/contracts.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { parseGenesis } from '../../src/primitives/genesis.ts';
import { encodeCreation } from '../../src/vm/creation.ts';
import { decodeModule } from '../../src/vm/decoder.ts';
import { readArtifact } from './artifacts.ts';

const genesisDirectory = new URL('../../genesis/', import.meta.url);

describe('genesis contracts', () => {
  it('rebuild to the committed bytes', async () => {
    for (const [path, contents] of await buildContracts()) {
      const committed = readFileSync(new URL(path, genesisDirectory));
      expect(Buffer.compare(committed, contents), `genesis/${path}`).toBe(0);
    }
  });

  it.each(Object.entries(contractNames))('%s is a module of entry points', (folder, name) => {
    const wasm = new Uint8Array(readFileSync(new URL(`${folder}.wasm`, genesisDirectory)));
    const { exports, imports, memories } = decodeModule(wasm);
    expect(exports.map((item) => item.name)).toEqual([
      'user_entrypoint',
      'user_constructor',
      'memory',
    ]);
    expect(new Set(imports.map((item) => item.module))).toEqual(new Set(['vm_hooks']));
    expect(memories).toEqual([{ minimum: 1, maximum: undefined }]);
    const artifact = readArtifact(name);
    expect(artifact._format).toBe('hh-sol-artifact-1');
    expect(artifact.contractName).toBe(name);
    expect(fromHex(artifact.bytecode)).toEqual(encodeCreation(wasm));
    expect(fromHex(artifact.deployedBytecode)).toEqual(wasm);
  });
});

describe('typed clients', () => {
  it.each([
    ['OracleRegistry', registryAbi],
    ['CommitRevealOracle', oracleAbi],
    ['StakeRegistry', stakeAbi],
  ] as const)('know %s as it is', (name, clientAbi) => {
    const { abi } = readArtifact(name);
    for (const item of clientAbi) expect(abi).toContainEqual(item);
  });
});

describe('genesis files', () => {
  it.each([devnet, mainnet])('$name is what the description builds', (network) => {
    const text = readFileSync(new URL(`${network.name}.json`, genesisDirectory), 'utf8');
    expect(buildGenesisFile(network)).toBe(text);
    const genesis = parseGenesis(JSON.parse(text), nobleCrypto);
    expect(genesis.chainId).toBe(network.chainId);
    expect(genesis.contracts.map(({ name }) => name)).toEqual([
      'StakeRegistry',
      'OracleRegistry',
      'OracleFund',
      'SchellingOracle',
      'CommitRevealOracle',
      'SignedAggregator',
      'CorruptionGuard',
      'OptimisticOracle',
      'WrappedOak',
      'PairFactory',
      'TwapOracle',
      'Multicall3',
    ]);
  });
});

describe('interfaces', () => {
  const abi = parseInterface(
    'function transfer(address to, uint256 amount) external returns (bool)\n' +
      'event Transfer(address indexed from, address indexed to, uint256 amount) // ERC-20\n' +
      'error Refused(uint8 reason)',
  );

  it('become selectors, errors and topics', () => {
    const text = interfaceModule(abi);
    expect(text).toContain('transfer: u32 = 0xa9059cbb;'); // ERC-20
    expect(text).toContain(`Refused: u32 = ${toFunctionSelector('Refused(uint8)')};`);
    const topic = toEventSelector('Transfer(address,address,uint256)');
    expect(topic.startsWith('0xddf252ad')).toBe(true); // ERC-20
    expect(text).toContain('Transfer: usize = memory.data<u8>([0xdd,0xf2,0x52,0xad,');
  });

  it('become entry points that check before they call', () => {
    expect(entryModule(abi)).toContain(
      'case 0xa9059cbb: { refuseValue(); expectArguments(64); ' +
        'returns(1).number(contract.transfer(argumentAddress(0), argument(32))); break; }',
    );
    const payable = parseInterface('function pay() external payable');
    expect(entryModule(payable)).toContain(
      `case ${toFunctionSelector(payable[0] as AbiFunction)}: { expectArguments(0);`,
    );
  });

  it('are refused where no decoder exists', () => {
    const nested = parseInterface('function f(bytes4 tag) external');
    expect(() => entryModule(nested)).toThrow('tag: arguments of type bytes4 have no decoder');
    const named = parseInterface(
      'struct Named { uint256 id; string name; }\nfunction f(Named item) external',
    );
    expect(() => entryModule(named)).toThrow('item: tuples with dynamic members have no decoder');
  });

  it('read lists of tuples with dynamic members by their offsets', () => {
    const text = 'struct Call { address target; bytes data; }\nfunction f(Call[] calls) external';
    expect(entryModule(parseInterface(text))).toContain('contract.f(argumentList(0, 32))');
  });
});
