/**
 * Compiles AssemblyScript text to a contract in tests. `hooks` below is put before each source: the
 * whole of `vm_hooks`, pointers as usize.
 */

const signatures = `
read_args(p: usize): void
write_result(p: usize, n: usize): void
exit_early(status: i32): void
storage_load_bytes32(key: usize, target: usize): void
storage_cache_bytes32(key: usize, value: usize): void
storage_flush_cache(clear: i32): void
transient_load_bytes32(key: usize, target: usize): void
transient_store_bytes32(key: usize, value: usize): void
emit_log(p: usize, n: usize, topics: i32): void
call_contract(a: usize, p: usize, n: usize, value: usize, gas: u64, length: usize): i32
delegate_call_contract(a: usize, p: usize, n: usize, gas: u64, length: usize): i32
static_call_contract(a: usize, p: usize, n: usize, gas: u64, length: usize): i32
create1(p: usize, n: usize, value: usize, a: usize, length: usize): void
create2(p: usize, n: usize, value: usize, salt: usize, a: usize, length: usize): void
read_return_data(target: usize, offset: usize, n: usize): usize
return_data_size(): usize
account_balance(a: usize, target: usize): void
account_code(a: usize, offset: usize, n: usize, target: usize): usize
account_code_size(a: usize): usize
account_codehash(a: usize, target: usize): void
evm_gas_left(): u64
evm_ink_left(): u64
tx_ink_price(): u32
block_basefee(target: usize): void
block_coinbase(target: usize): void
block_gas_limit(): u64
block_number(): u64
block_timestamp(): u64
chainid(): u64
contract_address(target: usize): void
msg_sender(target: usize): void
msg_value(target: usize): void
msg_reentrant(): i32
tx_gas_price(target: usize): void
tx_origin(target: usize): void
math_div(a: usize, b: usize): void
math_mod(a: usize, b: usize): void
math_pow(a: usize, b: usize): void
math_add_mod(a: usize, b: usize, c: usize): void
math_mul_mod(a: usize, b: usize, c: usize): void
native_keccak256(p: usize, n: usize, target: usize): void
pay_for_memory_grow(pages: i32): void
`;

const hooks = signatures
  .trim()
  .split('\n')
  .map((line) => `@external("vm_hooks", "${line.split('(')[0]}") declare function ${line};`)
  .join('\n');

/** The module that `source` compiles to. Static memory starts at 1,024: use it below that freely. */
export async function compileContract(source: string, flags: string[] = []): Promise<Uint8Array> {
  // Loaded here alone: the compiler takes 500 MB.
  const { default: asc } = await import('assemblyscript/asc');
  const { error, stderr, binary } = await asc.compileString(`${hooks}\n${source}`, {
    optimizeLevel: 2,
    runtime: 'stub',
    use: ['abort='],
    memoryBase: 65_536,
    initialMemory: 2,
    ...Object.fromEntries(flags.map((flag) => [flag, true])),
  });
  if (error !== null || binary === null) throw new Error(`asc: ${stderr.toString()}`);
  return binary;
}
