import type { Plan, PlanLayer, SurvivingQuantizer } from '../../../targets/index.ts';
import { bytesInWords, precisionInWords } from '../plan.ts';
import { type Layout, type Link, layOut, round, type Size } from './layout.ts';
import { arrowsOf, widthOf } from './picture.ts';
import { escapeHtml } from './text.ts';

/** Most layers that are laid out: beyond, the time it takes grows out of proportion. */
const mostLayers = 2000;

/**
 * The whole network as the engine sees it: layers in the colour of what they read (above) and write (below), and
 * between them the quantizers that survive.
 */
export function mapOf(plan: Plan, id: string, label: string): string {
  if (plan.layers.length > mostLayers)
    return `<p class="quiet">${plan.layers.length} layers are too many to draw; the tables above have them all.</p>`;
  const { sizes, links, parts } = graphOf(plan);
  const placed = layOut(sizes, links, 14);
  const drawn = [...parts].map(([key, draw]) => draw(placed.boxes.get(key)!));
  return `<div class="map" id="${id}" tabindex="0" aria-label="${escapeHtml(label)}">
<div class="zoom"><button data-zoom="in" aria-label="closer">+</button><button data-zoom="out" aria-label="further away">−</button><button data-zoom="fit" aria-label="the whole network">fit</button></div>
<svg viewBox="0 0 ${placed.width} ${placed.height}" data-width="${placed.width}" data-height="${placed.height}" data-start="${startOf(placed)}">${[...arrowsOf(placed), ...drawn].join('\n')}</svg></div>`;
}

/** Where the topmost box stands: the place to begin looking. */
function startOf({ boxes, width }: Layout): number {
  const first = [...boxes.values()].reduce<Box | undefined>(
    (top, box) => (top === undefined || box.y < top.y ? box : top),
    undefined,
  );
  return first === undefined ? width / 2 : round(first.x + first.width / 2);
}

type Box = Layout['boxes'] extends ReadonlyMap<string, infer One> ? One : never;
type Draw = (box: Box) => string;

function graphOf({ layers, qdq }: Plan): {
  readonly sizes: readonly Size[];
  readonly links: readonly Link[];
  readonly parts: ReadonlyMap<string, Draw>;
} {
  const sizes: Size[] = [];
  const parts = new Map<string, Draw>();
  const links = new Map<string, Link>();
  const link = (from: string, to: string) => links.set(JSON.stringify([from, to]), { from, to });
  const add = (id: string, width: number, height: number, draw: Draw) => {
    sizes.push({ id, width, height });
    parts.set(id, draw);
  };
  const makers = new Map<string, string>();
  layers.forEach((layer, i) => {
    for (const value of layer.writes) makers.set(value, `l${i}`);
    add(`l${i}`, Math.max(96, widthOf(wordsOf(layer), 6.4) + 20), 40, (box) => drawLayer(layer, box));
  });
  const source = (value: string) => {
    const known = makers.get(value);
    if (known !== undefined) return known;
    const id = `i${value}`;
    makers.set(value, id);
    add(id, widthOf(shorten(value), 6.2) + 24, 24, (box) => drawEnd(value, box));
    return id;
  };
  const survivors = new Map<string, SurvivingQuantizer[]>();
  qdq.forEach((one, i) => {
    survivors.set(one.tensor, [...(survivors.get(one.tensor) ?? []), one]);
    add(`q${i}`, 46, 20, (box) => drawSurvivor(one, box));
    link(source(one.tensor), `q${i}`);
  });
  const places = new Map(qdq.map((one, i) => [one, `q${i}`]));
  layers.forEach((layer, i) => {
    for (const value of layer.reads) {
      const between = survivors.get(value)?.filter(({ readers }) => readers.includes(layer.name)) ?? [];
      // What is quantized and then requantized passes the last of both.
      const via =
        between.find(({ kind }) => kind === 'Scale') ??
        between.find(({ kind }) => kind === 'DQ') ??
        between[0];
      link(via === undefined ? source(value) : places.get(via)!, `l${i}`);
    }
  });
  return { sizes, links: [...links.values()], parts };
}

function wordsOf({ kind, fused }: PlanLayer): string {
  const words = fused.replaceAll('W + ', '').replaceAll(' + ', '·');
  return words.length <= 30 ? words : kind;
}

function drawLayer(layer: PlanLayer, { x, y, width, height }: Box): string {
  const half = height / 2;
  const [left, top, middle] = [round(x), round(y), round(x + width / 2)];
  const text = `${layer.fused}\n${layer.name}\n${precisionInWords(layer)}`;
  return `<g class="layer"><title>${escapeHtml(text)}</title><rect class="${paint(layer.in)}" x="${left}" y="${top}" width="${width}" height="${half}"/><rect class="${paint(layer.out)}" x="${left}" y="${round(y + half)}" width="${width}" height="${half}"/><rect class="frame" x="${left}" y="${top}" width="${width}" height="${height}" rx="4"/><text x="${middle}" y="${round(y + 15)}">${escapeHtml(wordsOf(layer))}</text><text class="small" x="${middle}" y="${round(y + 32)}">${escapeHtml(precisionInWords(layer))}</text></g>`;
}

function drawSurvivor(
  { kind, tensor, bytes, law, why, rule }: SurvivingQuantizer,
  { x, y, width, height }: Box,
): string {
  const text = `${kind} on ${tensor}, ${bytesInWords(bytes)}\n${law}: ${why}\nremoved by ${rule ?? 'no rule'}`;
  return `<g class="survivor"><title>${escapeHtml(text)}</title><rect x="${round(x)}" y="${round(y)}" width="${width}" height="${height}" rx="10"/><text x="${round(x + width / 2)}" y="${round(y + 14)}">${kind}</text></g>`;
}

function drawEnd(value: string, { x, y, width, height }: Box): string {
  return `<g class="end"><title>${escapeHtml(value)}</title><rect x="${round(x)}" y="${round(y)}" width="${width}" height="${height}" rx="12"/><text x="${round(x + width / 2)}" y="${round(y + 16)}">${escapeHtml(shorten(value))}</text></g>`;
}

function paint(precision: PlanLayer['in']): string {
  return precision === 'F' ? 'float' : 'int';
}

function shorten(value: string): string {
  return value.length <= 30 ? value : `${value.slice(0, 14)}…${value.slice(-15)}`;
}
