/**
 * What `oracle_*` methods ask of the off-chain oracle room: typed clients of the genesis contracts.
 * Values are integers scaled by 10^decimals, as the contracts store them.
 */

/** A feed as the registry lists it. */
export interface OracleFeed {
  /** Its id, 32 bytes. */
  readonly feed: Uint8Array;
  /** `BTC/USD`; feeds outside genesis have a text their creator chose. */
  readonly name: string;
  readonly kind: 'commit-reveal' | 'twap' | 'signed';
  readonly decimals: number;
  /** Address of its AggregatorV3 proxy, 20 bytes. */
  readonly proxy: Uint8Array;
  /** Address of the contract behind the proxy, 20 bytes. */
  readonly oracle: Uint8Array;
  readonly heartbeatSeconds: number;
  readonly deviationBps: number;
  /** Listed feeds come from genesis; others are shown as unlisted. */
  readonly listed: boolean;
}

export interface OracleReading {
  readonly feed: OracleFeed;
  readonly state: 'none' | 'fresh' | 'stale' | 'bootstrap' | 'refused';
  readonly value: bigint;
  /** Half-width of the band that the reporters agreed on, in the value's units. */
  readonly confidence: bigint;
  /** Seconds from the last reveal behind the value to the head's time. */
  readonly ageSeconds: number;
  /** Seconds since 1970; 0 when there is no value yet. */
  readonly updatedAt: number;
  readonly updatedHeight: number;
  readonly reports: number;
  readonly round: bigint;
  /** Height of the block whose state was read. */
  readonly height: number;
  /** Without a value to rely on: the contract's own error, such as `HistoryTooShort(90)`. */
  readonly refusal: string | undefined;
}

export interface OracleRound {
  readonly feed: OracleFeed;
  readonly round: number;
  readonly phase:
    | 'waiting'
    | 'commit'
    | 'seal'
    | 'reveal'
    | 'finalize'
    | 'dispute'
    | 'settle'
    | 'settled'
    | 'void'
    | 'refuted';
  /** First heights of the phases; windows are half-open. */
  readonly commitFrom: number;
  readonly sealFrom: number;
  readonly revealFrom: number;
  readonly revealUntil: number;
  readonly seats: readonly {
    readonly reporter: Uint8Array;
    /** Acorns locked for this round. */
    readonly bond: bigint;
    readonly state: 'idle' | 'committed' | 'revealed' | 'missed' | 'exposed';
    readonly value: bigint | undefined;
  }[];
  /** Acorns that this round pays. */
  readonly pool: bigint;
  readonly value: bigint | undefined;
}

/** A question before the jury. */
export interface OracleQuestion {
  readonly id: Uint8Array;
  readonly asker: Uint8Array;
  readonly questionHash: Uint8Array;
  readonly status:
    | 'unknown'
    | 'waiting'
    | 'drawing'
    | 'commit'
    | 'seal'
    | 'reveal'
    | 'tally'
    | 'appeal'
    | 'ruled'
    | 'void';
  /** Outcomes 1 to this one are its own; 0 is INVALID, 255 TOO_EARLY when that is an answer. */
  readonly outcomes: number;
  readonly tooEarly: boolean;
  readonly outcome: number | undefined;
  /** Rounds and instances count from 0; an instance is the first jury or an appeal's. */
  readonly round: number;
  readonly instance: number;
  readonly askedHeight: number;
  readonly drawFrom: number;
  /** First heights of the phases, undefined while they are not known; windows are half-open. */
  readonly commitFrom: number | undefined;
  readonly sealFrom: number | undefined;
  readonly revealFrom: number | undefined;
  readonly revealUntil: number | undefined;
  readonly appealUntil: number | undefined;
  readonly finalFrom: number | undefined;
  readonly jurySize: number;
  readonly seats: readonly {
    readonly juror: Uint8Array;
    readonly state: 'none' | 'drawn' | 'committed' | 'revealed' | 'exposed';
    readonly outcome: number | undefined;
  }[];
  /** Acorns held for it: fees, appeals and penalties that nobody was credited yet. */
  readonly pot: bigint;
  readonly executed: boolean;
  /** The disputed round, when a feed asks: 1 says that its value is right, 2 that it is false. */
  readonly about:
    | {
        readonly feed: string;
        readonly decimals: number;
        readonly round: number;
        readonly value: bigint;
      }
    | undefined;
}

