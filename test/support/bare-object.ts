import type { KubeObject } from '../../src/kube/index.js';

const IDENTITY: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'name', 'namespace']);

/** Whether an object is a name and nothing else: the API does not note who applied such a one. */
export function isBare(object: KubeObject): boolean {
  return [...Object.keys(object), ...Object.keys(object.metadata)].every((field) => IDENTITY.has(field));
}
