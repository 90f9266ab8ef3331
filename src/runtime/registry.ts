import { normalDomain } from '../ops/index.ts';
import type { Kernel } from './kernel.ts';
import { kernels } from './kernels/index.ts';

let byName: Map<string, readonly Kernel[]> | undefined;

/** The kernel of one version of an operator; `version` is the schema's `since`, not the opset. */
export function findKernel(domain: string | undefined, opType: string, version: number): Kernel | undefined {
  return kernelsOf(normalDomain(domain), opType).find((kernel) => kernel.versions.includes(version));
}

/** All kernels of an operator. */
export function kernelsOf(domain: string, opType: string): readonly Kernel[] {
  byName ??= indexKernels();
  return byName.get(`${domain}::${opType}`) ?? [];
}

/** An operator that can be executed, with the schema versions that are implemented. */
export interface SupportedOperator {
  readonly domain: string;
  readonly opType: string;
  readonly versions: readonly number[];
}

/** Every operator that `execute` knows, by domain and name. */
export function supportedOperators(): readonly SupportedOperator[] {
  byName ??= indexKernels();
  return [...byName.values()]
    .map((group) => ({
      domain: group[0]!.domain,
      opType: group[0]!.opType,
      versions: group.flatMap((kernel) => kernel.versions).sort((a, b) => a - b),
    }))
    .sort((a, b) => compare(a.domain, b.domain) || compare(a.opType, b.opType));
}

function indexKernels(): Map<string, Kernel[]> {
  const index = new Map<string, Kernel[]>();
  for (const kernel of kernels) {
    const key = `${kernel.domain}::${kernel.opType}`;
    index.set(key, [...(index.get(key) ?? []), kernel]);
  }
  return index;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
