/** Worker entries for tests, straight from the sources and without a build. */

/**
 * The URL to start `entry` (a path below src/, such as `node/mine-worker.ts`) as a worker. A worker
 * of Node 20 cannot load TypeScript by itself, and a file URL's query is lost on the way, so the
 * two lines that do it travel in a data URL.
 */
export function workerEntry(entry: string): URL {
  const loader = import.meta.resolve('tsx/esm/api');
  const source = new URL(`../../src/${entry}`, import.meta.url).href;
  const text = `import { register } from '${loader}'; register(); await import('${source}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}
