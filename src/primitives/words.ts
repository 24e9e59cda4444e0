/**
 * A 32-byte word as eight 32-bit parts, most significant first: slots and their values on the way
 * between contracts and the state. They are compared and copied without an object for each.
 */

/** Eight signed 32-bit parts. */
export type Word = Int32Array;

/** Parts of a word. */
export const wordParts = 8;

/** The word in 32 big-endian bytes. @throws RangeError for any other length. */
export function wordFromBytes(bytes: Uint8Array): Word {
  if (bytes.length !== 4 * wordParts) throw new RangeError(`a word of ${bytes.length} bytes`);
  const word = new Int32Array(wordParts);
  setWordBytes(word, 0, bytes);
  return word;
}

/** Puts the word in 32 bytes into `parts` from `place` on. */
export function setWordBytes(parts: Int32Array, place: number, bytes: Uint8Array): void {
  for (let index = 0; index < wordParts; index++) {
    const at = 4 * index;
    parts[place + index] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
  }
}

/** Puts the word at `place` of `parts` into 32 bytes of `target` from `offset` on. */
export function putWordBytes(
  parts: Int32Array,
  place: number,
  target: Uint8Array,
  offset: number,
): void {
  for (let index = 0; index < wordParts; index++) {
    const part = parts[place + index] as number;
    const at = offset + 4 * index;
    target[at] = part >>> 24;
    target[at + 1] = part >>> 16;
    target[at + 2] = part >>> 8;
    target[at + 3] = part;
  }
}

/** The 32 bytes of the word at `place` of `parts`. */
export function wordToBytes(parts: Int32Array, place = 0): Uint8Array {
  const bytes = new Uint8Array(4 * wordParts);
  putWordBytes(parts, place, bytes, 0);
  return bytes;
}

export function equalWords(left: Word, right: Word): boolean {
  for (let index = 0; index < wordParts; index++) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

export function isZeroWord(word: Word): boolean {
  for (let index = 0; index < wordParts; index++) if (word[index] !== 0) return false;
  return true;
}
