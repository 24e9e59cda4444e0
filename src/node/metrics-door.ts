/** Metrics of a stand-alone agent, over HTTP on this machine alone. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatMetrics, type Metric } from '../primitives/metrics.ts';
import { listening } from './listening.ts';
import { UsageError } from './resolve-settings.ts';

const host = '127.0.0.1';
const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export interface MetricsDoor {
  readonly url: string;
  close(): Promise<void>;
}

/** The port of `--metrics PORT`. @throws UsageError for what is none */
export function metricsPort(text: string | true | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (typeof text === 'string' && /^[0-9]{1,5}$/.test(text) && Number(text) < 65_536) {
    return Number(text);
  }
  throw new UsageError(`--metrics: "${text}" is no port`);
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}

/** Serves `/metrics` on `port`, 0 for any free one. @throws when the port is taken */
export async function openMetrics(
  port: number,
  metrics: () => Promise<readonly Metric[]>,
): Promise<MetricsDoor> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end('only GET /metrics is here\n');
      return;
    }
    metrics().then(
      (found) => response.writeHead(200, { 'Content-Type': contentType }).end(formatMetrics(found)),
      (error: unknown) => response.writeHead(500).end(`${(error as Error).message}\n`),
    );
  });
  await listening({ what: 'metrics', host, port, setting: 'metrics' }, bind(server, port));
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${taken}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
