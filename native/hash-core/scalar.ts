// The scalar hash core: one source, instantiated for one lane of 32-bit words.

import { headerAddress, prepareLanes, searchLanes, targetAddress, versionsAddress } from './search';

export { headerAddress, targetAddress, versionsAddress };

export function prepare(): void {
  prepareLanes<u32>();
}

export function search(start: u32, length: u32): i32 {
  return searchLanes<u32>(start, length);
}
