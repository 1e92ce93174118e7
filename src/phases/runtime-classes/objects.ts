import { runtimeClass, runtimeClassesWith, type RuntimeClassName, type RuntimeType } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';

/** Label of RuntimeClasses that kbs made. */
export const OWN_CLASS = 'kbs.dev/runtime-class';

/** The part of a cluster file that says which classes there are. */
interface WantedClasses {
  readonly runtimeClasses: readonly RuntimeClassName[];
}

/** Labels of a node with this container runtime, by which pods of a class find it. */
export function runtimeClassLabels({ runtimeClasses }: WantedClasses, type: RuntimeType): Readonly<Record<string, string>> {
  return Object.fromEntries(runtimeClassesWith(type, runtimeClasses).map((name) => [runtimeClass(name).nodeLabel, '']));
}

/** The classes the cluster file asks for. Pure. */
export function runtimeClassObjects({ runtimeClasses }: WantedClasses): readonly KubeObject[] {
  return runtimeClasses.map((name) => {
    const { handler, nodeLabel, overhead } = runtimeClass(name);
    return {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name, labels: { [OWN_CLASS]: '' } },
      handler,
      ...(overhead === undefined ? {} : { overhead: { podFixed: overhead } }),
      scheduling: { nodeSelector: { [nodeLabel]: '' } },
    };
  });
}
