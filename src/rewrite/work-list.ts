import type { Node } from '../ir/index.ts';

/** Nodes still to be looked at, by rule; the earliest rule's first, each rule's in the order they were added. */
export class WorkList {
  readonly #queues: { readonly nodes: Node[]; readonly waiting: Set<Node>; next: number }[];
  #first = 0;

  constructor(rules: number) {
    this.#queues = Array.from({ length: rules }, () => ({ nodes: [], waiting: new Set(), next: 0 }));
  }

  add(priority: number, node: Node): void {
    const queue = this.#queues[priority]!;
    if (queue.waiting.has(node)) return;
    queue.waiting.add(node);
    queue.nodes.push(node);
    this.#first = Math.min(this.#first, priority);
  }

  take(): { readonly node: Node; readonly priority: number } | undefined {
    for (; this.#first < this.#queues.length; this.#first++) {
      const queue = this.#queues[this.#first]!;
      if (queue.next === queue.nodes.length) continue;
      const node = queue.nodes[queue.next++]!;
      queue.waiting.delete(node);
      return { node, priority: this.#first };
    }
    return undefined;
  }
}
