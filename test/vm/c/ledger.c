/* Balances by address, written as contracts in C for Stylus are: hooks imported by attribute, one
 * exported entry point, no libc. Calldata: 0 = balance of the sender; 1 ‖ address 20 ‖ amount 32 =
 * transfer; 2 ‖ n = calls through a table; 3 ‖ data = as many zeros and the data, which takes
 * memory.fill and memory.copy; anything else reverts with the calldata. */

typedef unsigned char byte;
typedef unsigned long size;
typedef unsigned int u32;

#define HOOK(name) extern __attribute__((import_module("vm_hooks"), import_name(#name)))
HOOK(read_args) void read_args(byte *target);
HOOK(write_result) void write_result(const byte *data, size length);
HOOK(msg_sender) void msg_sender(byte *target);
HOOK(storage_load_bytes32) void storage_load_bytes32(const byte *key, byte *target);
HOOK(storage_cache_bytes32) void storage_cache_bytes32(const byte *key, const byte *value);
HOOK(storage_flush_cache) void storage_flush_cache(int clear);
HOOK(native_keccak256) void native_keccak256(const byte *data, size length, byte *target);
HOOK(emit_log) void emit_log(const byte *data, size length, size topics);

static const byte event[32] = "Transfer";

static void slot_of(const byte *address, byte *slot) {
  byte image[64] = {0};
  __builtin_memcpy(image + 12, address, 20);
  native_keccak256(image, sizeof image, slot);
}

/* target += amount, or -= when negative; the carry out. */
static u32 add(byte *target, const byte *amount, int negative) {
  u32 carry = 0;
  for (int i = 31; i >= 0; i--) {
    u32 sum = negative ? (u32)target[i] - amount[i] - carry : (u32)target[i] + amount[i] + carry;
    target[i] = (byte)sum;
    carry = (sum >> 8) & 1;
  }
  return carry;
}

static int move(const byte *from, const byte *to, const byte *amount) {
  byte slot[32], value[32];
  slot_of(from, slot);
  storage_load_bytes32(slot, value);
  if (add(value, amount, 1)) return 1;
  storage_cache_bytes32(slot, value);
  slot_of(to, slot);
  storage_load_bytes32(slot, value);
  if (add(value, amount, 0)) return 1;
  storage_cache_bytes32(slot, value);
  byte log[64];
  __builtin_memcpy(log, event, 32);
  __builtin_memcpy(log + 32, amount, 32);
  emit_log(log, sizeof log, 1);
  return 0;
}

static u32 twice(u32 n) { return 2 * n; }
static u32 square(u32 n) { return n * n; }
static u32 (*const table[])(u32) = {twice, square};

static byte input[1 << 16], output[1 << 17];

__attribute__((export_name("user_entrypoint"))) int user_entrypoint(size length) {
  byte sender[20], word[32];
  read_args(input);
  msg_sender(sender);
  if (length == 1 && input[0] == 0) {
    byte slot[32];
    slot_of(sender, slot);
    storage_load_bytes32(slot, word);
    write_result(word, 32);
    return 0;
  }
  if (length == 53 && input[0] == 1) {
    int failed = move(sender, input + 1, input + 21);
    storage_flush_cache(0);
    return failed;
  }
  if (length == 2 && input[0] == 2) {
    __builtin_memset(word, 0, 32);
    word[31] = (byte)table[input[1] & 1](input[1]);
    write_result(word, 32);
    return 0;
  }
  if (length > 0 && input[0] == 3) {
    size rest = length - 1;
    __builtin_memset(output, 0, rest);
    __builtin_memcpy(output + rest, input + 1, rest);
    write_result(output, 2 * rest);
    return 0;
  }
  write_result(input, length);
  return 1;
}

/* The whole supply to who deploys. */
__attribute__((export_name("user_constructor"))) int user_constructor(size length) {
  byte sender[20], slot[32];
  if (length != 32) return 1;
  read_args(input);
  msg_sender(sender);
  slot_of(sender, slot);
  storage_cache_bytes32(slot, input);
  return 0;
}
