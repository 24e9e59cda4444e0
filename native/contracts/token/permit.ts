/**
 * EIP-2612: an allowance by signature. Storage: mapping(address => uint256) nonces at 3. The domain is
 * made anew for each use, which costs two hashes and no storage.
 */

import { returned, returnLength, tryView } from "../sdk/call";
import { blockTimestamp, chainId } from "../sdk/host";
import { allocate } from "../sdk/memory";
import { self } from "../sdk/message";
import { open, Writer } from "../sdk/output";
import { fail1, require } from "../sdk/revert";
import { keccak, mapped, read, write } from "../sdk/storage";
import { isZero, limbs, storeWord, U256, u256 } from "../sdk/u256";
import { errors } from "../wrapped-oak/interface";
import { allow } from "./ledger";

const noncesSlot: u64 = 3;

/** keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)") */
function domainType(): U256 {
  return limbs(0xa9a75d522b39400f, 0x239f7b179b0ffaca, 0x512ecc4cf759cc79, 0x8b73c3c69bb8fe3d);
}

/**
 * keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
 */
function permitType(): U256 {
  return limbs(0x169c64845d6126c9, 0x5fa2faae0126114a, 0x4d1f60370fef1010, 0x6e71edae12b1b97f);
}

/** keccak256("1"), the version of the domain. */
function versionHash(): U256 {
  return limbs(0xcb4c672f298b8bc6, 0xf5a951637e0307cd, 0x7adf612882df0950, 0xc89efdaa54c0f20c);
}

/** Half the order of secp256k1: of a signature and its mirror image only the lower one counts. */
function lowest(): U256 {
  return limbs(0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff);
}

function hashOf(data: Writer): U256 {
  return keccak(data.start, data.length);
}

function nonceSlot(owner: U256): U256 {
  return mapped(u256(noncesSlot), owner);
}

export function nonces(owner: U256): U256 {
  return read(nonceSlot(owner));
}

/** Separator of the EIP-712 domain of a token whose name hashes to `nameHash`. */
export function domain(nameHash: U256): U256 {
  const data = open(5, 0).word(domainType()).word(nameHash).word(versionHash());
  return hashOf(data.number(chainId()).word(self()));
}

export function permitFor(
  separator: U256, owner: U256, spender: U256, amount: U256, deadline: U256, v: u64, r: U256, s: U256,
): void {
  if (u256(blockTimestamp()) > deadline) fail1(errors.ExpiredSignature, deadline);
  const slot = nonceSlot(owner);
  const nonce = read(slot);
  const words = open(6, 0).word(permitType()).word(owner).word(spender).word(amount);
  const data = allocate(66);
  store<u16>(data, 0x0119); // the bytes 0x19 0x01
  storeWord(data + 2, separator);
  storeWord(data + 34, hashOf(words.word(nonce).word(deadline)));
  const signature = open(4, 0).word(keccak(data, 66)).number(v).word(r).word(s);
  const answered = s <= lowest() && tryView(u256(1), signature) && returnLength == 32;
  require(answered && !isZero(owner) && returned(0) == owner, errors.InvalidSignature);
  write(slot, nonce + u256(1));
  allow(owner, spender, amount);
}
