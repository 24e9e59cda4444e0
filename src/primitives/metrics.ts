/**
 * Measurements as Prometheus reads them (text exposition format 0.0.4). Names end in their unit; what
 * only ever grows is a counter and ends in `_total`.
 */

export interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly samples: readonly MetricSample[];
}

/** Backslash, quote and line feed are all that the format escapes. */
function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function sampleLine(name: string, { labels = {}, value }: MetricSample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
}

/** The text of all metrics; those of one name, which several parts may give, stand together. */
export function formatMetrics(metrics: readonly Metric[]): string {
  const byName = new Map<string, Metric>();
  for (const metric of metrics) {
    const samples = [...(byName.get(metric.name)?.samples ?? []), ...metric.samples];
    byName.set(metric.name, { ...metric, samples });
  }
  return [...byName.values()]
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, kind, samples }) => {
      const head = `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
      return head + samples.map((sample) => sampleLine(name, sample)).join('');
    })
    .join('');
}