/** One value for one feed. `round` undefined means the round that is open for commits. */
export interface ReportRequest {
  readonly feed: string;
  readonly value: bigint;
  readonly round: number | undefined;
  /** Who reports, 20 bytes; undefined means the node's own reporter key. */
  readonly reporter: Uint8Array | undefined;
}

export interface SubmittedReport {
  readonly round: number;
  /** First height that takes the commitment. */
  readonly commitFrom: number;
  /** Undefined while the window is not open: the node commits by itself at `commitFrom`. */
  readonly commitTransaction: Uint8Array | undefined;
  readonly revealFrom: number;
  readonly revealUntil: number;
  /** Acorns lost when the reveal does not come. */
  readonly penaltyIfMissed: bigint;
}

export interface UnsignedTransaction {
  readonly to: Uint8Array;
  readonly data: Uint8Array;
  readonly value: bigint;
}

/** What a wallet must sign: the commit now, the reveal between the two heights. */
export interface PreparedReport {
  readonly round: number;
  /** First height that takes the commitment. */
  readonly commitFrom: number;
  readonly salt: Uint8Array;
  readonly commit: UnsignedTransaction;
  readonly reveal: UnsignedTransaction;
  readonly revealFrom: number;
  readonly revealUntil: number;
  readonly penaltyIfMissed: bigint;
}

/** A request that the oracle refuses: unknown feed, closed window, no stake. */
export interface OracleFault {
  readonly code: string;
  readonly message: string;
}

export interface OracleService {
  feeds(): Promise<readonly OracleFeed[]>;
  /**
   * `feed` is a name or a 0x id. With `maxAgeSeconds`, an older value is a fault; `confirmations` is
   * how many blocks must stand on the one whose state is read.
   */
  read(
    feed: string,
    maxAgeSeconds: number | undefined,
    confirmations: number,
  ): Promise<OracleReading | OracleFault>;
  /** `number` undefined means the round that is running. */
  round(feed: string, number: number | undefined): Promise<OracleRound | OracleFault>;
  question(id: bigint): Promise<OracleQuestion | OracleFault>;
  /** Signs and sends with the node's reporter key. */
  submitReport(request: ReportRequest): Promise<SubmittedReport | OracleFault>;
  prepareReport(request: ReportRequest): Promise<PreparedReport | OracleFault>;
}

/** A statement with a bond, as the optimistic oracle keeps it. */
export interface OracleAssertion {
  /** 32 bytes. */
  readonly id: Uint8Array;
  /** Undefined when its bytes are no UTF-8. */
  readonly claim: string | undefined;
  readonly claimBytes: Uint8Array;
  /** What the next block may do: `open` takes a dispute, `settle` a settlement. */
  readonly phase: 'open' | 'closed' | 'jury' | 'settle' | 'true' | 'false' | 'undecided';
  readonly asserter: Uint8Array;
  readonly disputer: Uint8Array | undefined;
  readonly callback: Uint8Array | undefined;
  /** Acorns of each side, and of a jury. */
  readonly bond: bigint;
  readonly fee: bigint;
  /** Heights; windows are half-open. */
  readonly madeAt: number;
  readonly disputeUntil: number;
  readonly settleFrom: number;
  /** The jury's number of the question. */
  readonly question: bigint | undefined;
  readonly juryMissing: boolean;
  readonly callbackFailed: boolean;
}

/** Assertions made in a range of blocks, newest first, and what a new one needs. */
export interface OracleAssertions {
  /** The contract, 20 bytes. */
  readonly oracle: Uint8Array;
  readonly minimumBond: bigint;
  /** Blocks. */
  readonly liveness: number;
  readonly livenessMin: number;
  readonly livenessMax: number;
  readonly settleDelay: number;
  readonly from: number;
  readonly to: number;
  readonly assertions: readonly OracleAssertion[];
  /** Older ones of the range that are left out. */
  readonly left: number;
}

export interface AssertionService {
  assertion(id: Uint8Array): Promise<OracleAssertion | OracleFault>;
  /** Undefined bounds mean the last blocks. */
  assertions(
    from: number | undefined,
    to: number | undefined,
  ): Promise<OracleAssertions | OracleFault>;
}
