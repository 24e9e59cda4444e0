/**
 * What the chain offers a contract: the import module `vm_hooks`, with Arbitrum Stylus's names.
 * Pointers are offsets into the contract's memory; words there are 32 bytes, big-endian.
 */

// @ts-ignore: decorator
@external("vm_hooks", "read_args")
export declare function readArguments(target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "write_result")
export declare function writeResult(source: usize, length: u32): void;
// @ts-ignore: decorator
@external("vm_hooks", "exit_early")
export declare function exitEarly(status: i32): void;

// @ts-ignore: decorator
@external("vm_hooks", "storage_load_bytes32")
export declare function storageLoad(key: usize, target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "storage_cache_bytes32")
export declare function storageStore(key: usize, value: usize): void;

// @ts-ignore: decorator
@external("vm_hooks", "transient_load_bytes32")
export declare function transientLoad(key: usize, target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "transient_store_bytes32")
export declare function transientStore(key: usize, value: usize): void;

// @ts-ignore: decorator
@external("vm_hooks", "emit_log")
export declare function emitLog(data: usize, length: u32, topics: u32): void;

// @ts-ignore: decorator
@external("vm_hooks", "call_contract")
export declare function callContract(
  target: usize, input: usize, length: u32, value: usize, gas: u64, returnLength: usize,
): i32;
// @ts-ignore: decorator
@external("vm_hooks", "static_call_contract")
export declare function staticCallContract(
  target: usize, input: usize, length: u32, gas: u64, returnLength: usize,
): i32;
// @ts-ignore: decorator
@external("vm_hooks", "read_return_data")
export declare function readReturnData(target: usize, offset: u32, size: u32): u32;
// @ts-ignore: decorator
@external("vm_hooks", "create2")
export declare function create2(
  code: usize, length: u32, endowment: usize, salt: usize, target: usize, revertLength: usize,
): void;

// @ts-ignore: decorator
@external("vm_hooks", "account_balance")
export declare function accountBalance(account: usize, target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "account_code_size")
export declare function accountCodeSize(account: usize): u32;
// @ts-ignore: decorator
@external("vm_hooks", "contract_address")
export declare function contractAddress(target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "msg_sender")
export declare function messageSender(target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "msg_value")
export declare function messageValue(target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "block_number")
export declare function blockNumber(): u64;
// @ts-ignore: decorator
@external("vm_hooks", "block_timestamp")
export declare function blockTimestamp(): u64;
// @ts-ignore: decorator
@external("vm_hooks", "block_basefee")
export declare function blockBaseFee(target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "block_coinbase")
export declare function blockCoinbase(target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "block_gas_limit")
export declare function blockGasLimit(): u64;
// @ts-ignore: decorator
@external("vm_hooks", "chainid")
export declare function chainId(): u64;
// @ts-ignore: decorator
@external("vm_hooks", "native_keccak256")
export declare function nativeKeccak256(data: usize, length: u32, target: usize): void;
// @ts-ignore: decorator
@external("vm_hooks", "evm_gas_left")
export declare function gasLeft(): u64;
