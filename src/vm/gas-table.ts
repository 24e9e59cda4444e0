/**
 * Every price of execution, as one constant for each version. A fork that corrects a price adds a
 * version; blocks name theirs. 1 gas = 1,000 ink, and 1 ink stands for about 10 ps of work.
 */

import type { OperatorClass } from './opcodes.ts';

/** WebAssembly operators and the work around them, in ink. */
export interface InkPrices {
  readonly operators: Readonly<Record<OperatorClass, number>>;
  /** Each point where gas is taken costs this itself. */
  readonly chargePoint: number;
  /** Entering a function, and each of its locals (parameters included). */
  readonly functionEntry: number;
  readonly functionLocal: number;
  /** memory.grow, for each page asked for. */
  readonly growPage: number;
  /** memory.copy and memory.fill, for each byte. */
  readonly bulkByte: number;
  /** Crossing into the host: each host function costs this. */
  readonly hostCall: number;
  /** On top of that, where the host function reaches the state. */
  readonly hostState: number;
  /** On top of that, calls and creations. */
  readonly hostMessage: number;
  /** Each byte copied between guest and host. */
  readonly hostByte: number;
  /** 256-bit arithmetic by the host: conversion of the words and the operation. */
  readonly mathDivision: number;
  /** math_pow, on top of mathDivision, for each byte of the exponent. */
  readonly mathPowByte: number;
  readonly keccak: number;
  /** Each started block of 136 bytes. */
  readonly keccakBlock: number;
}

/** The state and messages, in gas. */
export interface GasPrices {
  /** EIP-2929. */
  readonly accountCold: number;
  readonly accountWarm: number;
  readonly slotCold: number;
  readonly slotWarm: number;
  /** EIP-2200 and EIP-2929 without refunds. */
  readonly slotSet: number;
  readonly slotReset: number;
  /** Writing needs more gas than this left, so that a stipend cannot write. */
  readonly slotSentry: number;
  /** EIP-1153. */
  readonly transient: number;
  readonly log: number;
  readonly logTopic: number;
  readonly logByte: number;
  readonly callValue: number;
  readonly callStipend: number;
  readonly newAccount: number;
  readonly create: number;
  /** EIP-3860, each word of the creation data. */
  readonly createWord: number;
  /** Each byte of a deployed module: check, compilation and storage. */
  readonly codeByte: number;
  /** Entering a contract's frame: a fresh instance. */
  readonly frame: number;
  readonly framePage: number;
  /** Data segments copied into a fresh instance, bytes for one gas. */
  readonly frameDataBytesPerGas: number;
  /** What a fresh instance sets up one by one: each global, data segment and element segment. */
  readonly framePart: number;
  /** Each slot of a table, and each function that a segment puts into one: segments may overlap. */
  readonly frameElement: number;
  /**
   * The first look at a code's bytes in a transaction, as long as code may be; then each of its 32-byte
   * words whenever bytes of it are copied: what is no longer at hand is read from the disk.
   */
  readonly codeRead: number;
  readonly codeReadWord: number;
  /**
   * The first use of a module in a transaction: this, and for each of its bytes, functions and imports.
   * It pays for a module that no cache holds, which is read, checked, metered, compiled and linked.
   */
  readonly codeTouch: number;
  readonly codeTouchByte: number;
  readonly codeTouchFunction: number;
  readonly codeTouchImport: number;
}

/** Precompiled contracts, in gas. Prices follow their time here, not Ethereum's. */
export interface PrecompilePrices {
  readonly recover: number;
  readonly sha256: number;
  readonly sha256Word: number;
  readonly ripemd160: number;
  readonly ripemd160Word: number;
  readonly identity: number;
  readonly identityWord: number;
  readonly verifyP256: number;
}

export interface GasTable {
  readonly version: number;
  readonly inkPerGas: number;
  readonly ink: InkPrices;
  readonly gas: GasPrices;
  readonly precompiles: PrecompilePrices;
}

const version1: GasTable = {
  version: 1,
  inkPerGas: 1_000,
  ink: {
    operators: {
      free: 0,
      constant: 10,
      local: 30,
      simple: 60,
      multiply: 120,
      rotate: 300,
      divide: 400,
      load: 800,
      store: 300,
      global: 250,
      branch: 400,
      branchTable: 400,
      call: 0,
      callIndirect: 200,
      memorySize: 300,
      memoryGrow: 40_000,
      memoryBulk: 800,
    },
    chargePoint: 100,
    functionEntry: 300,
    functionLocal: 30,
    growPage: 2_000_000,
    bulkByte: 3,
    hostCall: 5_000,
    hostState: 100_000,
    hostMessage: 200_000,
    hostByte: 20,
    mathDivision: 100_000,
    mathPowByte: 100_000,
    keccak: 20_000,
    keccakBlock: 45_000,
  },
  gas: {
    accountCold: 2_600,
    accountWarm: 100,
    slotCold: 2_100,
    slotWarm: 100,
    slotSet: 20_000,
    slotReset: 2_900,
    slotSentry: 2_300,
    transient: 100,
    log: 375,
    logTopic: 375,
    logByte: 8,
    callValue: 9_000,
    callStipend: 2_300,
    newAccount: 25_000,
    create: 32_000,
    createWord: 2,
    codeByte: 64,
    frame: 2_000,
    framePage: 2_000,
    frameDataBytesPerGas: 64,
    framePart: 8,
    frameElement: 1,
    codeRead: 8_000,
    codeReadWord: 3,
    codeTouch: 10_000,
    codeTouchByte: 16,
    codeTouchFunction: 200,
    codeTouchImport: 1_000,
  },
  precompiles: {
    recover: 5_000,
    sha256: 120,
    sha256Word: 30,
    ripemd160: 600,
    ripemd160Word: 120,
    identity: 15,
    identityWord: 3,
    verifyP256: 12_000,
  },
};

const versions: readonly GasTable[] = [version1];

/** @throws Error for an unknown version: the genesis file names one that this release lacks. */
export function gasTable(version: number): GasTable {
  const table = versions.find((candidate) => candidate.version === version);
  if (table === undefined) {
    throw new Error(`gas table ${version} is unknown to this release: upgrade the node`);
  }
  return table;
}
