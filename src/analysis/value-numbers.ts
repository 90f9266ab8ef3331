import type { Graph, SparseTensor, Tensor, Type } from '../ir/index.ts';

/** Which value of a graph has which number. */
export class Numbers {
  readonly initializers = new Map<string, Tensor | SparseTensor>();
  readonly declared = new Map<string, Type | undefined>();
  readonly made = new Set<string>();
  readonly captured: string[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(graph?: Graph) {
    if (graph === undefined) return;
    for (const tensor of graph.initializers) this.initializers.set(tensor.name ?? '', tensor);
    for (const sparse of graph.sparseInitializers) this.initializers.set(sparse.values?.name ?? '', sparse);
    for (const info of graph.valueInfos) this.declared.set(info.name, info.type);
    for (const node of graph.nodes) for (const output of node.outputs) this.made.add(output);
  }

  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  add(name: string): void {
    if (!this.#numbers.has(name)) this.#numbers.set(name, this.#numbers.size);
  }
}
