// The simd hash core: one source, instantiated for four lanes of 128-bit vectors.

import { headerAddress, prepareLanes, searchLanes, targetAddress, versionsAddress } from './search';

export { headerAddress, targetAddress, versionsAddress };

export function prepare(): void {
  prepareLanes<v128>();
}

export function search(start: u32, length: u32): i32 {
  return searchLanes<v128>(start, length);
}
