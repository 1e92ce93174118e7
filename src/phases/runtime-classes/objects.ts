import type { ClusterSpec } from '../../config/index.js';
import type { KubeObject } from '../../kube/index.js';

/** Label of RuntimeClasses that kbs made. */
export const OWN_CLASS = 'kbs.dev/runtime-class';

/** Label of nodes that have gVisor. */
const GVISOR_NODE = 'kbs.dev/gvisor';

/** Labels of a node by which pods of a class find it: those whose runtime is containerd have all of them. */
export function runtimeClassLabels({ runtimeClasses }: Pick<ClusterSpec, 'runtimeClasses'>): Readonly<Record<string, string>> {
  return runtimeClasses.includes('gvisor') ? { [GVISOR_NODE]: '' } : {};
}

/** The classes the cluster file asks for. Pure. */
export function runtimeClassObjects({ runtimeClasses }: Pick<ClusterSpec, 'runtimeClasses'>): readonly KubeObject[] {
  return runtimeClasses.map((name) => ({
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name, labels: { [OWN_CLASS]: '' } },
    handler: 'runsc',
    scheduling: { nodeSelector: { [GVISOR_NODE]: '' } },
  }));
}
