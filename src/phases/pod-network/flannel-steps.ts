import type { AnyStep } from '../../engine/index.js';
import { nodeEndpoint } from '../access.js';
import type { RunContext } from '../context.js';
import { objectsStep } from '../objects-step.js';
import { flannelConfigMap, flannelObjects, type FlannelInput } from './flannel.js';
import { isForeignFlannel } from './live-flannel.js';
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
      objects: async (api) => ((await isForeignFlannel(api, input)) ? [] : flannelObjects(input)),
    }),
    restartStep({
      id: 'flannel/restart',
      title: 'Restart flannel for a new configuration',
      kube,
      configMap: () => flannelConfigMap(input),
      podSelector: 'app=flannel',
      unless: (api) => isForeignFlannel(api, input),
    }),
  ];
}
