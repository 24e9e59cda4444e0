/**
 * Where the larger published vectors are. They are not part of the repository: without them a test
 * skips and says so, and a release run (DODONA_REQUIRE_DATA=1) fails instead.
 */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(process.env.DODONA_TEST_DATA ?? '../shared/data');

/**
 * Path of a file or folder of published vectors, or undefined when it is absent (then skip).
 * @throws Error when it is absent and DODONA_REQUIRE_DATA=1 asks for a complete run.
 */
export function dataPath(name: string): string | undefined {
  const path = join(root, name);
  if (existsSync(path)) return path;
  if (process.env.DODONA_REQUIRE_DATA === '1') {
    throw new Error(`test data ${path} is missing: set DODONA_TEST_DATA to the folder that has it`);
  }
  return undefined;
}
