/**
 * Bytes of a WebAssembly module: a strict reader (LEB128 lengths and unused bits, exact ends, UTF-8)
 * and a writer that knows only the shortest form (WebAssembly 1.0, section 5.2).
 */

/** Why a module is refused. Part of the answer to people, never of the state. */
export interface ModuleRefusal {
  readonly code:
    | 'too-large'
    | 'malformed'
    | 'invalid'
    | 'float'
    | 'unsupported'
    | 'limit'
    | 'import'
    | 'export'
    | 'start'
    | 'memory'
    | 'creation-data'
    | 'engine';
  readonly message: string;
}

export type SectionName =
  | 'custom'
  | 'type'
  | 'import'
  | 'function'
  | 'table'
  | 'memory'
  | 'global'
  | 'export'
  | 'start'
  | 'element'
  | 'code'
  | 'data'
  | 'data count';

/** Where in a module something is wrong. */
export interface Place {
  /** Undefined for what belongs to the module as a whole. */
  readonly section: SectionName | undefined;
  /** Undefined outside of function bodies. */
  readonly functionIndex?: number | undefined;
  /** Byte in the module that was read; undefined when the section is missing. */
  readonly offset: number | undefined;
}

/** A name out of a module as text for people: quoted, without control characters, cut at 64. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}...` : name);
}

function describePlace({ section, functionIndex, offset }: Place): string {
  const parts = [section === undefined ? 'module' : `${section} section`];
  if (functionIndex !== undefined) parts.push(`function ${functionIndex}`);
  parts.push(offset === undefined ? 'which is missing' : `byte ${offset}`);
  return parts.join(', ');
}

/** Carries a refusal out of the depths of decoding; callers turn it into a value. */
export class ModuleError extends Error {
  readonly code: ModuleRefusal['code'];
  readonly place: Place;
  constructor(code: ModuleRefusal['code'], place: Place, message: string) {
    super(`${describePlace(place)}: ${message}`);
    this.name = 'ModuleError';
    this.code = code;
    this.place = place;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a reader reads, for its refusals. */
type Region = Pick<Place, 'section' | 'functionIndex'>;

/** Reads forward between two offsets; every refusal names its place in the whole module. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly region: Region;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, start: number, end: number, region: Region) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
    this.region = region;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  fail(message: string, offset = this.offset): never {
    throw new ModuleError('malformed', { ...this.region, offset }, message);
  }

  /** For what a later version of WebAssembly knows. */
  refuse(message: string, offset = this.offset): never {
    throw new ModuleError('unsupported', { ...this.region, offset }, message);
  }

  u8(what: string): number {
    if (this.offset >= this.end) this.fail(`unexpected end: ${what} is missing`);
    return this.bytes[this.offset++] as number;
  }

  /** Unsigned 32-bit LEB128. Padding is accepted up to five bytes, as linkers write it. */
  u32(what: string): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8(what);
      if (shift === 28 && byte > 0x0f) this.fail(`${what} is too long or too large for 32 bits`);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return this.fail(`${what} is longer than 5 bytes`);
  }

  /** Signed 32-bit LEB128. */
  s32(what: string): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8(what);
      if (shift === 28 && byte !== (byte & 0x07) && byte !== (0x78 | (byte & 0x07))) {
        this.fail(`${what} is too long or too large for 32 bits`);
      }
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 28 ? (value << (25 - shift)) >> (25 - shift) : value;
    }
    return this.fail(`${what} is longer than 5 bytes`);
  }

  /** Signed 64-bit LEB128. */
  s64(what: string): bigint {
    let value = 0n;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.u8(what);
      if (shift === 63 && byte !== 0 && byte !== 0x7f) {
        this.fail(`${what} is too long or too large for 64 bits`);
      }
      value |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80) return BigInt.asIntN(Math.min(shift + 7, 64), value);
    }
    return this.fail(`${what} is longer than 10 bytes`);
  }

  /** A view of the next `length` bytes. */
  take(length: number, what: string): Uint8Array {
    if (length > this.end - this.offset) this.fail(`unexpected end: ${what} is cut off`);
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  /** A name: length and strict UTF-8. */
  name(what: string): string {
    const bytes = this.take(this.u32(`length of ${what}`), what);
    try {
      return decoder.decode(bytes);
    } catch {
      return this.fail(`${what} is no UTF-8`);
    }
  }

  /** A vector: its count, then `item` so many times. A count cannot exceed the bytes that follow. */
  vector<Item>(what: string, item: (index: number) => Item): Item[] {
    const count = this.u32(`number of ${what}`);
    if (count > this.end - this.offset) this.fail(`unexpected end: ${count} ${what} do not fit`);
    const items: Item[] = [];
    for (let index = 0; index < count; index++) items.push(item(index));
    return items;
  }

  /** A reader of the next `length` bytes, which this one skips. */
  inner(length: number, what: string): ByteReader {
    const start = this.offset;
    this.take(length, what);
    return new ByteReader(this.bytes, start, start + length, this.region);
  }

  /** A reader of the same bytes whose refusals name another region. */
  within(region: Region): ByteReader {
    return new ByteReader(this.bytes, this.offset, this.end, region);
  }
}

/** Appends to a buffer that doubles. */
export class ByteWriter {
  private buffer = new Uint8Array(256);
  private length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(2 * this.buffer.length, this.length + count));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  u8(byte: number): void {
    this.reserve(1);
    this.buffer[this.length++] = byte;
  }

  u32(value: number): void {
    if (value < 0x80) {
      this.u8(value);
      return;
    }
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }

  s32(value: number): void {
    let rest = value;
    while (rest < -64 || rest > 63) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.u8(rest & 0x7f);
  }

  s64(value: bigint): void {
    // Metering writes two small constants for each charge: numbers are five times faster.
    if (BigInt.asIntN(32, value) === value) {
      this.s32(Number(value));
      return;
    }
    let rest = value;
    while (rest < -64n || rest > 63n) {
      this.u8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.u8(Number(rest & 0x7fn));
  }

  /** `width` little-endian bytes: raw floats. */
  littleEndian(value: bigint, width: number): void {
    for (let index = 0; index < width; index++)
      this.u8(Number((value >> BigInt(8 * index)) & 0xffn));
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Length and bytes. */
  block(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.bytes(bytes);
  }

  finish(): Uint8Array {
    return this.written.slice();
  }

  /** A view of what was written, valid until the next write. */
  get written(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** Forgets what was written and keeps the buffer. */
  clear(): void {
    this.length = 0;
  }
}
