import { controlPlanes } from '../../config/index.js';
import { NAMESPACES } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';
import { renderKubeProxyConfig, renderKubeProxyKubeconfig } from '../../render/index.js';
import { nodeEndpoint, urlOf } from '../access.js';
import { isNode, type RunContext } from '../context.js';
import { waitForEndpoint } from '../endpoint/index.js';
import { objectsStep } from '../objects-step.js';
import { removeObjectsStep } from '../remove-objects-step.js';
import { usesKubeRouter } from '../../versions/index.js';
import { skipWithoutControlPlane } from '../skip-without-control-plane.js';
import { calicoDefinitions } from './calico-crds.js';
import { calicoInput, calicoSteps } from './calico-input.js';
import { calicoObjects } from './calico.js';
import { appliedCustomObjects, customNetworkSteps, unlessAmong } from './custom.js';
import { flannelObjects } from './flannel.js';
import { flannelInput, flannelSteps } from './flannel-steps.js';
import { kubeProxyConfigMap, kubeProxyObjects, type KubeProxyInput } from './kube-proxy.js';
import { formerNetworkObjects } from './former.js';
import { kubeRouterObjects, type KubeRouterInput } from './kube-router.js';
import { restartStep } from './restart-step.js';

type Slice = Pick<RunContext, 'spec' | 'images' | 'versions' | 'kube' | 'hosts' | 'node' | 'customNetwork'>;

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

/** kube-router's objects as the cluster file wants them. */
export function kubeRouterInput({ spec, images }: Pick<RunContext, 'spec' | 'images'>): KubeRouterInput {
  const { serviceSubnet, cni, networkPolicy } = spec.network;
  return {
    image: images.kubeRouter,
    serviceSubnet,
    routes: cni.type === 'kube-router',
    enforcesPolicies: networkPolicy.engine === 'kube-router',
    api: nodeEndpoint(spec),
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

function kubeRouterSteps(context: Slice): readonly AnyStep[] {
  if (!usesKubeRouter(context.spec)) return [];
  const input = kubeRouterInput(context);
  return [
    objectsStep({ id: 'kube-router/objects', title: 'Deploy kube-router', kube: context.kube, objects: () => kubeRouterObjects(input) }),
  ];
}

/** What kbs makes itself as pod network and policy engine. */
function ownObjects(context: Slice): readonly KubeObject[] {
  const flannel = context.spec.network.cni.type === 'flannel' ? flannelObjects(flannelInput(context)) : [];
  const calico = context.spec.network.cni.type === 'calico' ? [...calicoDefinitions(), ...calicoObjects(calicoInput(context))] : [];
  return [...flannel, ...calico, ...(usesKubeRouter(context.spec) ? kubeRouterObjects(kubeRouterInput(context)) : [])];
}

/** Before the new network comes: two of them would fight over routes and rules. */
function formerStep({ spec, kube }: Slice, wanted: readonly KubeObject[]): AnyStep {
  // What is none of kbs's business stays as it is.
  const isForeign = spec.network.cni.type === 'none';
  return removeObjectsStep({
    id: 'pod-network/remove-former',
    title: 'Take away a former pod network or policy engine',
    kube,
    objects: async (api) => unlessAmong([...formerNetworkObjects(spec), ...(isForeign ? [] : await appliedCustomObjects(api))], wanted),
    onlyOwn: true,
  });
}

/** kube-proxy and the pod network, when the API serves and every host has their images: a kubelet that finds none backs off for ten seconds. */
export const podNetworkPhase: Phase<Slice> = {
  name: 'pod-network',
  title: 'Deploy kube-proxy and the pod network',
  summary: 'applies the objects of kube-proxy, the pod network and the policy engine, and removes those of a former one',
  on: 'cluster',
  after: [],
  waitsFor: ['api-server', 'images'],
  skip: skipWithoutControlPlane,
  async steps(context) {
    const custom = await context.customNetwork();
    return [
      ...kubeProxySteps(context),
      formerStep(context, [...custom, ...ownObjects(context)]),
      ...flannelSteps(context),
      ...calicoSteps(context),
      ...kubeRouterSteps(context),
      ...customNetworkSteps(context.kube, custom),
    ];
  },
};
