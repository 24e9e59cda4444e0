/** A report and its signatures: decoded strictly, hashed as EIP-712 says, recovered by ecrecover. */

import { bytesAt, Span } from "../sdk/calldata";
import { returned, returnLength, view } from "../sdk/call";
import { chainId } from "../sdk/host";
import { allocate, mark, release } from "../sdk/memory";
import { self } from "../sdk/message";
import { open } from "../sdk/output";
import { fail2, require } from "../sdk/revert";
import { keccak } from "../sdk/storage";
import {
  distance, fitsU64, isZero, limbs, loadWord, signedLess, storeWord, U256, u256,
} from "../sdk/u256";
import { fitsInt192, numberOf } from "./feed";
import { errors } from "./interface";

// @ts-ignore: decorator
@unmanaged @final
export class Report {
  /** Unix time. */
  observedAt: u64;
  /** 32 bytes: the signers' numbers. */
  observers: usize;
  observations: usize;
  count: u32;

  at(index: u32): U256 {
    return loadWord(this.observations + (<usize>index << 5));
  }

  /** The upper middle one, as in OCR. */
  median(): U256 {
    return this.at(this.count >> 1);
  }

  /** How far the median is from the observations left after `f` at each end. */
  confidence(f: u32): U256 {
    const middle = this.count >> 1;
    const last = this.count - 1;
    const low = f < middle ? f : middle;
    const high = last > middle + f ? last - f : middle;
    const below = distance(this.median(), this.at(low));
    const above = distance(this.at(high), this.median());
    return below > above ? below : above;
  }
}

/**
 * Demands ascending observations of more than `f` of the `signers`, each by another one. The head
 * is three words (time, observers, offset 96), then the list; nothing may follow.
 */
export function parseReport(source: Span, f: u32, signers: u32): Report {
  require(source.length >= 128, errors.BadReport);
  const time = loadWord(source.data);
  const place = loadWord(source.data + 64);
  const count = loadWord(source.data + 96);
  require(fitsU64(time) && time.limb0 != 0 && time.limb0 >> 32 == 0, errors.BadReport);
  require(fitsU64(place) && place.limb0 == 96, errors.BadReport);
  require(fitsU64(count) && count.limb0 <= 32, errors.BadReport);
  require(source.length == 128 + (<u32>count.limb0 << 5), errors.BadReport);
  const report = changetype<Report>(allocate(offsetof<Report>()));
  report.observedAt = time.limb0;
  report.observers = source.data + 32;
  report.observations = source.data + 128;
  report.count = <u32>count.limb0;
  require(report.count > f, errors.TooFewObservations);
  requireObservers(report, signers);
  requireSorted(report);
  return report;
}

function requireObservers(report: Report, signers: u32): void {
  let seen: u32 = 0;
  for (let index: u32 = 0; index < 32; index++) {
    const number: u32 = load<u8>(report.observers + index);
    if (index >= report.count) {
      require(number == 0, errors.BadObservers);
      continue;
    }
    require(number < signers && ((seen >> number) & 1) == 0, errors.BadObservers);
    seen |= (<u32>1) << number;
  }
}

function requireSorted(report: Report): void {
  const position = mark();
  for (let index: u32 = 0; index < report.count; index++) {
    require(fitsInt192(report.at(index)), errors.BadReport);
    if (index > 0) {
      require(!signedLess(report.at(index), report.at(index - 1)), errors.NotSorted);
    }
    release(position);
  }
}

/** keccak256 of the text of a type, a name or a version. */
function hashOf(text: string): U256 {
  const length = <u32>text.length;
  const bytes = allocate(length);
  for (let index: u32 = 0; index < length; index++) {
    store<u8>(bytes + index, load<u16>(changetype<usize>(text) + (<usize>index << 1)));
  }
  return keccak(bytes, length);
}

function domainSeparator(): U256 {
  const writer = open(5, 0)
    .word(hashOf(
      "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
    ))
    .word(hashOf("Dodona SignedAggregator"))
    .word(hashOf("1"))
    .number(chainId())
    .word(self());
  return keccak(writer.start, writer.length);
}

/** EIP-712's hash of Report {digest, epochAndRound, report}: what signers sign. */
export function hashReport(digest: U256, epochAndRound: u64, report: Span): U256 {
  const writer = open(4, 0)
    .word(hashOf("Report(bytes32 digest,uint40 epochAndRound,bytes report)"))
    .word(digest)
    .number(epochAndRound)
    .word(keccak(report.data, report.length));
  const content = keccak(writer.start, writer.length);
  const data = allocate(66);
  store<u16>(data, 0x0119); // bytes 0x19 0x01
  storeWord(data + 2, domainSeparator());
  storeWord(data + 34, content);
  return keccak(data, 66);
}

/** Half of secp256k1's order: of the two valid values of s, the larger one is refused (EIP-2). */
function isLow(s: U256): bool {
  const half = limbs(
    0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff,
  );
  return s <= half;
}

/** The address that made the 65 bytes r, s, v over `hash`; zero for none. */
function recover(hash: U256, signature: Span): U256 {
  require(signature.length == 65, errors.BadSignature);
  require(isLow(loadWord(signature.data + 32)), errors.BadSignature);
  const question = open(4, 0).word(hash).number(load<u8>(signature.data + 64));
  question.raw(signature.data).raw(signature.data + 32);
  view(u256(1), question);
  return returnLength == 32 ? returned(0) : u256(0);
}

/** Demands exactly f + 1 signatures over `hash` by different signers of `digest`. */
export function requireSignatures(hash: U256, signatures: Span, digest: U256, f: u32): void {
  if (signatures.length != f + 1) {
    fail2(errors.WrongSignatureCount, u256(min<u32>(signatures.length, 255)), u256(f + 1));
  }
  let seen: u32 = 0;
  for (let index: u32 = 0; index < signatures.length; index++) {
    const position = mark();
    const signer = recover(hash, bytesAt(signatures, index));
    const number = isZero(signer) ? -1 : numberOf(digest, signer);
    require(number >= 0, errors.UnknownSigner);
    require(((seen >> <u32>number) & 1) == 0, errors.DuplicateSigner);
    seen |= (<u32>1) << <u32>number;
    release(position);
  }
}
