import { FLANNEL_DAEMON_SET, NAMESPACES } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import type { KubeApi } from '../../kube/index.js';
import { nodeEndpoint } from '../access.js';
import type { RunContext } from '../context.js';
import { objectsStep } from '../objects-step.js';
import { API_VARIABLES } from './api-address.js';
import { flannelConfigMap, flannelObjects, type FlannelInput } from './flannel.js';
import { restartStep } from './restart-step.js';

/** flannel's objects as the cluster file wants them. */
export function flannelInput({ spec, images, versions }: Pick<RunContext, 'spec' | 'images' | 'versions'>): FlannelInput {
  const { podSubnet, cni } = spec.network;
  return {
    version: versions.flannel,
    podSubnet,
    backend: cni.backend,
    interface: cni.interface,
    interfaceCidr: cni.interfaceCidr,
    mtu: cni.mtu,
    image: images.flannel,
    cniPluginImage: images.flannelCniPlugin,
    api: nodeEndpoint(spec),
  };
}

interface DaemonSetFields {
  readonly spec?: {
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly env?: readonly { readonly name: string }[] }[] } };
  };
}

/** Whether flannel is there and asks the API by its service, as somebody else has brought it: it is not started anew to ask elsewhere. */
async function asksService(api: KubeApi | undefined): Promise<boolean> {
  const ref = { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: NAMESPACES.flannel, name: FLANNEL_DAEMON_SET };
  const live = (await api?.read(ref)) as DaemonSetFields | undefined;
  if (live === undefined) return false;
  const containers = live.spec?.template?.spec?.containers ?? [];
  return !containers.some(({ env = [] }) => env.some(({ name }) => name === API_VARIABLES.host));
}

/** flannel on the cluster, and on its nodes again when its configuration is another one. */
export function flannelSteps(context: Pick<RunContext, 'spec' | 'images' | 'versions' | 'kube'>): readonly AnyStep[] {
  if (context.spec.network.cni.type !== 'flannel') return [];
  const input = flannelInput(context);
  const { kube } = context;
  return [
    objectsStep({
      id: 'flannel/objects',
      title: 'Deploy flannel',
      kube,
      objects: async (api) => flannelObjects({ ...input, api: (await asksService(api)) ? undefined : input.api }),
    }),
    restartStep({
      id: 'flannel/restart',
      title: 'Restart flannel for a new configuration',
      kube,
      configMap: () => flannelConfigMap(input),
      podSelector: 'app=flannel',
    }),
  ];
}
