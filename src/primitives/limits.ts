/**
 * Every limit of the node on one page: what can grow has its bound here, with its unit in its name.
 * Those marked (consensus) decide validity and may only change with a fork.
 */
export const limits = {
  // Encodings
  rlpDepthMax: 16,
  /** Strings and lists in one message between nodes: 16 full blocks of transfers hold 24,000. */
  messageItemsMax: 131_072,

  // Blocks and transactions (consensus)
  transactionSizeBytesMax: 163_840,
  blockTransactionsSizeBytesMax: 2 * 1024 * 1024,
  chainIdMax: 4_503_599_627_370_476,
  /** Future limit over half-life stays at or below 1/60, or a miner buys its own next target. */
  futureOverHalfLifeMax: 1 / 60,

  // Transaction pool
  poolTransactionsMax: 20_000,
  poolSizeBytesMax: 64 * 1024 * 1024,
  poolPerSenderMax: 1_024,
  poolNonceGapMax: 64,
  poolReplacementBumpPercent: 10,
  /** Longer than gossip remembers a message, or the second call would be dropped as seen. */
  rebroadcastMs: 15_000,
  rebroadcastTransactionsMax: 1_000,
  /** Until gossip helps with what the protocol itself has forwarded: it is called after two of these. */
  forwardedPauseMs: 1_000,
  /** Three hours of 15 s: what has waited longer behind a gap in its nonces is dropped. */
  poolQueuedBlocksMax: 720,

  // Contract VM (consensus)
  wasmSizeBytesMax: 128 * 1024,
  wasmFunctionsMax: 2_048,
  wasmTypesMax: 512,
  wasmParametersPerFunctionMax: 32,
  wasmParametersTotalMax: 8_192,
  wasmLocalsPerFunctionMax: 256,
  wasmLocalsTotalMax: 16_384,
  wasmBodySizeBytesMax: 32 * 1024,
  wasmBlocksPerFunctionMax: 2_048,
  wasmBlocksTotalMax: 16_384,
  wasmLoopsPerFunctionMax: 256,
  wasmNestingMax: 256,
  wasmBranchTableMax: 256,
  wasmOperandStackMax: 512,
  /**
   * In all functions, points where control parts, joins or is metered (each target of a table) times
   * parameters, locals and operands: V8's baseline compiler looks at each of these at each point, in
   * 33 ns. Real contracts have below 2 for each byte of their module.
   */
  wasmControlWorkMax: 2 ** 20,
  wasmControlWorkBase: 4_096,
  wasmControlWorkPerByte: 16,
  wasmTableElementsMax: 4_096,
  wasmSegmentsMax: 128,
  wasmGlobalsMax: 256,
  wasmImportsMax: 64,
  wasmExportsMax: 64,
  wasmInitialPagesMax: 32,
  wasmMemoryPagesMax: 64,
  /** Open at once in all frames of a transaction, 64 MiB: 128 frames of 64 pages would hold 512. */
  memoryPagesPerTransactionMax: 1_024,
  callDepthMax: 128,
  stackWordsPerTransactionMax: 32_768,
  logTopicsMax: 4,

  // Contract VM (local)
  moduleCacheSizeBytesMax: 64 * 1024 * 1024,
  /** Memories of instances that wait for their next call: 32 MiB. */
  idleMemoryPagesMax: 512,
  /** Sizes of code that a contract machine remembers. */
  codeSizesMax: 16_384,
  /** Code read from the disk that one block's execution keeps at hand. */
  journalCodeSizeBytesMax: 32 * 1024 * 1024,
  readerGasMax: 100_000_000n,
  readerTimeMsMax: 5_000,

  // Threads
  senderCacheMax: 50_000,
  submissionBatchMax: 256,
  readsInFlightMax: 256,

  // Proof of work
  headerWindowBlocks: 4_096,
  headersAtStartMax: 65_536,
  undoBlocks: 11_520,
  /** How far below the head readers can see the state. */
  historicalStateBlocks: 128,
  orphansMax: 64,
  orphansPerPeerMax: 8,
  parkedMax: 256,
  workGateBlocks: 240,
  deepReorganisationBlocks: 100,
  /** Applies queued ahead of execution when nothing is reverted. */
  appliesQueuedMax: 64,
  /** Announced blocks that wait for missing transactions at once. */
  rebuildsMax: 16,
  /** One salted bit is kept for every so many headers of the first pass. */
  presyncPeriodHeaders: 128,
  /** Headers of the second pass held back: 24 bits must match before one is stored. */
  presyncBufferHeaders: 24 * 128,
  /** Sixteen years of 15-second blocks: 32 KiB of bits. */
  presyncHeadersMax: 2 ** 25,
  presyncSessionsMax: 2,
  /** After this a second peer is asked for headers beside the slow one. */
  headersSlowMs: 4_000,
  /** A request that holds up the whole body window may take this long; doubled after each stall. */
  bodyStallMsMin: 2_000,
  bodyStallMsMax: 64_000,
  /** A peer that failed a request is left alone for so long. */
  peerRestMs: 5_000,
  /** Every so often one peer is asked for its status, in case gossip was lost. */
  peerPollMs: 10_000,
  /** Headers ahead of the head by at least so many blocks mean "syncing"... */
  syncingLagBlocks: 4,
  /** ...while bodies keep arriving: withheld bodies must not stop honest miners. */
  syncingIdleMs: 30_000,

  // Consortia
  consortiumMembersMax: 64,
  consortiumWaitMsMax: 86_400_000,
  /** Members say where they stand, and repeat their latest votes when nothing moves. */
  consortiumTickMs: 1_000,
  /** Blocks over which a primary's pace is judged. */
  consortiumPaceBlocks: 8,
  /** What pays best, or waits longest and fits, goes in within so many blocks and three view timeouts. */
  consortiumStarvedBlocks: 4,
  /** Latencies of so many last blocks are kept for statistics. */
  consortiumLatenciesKept: 256,
  /** Transactions that a peer may forward between two ticks. */
  consortiumRequestsPerTick: 10_000,
  /** Other messages of a peer that are looked at between two ticks: 300 heights of a member... */
  consortiumMessagesPerTick: 1_024,
  /** ...and what one says that is none yet: a status, and its latest votes before ours knows it. */
  consortiumMessagesOfStranger: 32,

  // Requests between peers
  headersPerAnswerMax: 2_000,
  locatorHashesMax: 32,
  bodiesPerAnswerMax: 16,
  bodiesAnswerSizeBytesMax: 4 * 1024 * 1024,
  requestSizeBytesMax: 64 * 1024,
  requestChunkSizeBytes: 64 * 1024,
  requestTimeoutMs: 10_000,
  requestsInFlightPerPeer: 4,
  bodyWindowBlocks: 256,
  blockIdLookback: 8_191,
  /** A full block with its certificate. */
  directMessageSizeBytesMax: 2 * 1024 * 1024 + 256 * 1024,
  directQueueSizeBytesMax: 16 * 1024 * 1024,
  /** A list of 80-byte headers with their RLP prefixes. */
  headersAnswerSizeBytesMax: 2_000 * 90,
  /** Records, seals and prefixes around the bodies or transactions themselves. */
  answerSlackSizeBytes: 64 * 1024,
  statusSizeBytesMax: 1_024,
  /** Reading a query, preparing its answer and sending 4 MiB over a slow line. */
  requestServeMs: 30_000,
  /** A query above its rate waits this long at most, then it is refused. */
  requestDelayMsMax: 3_000,

  // Gossip
  /** Above the 14 beats of 0.7 s for which peers offer a message again. */
  gossipSeenMs: 12_000,
  gossipTransactionsMax: 64,
  gossipTransactionsSizeBytesMax: 256 * 1024,
  gossipBlockSizeBytesMax: 512 * 1024,
  gossipInboundDataLengthMax: 4 * 1024 * 1024,
  gossipOutboundBufferSizeBytes: 16 * 1024 * 1024,
  gossipBatchDelayMs: 50,
  /** Bytes of own batches a flush: 1.3 MB/s, so that no three heartbeats of gossip reach 4 MiB. */
  gossipBatchBudgetSizeBytes: 64 * 1024,
  gossipQueueTransactionsMax: 20_000,
  /** Deliveries waiting for a verdict; the oldest are ignored beyond. */
  gossipDeliveriesMax: 4_096,
  gossipEarlyPerPeerMax: 32,

  // Peers
  peersMax: 60,
  peerStoreMax: 1_000,
  peerTickMs: 1_000,
  peerStoreSaveMs: 60_000,
  /** Time for the status exchange, and then for the gossip streams. */
  peerStatusMs: 10_000,
  peerGossipGraceMs: 15_000,
  peerAnchors: 4,
  peersPerExchangeMax: 16,
  peerAddressSizeBytesMax: 128,
  peerExchangeMs: 60_000,
  peersOutboundTarget: 8,
  peersPerSubnetOutbound: 2,
  connectionsPendingMax: 16,
  connectionsPerHostAndSecond: 16,
  dialsInFlight: 4,
  dialTimeoutMs: 10_000,
  dialBackoffMsMin: 1_000,
  dialBackoffMsMax: 60_000,
  /** Members of a consortium look for each other more often. */
  memberRedialMsMax: 4_000,
  muxerStreamsMax: 64,
  muxerReadBufferSizeBytes: 512 * 1024,
  muxerWriteBufferSizeBytes: 1024 * 1024,
  muxerWindowSizeBytesMax: 1024 * 1024,
  penaltyDisconnectPoints: 50,
  penaltyBanPoints: 100,
  penaltyHalfLifeMs: 600_000,
  penaltyEntriesMax: 1_000,
  banMs: 3_600_000,

  // Mining
  minerThreadsMax: 256,
  templatesKept: 32,
  /** Below `stratumNotifyMsMax`: a new job on an old template would have miners repeat its shares. */
  templateRefreshMs: 20_000,
  templateThrottleMs: 1_000,
  /** Blocks found here that are remembered with their fate. */
  minedBlocksKept: 256,

  // Stratum
  stratumConnectionsMax: 1_024,
  stratumLineSizeBytesMax: 4_096,
  stratumOutputSizeBytesMax: 256 * 1024,
  /** Lines a second of one connection, and how many may come at once; above, reading waits. */
  stratumLinesPerSecond: 100,
  stratumLinesBurst: 400,
  stratumMalformedLinesMax: 16,
  /** A connection that neither subscribed nor authorised after this is closed ... */
  stratumGreetingMs: 30_000,
  /** ... and one from which nothing came for this long, whose miner is gone. */
  stratumIdleMs: 3_600_000,
  /** A miner sleeps after 120 s without a new job. */
  stratumNotifyMsMax: 25_000,
  /** A template that only adds transactions is passed on no sooner. */
  stratumRefreshMs: 5_000,
  stratumJobsPerConnection: 64,
  stratumSharesPerJobMax: 16_384,
  stratumNameSizeMax: 64,
  stratumDifficultyStart: 2 ** -10,
  stratumDifficultyMin: 2 ** -20,
  /** One share in so long is enough to see a miner's rate. */
  stratumShareMs: 4_000,

  // getblocktemplate
  templatePollsMax: 64,
  /** Below the time limit of a request. */
  templatePollMs: 25_000,
  templateIdleMs: 120_000,

  // JSON-RPC
  rpcBodySizeBytesMax: 5 * 1024 * 1024,
  rpcBatchMax: 1_000,
  rpcResponseSizeBytesMax: 25 * 1024 * 1024,
  rpcConnectionsMax: 256,
  rpcLogsBlocksMax: 10_000,
  rpcLogsResultsMax: 10_000,
  rpcFeeHistoryBlocksMax: 1_024,
  rpcRewardsBlocksMax: 10_000,
  rpcHeadersMax: 2_000,
  /** Headers of one oracle proof: 16 MB, a year of 15-second blocks takes eight of them. */
  proofHeadersMax: 262_144,
  rpcFiltersMax: 1_000,
  rpcFilterIdleMs: 300_000,
  /** Changes of the chain, and hashes of waiting transactions, that a filter may lag behind. */
  rpcChangesKept: 8_192,
  rpcPendingHashesKept: 20_000,
  rpcInFlightMax: 256,
  rpcBatchConcurrencyMax: 64,
  rpcTimeoutMs: 30_000,
  rpcHeadersTimeoutMs: 10_000,
  rpcKeepAliveMs: 65_000,
  rpcSocketMessagesInFlightMax: 64,
  rpcSocketBufferSizeBytesMax: 16 * 1024 * 1024,
  rpcSocketPingMs: 30_000,
  rpcSocketCloseMs: 1_000,
  rpcSubscriptionsPerConnectionMax: 128,

  // Oracle agent
  /** Blocks after which an action that left no trace on the chain is tried again. */
  agentRetryBlocks: 4,
  sourceResponseSizeBytesMax: 1024 * 1024,
  sourceTimeoutMs: 5_000,
  sourcesPerFeedMax: 16,
  reportsRememberedPerFeed: 64,

  // Assertions
  /** Of one answer of `oracle_assertions`: each takes a call or two. */
  assertionsListedMax: 256,
  /** That one watching agent has an eye on; each of them has cost somebody a bond. */
  assertionsWatchedMax: 4_096,
  /** How far back an agent looks for assertions when it starts: four weeks of 40 s. */
  assertionsLookbackBlocks: 60_000,
  /** Rounds of a feed that are searched for a past answer. */
  claimRoundsMax: 256,
} as const;
