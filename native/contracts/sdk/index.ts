/** What `import … from "dodona"` offers to contracts. */

export { call, create, input, returned, returnData, tryCall, trySend, view } from "./call";
export { blockNumber, blockTimestamp, chainId } from "./host";
export { Items, Mapping } from "./mapping";
export { mulDiv, mulMod, squareRoot } from "./mathematics";
export { balanceOf, self, sender, value } from "./message";
export { require, revert, text } from "./reason";
export { keccak } from "./storage";
export {
  Address, Bytes, Bytes32, Indexed, Int256, List, newList, Text,
} from "./types";
export { isZero, limbs, minimum, square, U256, u256 } from "./u256";
