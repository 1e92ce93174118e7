import { MIRROR_POD_ANNOTATION } from '../../constants/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';

interface PodFields {
  readonly status?: { readonly phase?: string };
  readonly spec?: { readonly nodeName?: string };
}

interface Owner {
  readonly kind: string;
  readonly controller?: boolean;
}

/** `namespace/name` */
export function podLabel({ metadata: { namespace = '', name } }: KubeObject): string {
  return `${namespace}/${name}`;
}

function controllerOf(pod: KubeObject): Owner | undefined {
  const owners = (pod.metadata['ownerReferences'] ?? []) as readonly Owner[];
  return owners.find(({ controller }) => controller === true);
}

/** A pod nothing would make again elsewhere. */
export function hasNoController(pod: KubeObject): boolean {
  return controllerOf(pod) === undefined;
}

/** A pod that has to leave a node: not one of its own (static pods, DaemonSets), and not one that has ended. */
function hasToLeave(pod: KubeObject): boolean {
  const { status } = pod as KubeObject & PodFields;
  const isOfNode = pod.metadata.annotations?.[MIRROR_POD_ANNOTATION] !== undefined || controllerOf(pod)?.kind === 'DaemonSet';
  return !isOfNode && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** Pods that have to leave a node before it may go. */
export async function podsToMove(api: KubeApi, node: string): Promise<readonly KubeObject[]> {
  const pods = await api.list({ apiVersion: 'v1', kind: 'Pod' }, { fieldSelector: `spec.nodeName=${node}` });
  return pods.filter((pod) => (pod as KubeObject & PodFields).spec?.nodeName === node && hasToLeave(pod));
}
