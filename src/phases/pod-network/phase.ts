import { controlPlanes } from '../../config/index.js';
import { NAMESPACES } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import type { KubeApi } from '../../kube/index.js';
import { renderKubeProxyConfig, renderKubeProxyKubeconfig } from '../../render/index.js';
import { nodeEndpoint, urlOf } from '../access.js';
import { isNode, type RunContext } from '../context.js';
import { waitForEndpoint } from '../endpoint/index.js';
import { objectsStep } from '../objects-step.js';
import { skipWithoutControlPlane } from '../skip-without-control-plane.js';
import { calicoSteps } from './calico-input.js';
import { flannelConfigMap, flannelObjects, type FlannelInput } from './flannel.js';
import { kubeProxyConfigMap, kubeProxyObjects, type KubeProxyInput } from './kube-proxy.js';
import { restartStep } from './restart-step.js';

type Slice = Pick<RunContext, 'spec' | 'images' | 'versions' | 'kube' | 'hosts' | 'node'>;

/** kube-proxy's objects as the cluster file wants them. */
export function kubeProxyInput({ spec, images }: Pick<RunContext, 'spec' | 'images'>): KubeProxyInput {
  const { host, port } = nodeEndpoint(spec);
  const { mode, ipvs, config: overrides } = spec.network.kubeProxy;
  return {
    image: images.kubeProxy,
    // Mode iptables is what an empty mode means: left empty, as kubeadm has it.
    config: renderKubeProxyConfig({
      podSubnet: spec.network.podSubnet,
      advertiseAddress: controlPlanes(spec)[0]?.address ?? host,
      ipvs: mode === 'ipvs' ? ipvs : undefined,
      overrides,
    }),
    kubeconfig: renderKubeProxyKubeconfig({ server: urlOf(host, port) }),
    isUserSupplied: mode !== 'iptables' || Object.keys(overrides).length > 0,
  };
}

/** flannel's objects as the cluster file wants them. */
export function flannelInput({ spec, images, versions }: Pick<RunContext, 'spec' | 'images' | 'versions'>): FlannelInput {
  const { podSubnet, cni } = spec.network;
  return {
    version: versions.flannel,
    podSubnet,
    backend: cni.backend,
    interface: cni.interface,
    image: images.flannel,
    cniPluginImage: images.flannelCniPlugin,
  };
}

/** kube-proxy that runs is sent to another endpoint only when every host reaches that one. */
async function endpointBeforeMove(api: KubeApi, { spec, hosts, node }: Slice, signal: AbortSignal): Promise<void> {
  const live = await api.read({ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: NAMESPACES.system, name: 'kube-proxy' });
  if (live !== undefined) await waitForEndpoint(hosts.filter(isNode), spec, (await node.entry()).access.caCertificate, signal);
}

function kubeProxySteps(context: Slice): readonly AnyStep[] {
  const input = kubeProxyInput(context);
  const { kube } = context;
  return [
    objectsStep({
      id: 'kube-proxy/objects',
      title: 'Deploy kube-proxy',
      kube,
      objects: () => kubeProxyObjects(input),
      timeoutMs: 240_000,
      before: (api, { signal }) => endpointBeforeMove(api, context, signal),
    }),
    restartStep({
      id: 'kube-proxy/restart',
      title: 'Restart kube-proxy for a new configuration',
      kube,
      configMap: () => kubeProxyConfigMap(input),
      podSelector: 'k8s-app=kube-proxy',
    }),
  ];
}

function flannelSteps(context: Slice): readonly AnyStep[] {
  if (context.spec.network.cni.type !== 'flannel') return [];
  const input = flannelInput(context);
  const { kube } = context;
  return [
    objectsStep({ id: 'flannel/objects', title: 'Deploy flannel', kube, objects: () => flannelObjects(input) }),
    restartStep({
      id: 'flannel/restart',
      title: 'Restart flannel for a new configuration',
      kube,
      configMap: () => flannelConfigMap(input),
      podSelector: 'app=flannel',
    }),
  ];
}

/** kube-proxy and the pod network, when the API serves and every host has their images: a kubelet that finds none backs off for ten seconds. */
export const podNetworkPhase: Phase<Slice> = {
  name: 'pod-network',
  title: 'Deploy kube-proxy and the pod network',
  summary: 'applies the objects of kube-proxy and of flannel or Calico',
  on: 'cluster',
  after: [],
  waitsFor: ['api-server', 'images'],
  skip: skipWithoutControlPlane,
  steps: (context) => [...kubeProxySteps(context), ...flannelSteps(context), ...calicoSteps(context)],
};
