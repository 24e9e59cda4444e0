/**
 * A small writer of SVG figures: panels over a time axis in UTC, with lines, steps, dots, bands and
 * rows of ticks. What lies outside a scale is cut off at its edge, never squeezed into it.
 */

const width = 980;
const left = 122;
const right = 78;
const plotWidth = width - left - right;
const ink = { text: '#2b2117', faint: '#6b5a40', grid: '#e8dfcd', frame: '#c9b78f' };

const style = [
  'text{font-family:system-ui,sans-serif;font-size:12px;fill:#4b3e2d}',
  '.t{font-size:16px;font-weight:600;fill:#2b2117}',
  '.h{font-size:13px;font-weight:600;fill:#2b2117}',
  '.e{text-anchor:end}.m{text-anchor:middle}',
].join('');

/** Seconds since 1970 and a value; undefined interrupts the line. */
export type Point = readonly [time: number, value: number | undefined];

export interface Series {
  readonly name: string;
  readonly color: string;
  readonly points: readonly Point[];
  /** `step` holds a value until the next one. */
  readonly kind: 'line' | 'step' | 'dots';
  readonly width?: number;
}

export interface Scale {
  readonly min: number;
  readonly max: number;
  readonly every: number;
  readonly format: (value: number) => string;
}

export interface Span {
  /** Seconds since 1970. */
  readonly start: number;
  readonly end: number;
  /** Seconds between two times on the axis. */
  readonly every: number;
}

export interface Note {
  readonly time: number;
  readonly value: number;
  readonly text: string;
  readonly anchor?: 'start' | 'middle' | 'end';
}

/** Values over time. */
export interface ValuePanel {
  readonly kind: 'values';
  readonly title: string;
  readonly height: number;
  readonly span: Span;
  readonly scale: Scale;
  readonly series: readonly Series[];
  /** Horizontal stripes, from and to a value. */
  readonly bands?: readonly {
    readonly from: number;
    readonly to: number;
    readonly color: string;
  }[];
  readonly rules?: readonly { readonly value: number; readonly text: string }[];
  readonly notes?: readonly Note[];
}

/** Rows of ticks or bars over time. */
export interface RowPanel {
  readonly kind: 'rows';
  readonly title: string;
  readonly span: Span;
  readonly rows: readonly {
    readonly name: string;
    readonly color: string;
    /** Each from and to a time, with a text where it has room. */
    readonly bars: readonly {
      readonly from: number;
      readonly to: number;
      readonly text?: string;
      readonly color?: string;
    }[];
    /** To the right of the row. */
    readonly total?: string;
  }[];
  readonly rowHeight?: number;
}

export type Panel = ValuePanel | RowPanel;

