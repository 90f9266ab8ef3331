import type { Node } from '../../../ir/index.ts';
import type { RewriteRecord } from '../../../rewrite/index.ts';
import { type Layout, type Link, layOut, round, type Size, smooth } from './layout.ts';
import { escapeHtml } from './text.ts';

/** Most nodes a picture of a rewrite has on one side. */
const mostNodes = 40;

/** A rewrite before and after as two drawings beside each other. */
export function pictureOf({ before, after }: RewriteRecord): string {
  if (Math.max(before.length, after.length) > mostNodes) {
    return `<p class="quiet">${before.length} nodes before and ${after.length} after: too many to draw.</p>`;
  }
  const [left, right] = [before.filter(isDrawn), after.filter(isDrawn)];
  const kept = new Set(left.map(keyOf).filter((key) => right.some((node) => keyOf(node) === key)));
  return `<div class="pair"><figure><figcaption>before</figcaption>${drawing(left, kept, 'gone')}</figure>
<figure><figcaption>after</figcaption>${drawing(right, kept, 'new')}</figure></div>`;
}

/** Constants are parameters; a rewrite that is about one alone says so in words. */
function isDrawn({ opType }: Node): boolean {
  return opType !== 'Constant';
}

function keyOf({ opType, inputs, outputs }: Node): string {
  return JSON.stringify([opType, inputs, outputs]);
}

function drawing(nodes: readonly Node[], kept: ReadonlySet<string>, changed: string): string {
  if (nodes.length === 0) return '<p class="quiet">no node: readers take another value, or a constant</p>';
  const { sizes, links } = graphOf(nodes);
  const placed = layOut(sizes, links, 18);
  const boxes = nodes.map((node, i) =>
    boxOf(node, placed.boxes.get(`n${i}`)!, kept.has(keyOf(node)) ? '' : changed),
  );
  const values = sizes
    .filter(({ id }) => !id.startsWith('n'))
    .map(({ id }) => drawValue(id.slice(1), placed.boxes.get(id)!));
  return svg(placed, [...arrowsOf(placed), ...boxes, ...values]);
}

/** Nodes as boxes, and the values they take from outside or give away as ends. */
function graphOf(nodes: readonly Node[]): {
  readonly sizes: readonly Size[];
  readonly links: readonly Link[];
} {
  const makers = new Map(
    nodes.flatMap(({ outputs }, i) => outputs.map((output) => [output, `n${i}`] as const)),
  );
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const sizes = new Map<string, Size>();
  const links: Link[] = [];
  const end = (value: string) => {
    const id = `v${value}`;
    sizes.set(id, { id, width: widthOf(shorten(value), 5.6) + 8, height: 16 });
    return id;
  };
  nodes.forEach((node, i) => {
    const id = `n${i}`;
    sizes.set(id, { id, width: widthOf(node.opType, 7) + 20, height: 26 });
    // Parameters – scales, weights, pads – would hide what the picture is about: only the data is drawn.
    node.inputs.forEach((input, index) => {
      const maker = makers.get(input);
      if (maker !== undefined) links.push({ from: maker, to: id });
      else if (input !== '' && (index === 0 || takesMany.has(node.opType)))
        links.push({ from: end(input), to: id });
    });
    for (const output of node.outputs)
      if (output !== '' && !read.has(output)) links.push({ from: id, to: end(output) });
  });
  return { sizes: [...sizes.values()], links };
}

const takesMany = new Set(['Concat', 'Add', 'Mul', 'MatMul', 'Sum', 'Max', 'Min']);

function boxOf(
  { opType, name = '', outputs }: Node,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  changed: string,
): string {
  const kind = opType === 'QuantizeLinear' ? 'q' : opType === 'DequantizeLinear' ? 'dq' : '';
  return `<g class="node ${kind} ${changed}"><title>${escapeHtml(name || outputs.join(', '))}</title>
<rect x="${round(x)}" y="${round(y)}" width="${width}" height="${height}" rx="5"/><text x="${round(x + width / 2)}" y="${round(y + height / 2 + 4)}">${escapeHtml(opType)}</text></g>`;
}

function drawValue(value: string, { x, y, width }: { x: number; y: number; width: number }): string {
  return `<g class="value"><title>${escapeHtml(value)}</title><text x="${round(x + width / 2)}" y="${round(y + 12)}">${escapeHtml(shorten(value))}</text></g>`;
}

function shorten(value: string): string {
  return value.length <= 22 ? value : `${value.slice(0, 8)}…${value.slice(-12)}`;
}

/** Roughly how wide a text is; the browser that shows it may have another font. */
export function widthOf(text: string, perCharacter: number): number {
  return Math.ceil(text.length * perCharacter);
}

export function arrowsOf({ arrows }: Layout): readonly string[] {
  return arrows.map(({ points }) => `<path class="edge" d="${smooth(points)}" marker-end="url(#tip)"/>`);
}

function svg({ width, height }: Layout, parts: readonly string[]): string {
  return `<svg class="picture" viewBox="0 0 ${width} ${height}" style="max-width:${width}px" role="img">${parts.join('')}</svg>`;
}
