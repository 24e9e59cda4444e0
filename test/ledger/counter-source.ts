/** The contract of the ledger's tests, in AssemblyScript. */

/** Commands by the first byte of the calldata; slot 0 is a counter, its last byte counts. */
export const counterSource = `
export function user_constructor(n: i32): i32 {
  read_args(512);
  storage_cache_bytes32(64, 512);
  return n == 32 ? 0 : 1;
}
export function user_entrypoint(n: i32): i32 {
  read_args(512);
  switch (load<u8>(512)) {
    case 0:
      storage_load_bytes32(64, 128);
      store<u8>(159, load<u8>(159) + 1);
      storage_cache_bytes32(64, 128);
      emit_log(128, 32, 1);
      write_result(128, 32);
      return 0;
    case 1:
      storage_cache_bytes32(64, 512);
      write_result(512, n);
      return 1;
    case 2:
      storage_cache_bytes32(64, 512);
      unreachable();
    case 3: {
      const failed = static_call_contract(513, 533, 32, 100000, 0);
      read_return_data(128, 0, 32);
      write_result(128, 32);
      return failed;
    }
    case 4: {
      const failed = call_contract(513, 0, 0, 533, 0, 0);
      return failed;
    }
    case 5: {
      let x: u32 = 1;
      const rounds: u32 = bswap<u32>(load<u32>(513));
      for (let i: u32 = 0; i < rounds; i++) x = x * 1664525 + 1013904223;
      store<u32>(128, x);
      write_result(128, 4);
      return 0;
    }
    case 6:
      storage_cache_bytes32(64, 192);
      return 0;
    case 7:
      return call_contract(513, 565, n - 53, 533, 0xffffffffffff, 0);
  }
  return 0;
}`;