export interface Figure {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Below the last panel, one line each. */
  readonly remarks: readonly string[];
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const fixed = (value: number): string => value.toFixed(1).replace(/\.0$/, '');

function text(x: number, y: number, content: string, name = '', color?: string): string {
  const classes = name === '' ? '' : ` class="${name}"`;
  const fill = color === undefined ? '' : ` style="fill:${color}"`;
  return `<text x="${fixed(x)}" y="${fixed(y)}"${classes}${fill}>${escaped(content)}</text>`;
}

function line(points: readonly [number, number, number, number], color: string, more = ''): string {
  const [x1, y1, x2, y2] = points.map(fixed);
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${color}"${more}/>`;
}

function box(points: readonly [number, number, number, number], more: string): string {
  const [x, y, wide, high] = points.map(fixed);
  return `<rect x="${x}" y="${y}" width="${wide}" height="${high}" ${more}/>`;
}

const clock = (time: number): string => new Date(time * 1_000).toISOString().slice(11, 16);
const date = (time: number): string => new Date(time * 1_000).toISOString().slice(0, 10);

const xOf = ({ start, end }: Span, time: number): number =>
  left + ((time - start) / (end - start)) * plotWidth;

/** Times below a panel, with the date under the first and under each midnight. */
function timeAxis(span: Span, top: number, bottom: number): readonly string[] {
  const parts: string[] = [];
  const first = Math.ceil(span.start / span.every) * span.every;
  for (let time = first; time <= span.end; time += span.every) {
    const x = xOf(span, time);
    parts.push(line([x, top, x, bottom], ink.grid));
    parts.push(text(x, bottom + 16, clock(time), 'm'));
    const isMidnight = time % 86_400 === 0;
    if (time === first || isMidnight) {
      parts.push(text(x, bottom + 31, `${date(time)} UTC`, 'm', ink.faint));
    }
  }
  return parts;
}

/** Names with their colours, in one line. */
function legend(series: readonly Series[], top: number): readonly string[] {
  const parts: string[] = [];
  let x = left;
  for (const { name, color, kind } of series) {
    if (kind === 'dots')
      parts.push(`<circle cx="${x + 8}" cy="${top - 4}" r="3" fill="${color}"/>`);
    else parts.push(line([x, top - 4, x + 16, top - 4], color, ' stroke-width="3"'));
    parts.push(text(x + 22, top, name));
    x += 22 + name.length * 6.6 + 22;
  }
  return parts;
}

/** A path through points that lie within `low` and `high`; interrupted where there is no value. */
function pathOf(
  { points, kind }: Series,
  place: (point: Point) => readonly [number, number],
): string {
  let path = '';
  let isOpen = false;
  for (const point of points) {
    if (point[1] === undefined) {
      isOpen = false;
      continue;
    }
    const [x, y] = place(point).map(fixed);
    if (!isOpen) path += `M${x},${y}`;
    else path += kind === 'step' ? `H${x}V${y}` : `L${x},${y}`;
    isOpen = true;
  }
  return path;
}

function drawSeries(series: Series, place: (point: Point) => readonly [number, number]): string {
  if (series.kind !== 'dots') {
    const stroke = `fill="none" stroke="${series.color}" stroke-width="${series.width ?? 1.4}"`;
    return `<path d="${pathOf(series, place)}" ${stroke} stroke-linejoin="round"/>`;
  }
  const dots = series.points
    .filter(([, value]) => value !== undefined)
    .map((point) => {
      const [x, y] = place(point).map(fixed);
      return `M${x},${y}h0`;
    });
  const stroke = `stroke="${series.color}" stroke-width="${series.width ?? 3.2}"`;
  return `<path d="${dots.join('')}" fill="none" ${stroke} stroke-linecap="round"/>`;
}

interface Drawn {
  readonly parts: readonly string[];
  /** Where the next panel may begin. */
  readonly end: number;
}

function drawValues(panel: ValuePanel, top: number, id: string): Drawn {
  const { span, scale, series, height } = panel;
  const plotTop = top + 42;
  const bottom = plotTop + height;
  const yOf = (value: number): number =>
    bottom - ((value - scale.min) / (scale.max - scale.min)) * height;
  const place = ([time, value]: Point): readonly [number, number] => [
    xOf(span, time),
    yOf(value as number),
  ];
  const frame = [left, plotTop, plotWidth, height] as const;
  const parts = [text(left, top + 12, panel.title, 'h'), ...legend(series, top + 32)];
  parts.push(box(frame, 'fill="#ffffff"'));
  for (const { from, to, color } of panel.bands ?? []) {
    parts.push(box([left, yOf(to), plotWidth, yOf(from) - yOf(to)], `fill="${color}"`));
  }
  parts.push(...timeAxis(span, plotTop, bottom));
  const steps = Math.round((scale.max - scale.min) / scale.every);
  for (let step = 0; step <= steps; step++) {
    const value = scale.min + step * scale.every;
    parts.push(line([left, yOf(value), left + plotWidth, yOf(value)], ink.grid));
    parts.push(text(left - 8, yOf(value) + 4, scale.format(value), 'e'));
  }
  parts.push(`<clipPath id="${id}">${box(frame, '')}</clipPath>`);
  parts.push(
    `<g clip-path="url(#${id})">`,
    ...series.map((each) => drawSeries(each, place)),
    '</g>',
  );
  for (const { value, text: content } of panel.rules ?? []) {
    const y = yOf(value);
    parts.push(line([left, y, left + plotWidth, y], '#a33b2a', ' stroke-dasharray="6 4"'));
    parts.push(text(left + 8, y - 5, content, '', '#a33b2a'));
  }
  for (const { time, value, text: content, anchor = 'start' } of panel.notes ?? []) {
    const [x, y] = place([time, value]);
    const name = { start: '', middle: 'm', end: 'e' }[anchor];
    parts.push(text(x, y, content, name, ink.text));
  }
  parts.push(box(frame, `fill="none" stroke="${ink.frame}"`));
  return { parts, end: bottom + 52 };
}

function drawRows(panel: RowPanel, top: number): Drawn {
  const { span, rows, rowHeight = 20 } = panel;
  const plotTop = top + 22;
  const bottom = plotTop + rows.length * rowHeight;
  const frame = [left, plotTop, plotWidth, bottom - plotTop] as const;
  const parts = [text(left, top + 12, panel.title, 'h'), box(frame, 'fill="#ffffff"')];
  parts.push(...timeAxis(span, plotTop, bottom));
  for (const [index, { name, color, bars, total }] of rows.entries()) {
    const y = plotTop + index * rowHeight;
    const middle = y + rowHeight / 2 + 4;
    if (index > 0) parts.push(line([left, y, left + plotWidth, y], ink.grid));
    parts.push(text(left - 8, middle, name, 'e'));
    for (const bar of bars) {
      const x = xOf(span, bar.from);
      const wide = Math.max(xOf(span, bar.to) - x, 1.2);
      parts.push(box([x, y + 3, wide, rowHeight - 6], `fill="${bar.color ?? color}"`));
      const isReadable = bar.text !== undefined && wide > bar.text.length * 6.4 + 8;
      if (isReadable) parts.push(text(x + 5, middle, bar.text as string));
    }
    if (total !== undefined) parts.push(text(left + plotWidth + 8, middle, total));
  }
  parts.push(box(frame, `fill="none" stroke="${ink.frame}"`));
  return { parts, end: bottom + 52 };
}

/** The text of an SVG file. */
export function drawFigure({ title, panels, remarks }: Figure): string {
  const parts = [text(left, 30, title, 't')];
  let top = 50;
  for (const [index, panel] of panels.entries()) {
    const drawn =
      panel.kind === 'values' ? drawValues(panel, top, `p${index}`) : drawRows(panel, top);
    parts.push(...drawn.parts);
    top = drawn.end;
  }
  for (const remark of remarks) {
    parts.push(text(left, top + 4, remark, '', ink.faint));
    top += 17;
  }
  const height = Math.round(top + 8);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${style}</style>`,
    `<rect width="${width}" height="${height}" fill="#fffdf8"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}
