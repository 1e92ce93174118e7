import type { KubeObject, ObjectRef } from './types.js';

/** For messages: `ConfigMap kube-system/coredns`, `Node w1`. */
export function describeRef({ kind, name, namespace }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** The reference of an object. */
export function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
