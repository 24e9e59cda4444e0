/** Receipts as they are stored: the encoded leaf with its local hint, which no root covers. */

import { utf8 } from '../primitives/bytes.ts';
import { decodeReceipt, type Receipt } from '../primitives/receipt.ts';
import { decodeRlp, encodeRlp, rlpBytes, rlpList } from '../primitives/rlp.ts';

export interface StoredReceipt {
  readonly receipt: Receipt;
  /** Why the transaction failed, for people. */
  readonly hint?: string | undefined;
}

/** Value of `keys.receipts`: RLP list of [encoded receipt, hint as UTF-8]. */
export function encodeReceipts(
  receipts: readonly { readonly encoded: Uint8Array; readonly hint: string | undefined }[],
): Uint8Array {
  return encodeRlp(receipts.map(({ encoded, hint }) => [encoded, utf8(hint ?? '')]));
}

/** @throws DecodeError naming the field that is wrong. */
export function decodeReceipts(bytes: Uint8Array): StoredReceipt[] {
  return rlpList(decodeRlp(bytes), 'receipts').map((item) => {
    const [encoded, hint] = rlpList(item, 'stored receipt', 2);
    const receipt = decodeReceipt(rlpBytes(encoded, 'receipt'));
    const text = new TextDecoder().decode(rlpBytes(hint, 'hint'));
    return text === '' ? { receipt } : { receipt, hint: text };
  });
}
