import { Graph, layout } from '@dagrejs/dagre';

export interface Size {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface Link {
  readonly from: string;
  readonly to: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Boxes with their upper left corner, arrows with the points they run through. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<string, Point & { readonly width: number; readonly height: number }>;
  readonly arrows: readonly (Link & { readonly points: readonly Point[] })[];
}

/** Places boxes in layers from top to bottom, so that arrows go down and cross little. */
export function layOut(sizes: readonly Size[], links: readonly Link[], gap: number): Layout {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: gap, ranksep: gap * 1.6, marginx: gap, marginy: gap });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of sizes) graph.setNode(id, { width, height });
  for (const { from, to } of links) graph.setEdge(from, to);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const boxes = new Map(
    sizes.map(({ id, ...size }) => {
      const { x = 0, y = 0 } = graph.node(id);
      return [id, { x: x - size.width / 2, y: y - size.height / 2, ...size }] as const;
    }),
  );
  const arrows = graph.edges().map((edge) => ({
    from: edge.v,
    to: edge.w,
    points: graph.edge(edge).points ?? [],
  }));
  return { width: Math.ceil(width), height: Math.ceil(height), boxes, arrows };
}

/** Points as the path of a smooth line: straight from the first and to the last, curved around those between. */
export function smooth(points: readonly Point[]): string {
  const [first, ...rest] = points.map(({ x, y }) => ({ x: round(x), y: round(y) }));
  if (first === undefined || rest.length === 0) return '';
  const parts = [`M${first.x},${first.y}`];
  for (let i = 0; i < rest.length - 1; i++) {
    const [a, b] = [rest[i]!, rest[i + 1]!];
    parts.push(`Q${a.x},${a.y} ${round((a.x + b.x) / 2)},${round((a.y + b.y) / 2)}`);
  }
  const last = rest.at(-1)!;
  parts.push(`L${last.x},${last.y}`);
  return parts.join(' ');
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
