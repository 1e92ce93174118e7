import { endpointProvider } from '../../config/index.js';
import { PATHS } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { removeFilesStep } from '../../steps/index.js';
import { isControlPlane, isNode, type RunContext } from '../context.js';
import { removeKeepalivedStep } from './keepalived-removal.js';
import { keepalivedSteps } from './keepalived.js';
import { KUBE_VIP_MANIFEST, kubeVipSteps } from './kube-vip.js';
import { hasLocalLb, LOCAL_LB_MANIFEST, localLbSteps } from './local-lb.js';
import { reachStep } from './reach.js';
import { staleAddressStep, virtualAddressOf } from './virtual-address.js';

/** What makes the endpoint answer, on the control planes, while they come up. */
export const endpointPhase: Phase<Pick<RunContext, 'spec' | 'images' | 'vrrp'>> = {
  name: 'endpoint',
  title: 'Make the control-plane endpoint',
  summary: 'sets up kube-vip, or keepalived and haproxy, on every control plane where the cluster file asks for it',
  on: 'control-plane',
  // haproxy wants the CA; the runtime's packages must be through, because apt does one thing at a time.
  after: ['certificates', 'control-plane-images'],
  async steps(context, host) {
    const provider = endpointProvider(context.spec);
    if (provider === 'keepalived') return keepalivedSteps(context, host);
    return provider === 'kube-vip' ? kubeVipSteps(context, host) : [];
  },
};

/** What a node's load balancer spreads over, on nodes that stay when control planes come or go. */
export const loadBalancersPhase: Phase<Pick<RunContext, 'spec' | 'images' | 'vrrp'>> = {
  name: 'load-balancers',
  title: 'Tell the load balancers which control planes there are',
  summary:
    'configures local-lb on every worker, or keepalived and haproxy on every control plane, for the control planes of the cluster file',
  on: isNode,
  after: [],
  steps: (context, host) =>
    isControlPlane(host) && endpointProvider(context.spec) === 'keepalived' ? keepalivedSteps(context, host) : localLbSteps(context, host),
};

/** Every host of the operation reaches the API where its kubelet and kube-proxy look for it. */
export const endpointReachPhase: Phase<Pick<RunContext, 'spec' | 'node'>> = {
  name: 'endpoint-reach',
  title: 'Reach the control-plane endpoint',
  summary: 'waits until the API answers every host through the control-plane endpoint',
  on: isNode,
  after: ['workers', 'control-plane-kubelet', 'endpoint'],
  waitsFor: ['api-server'],
  leftOutOfPlans: 'what is waited for comes with the changes',
  steps: async ({ spec, node }) => [reachStep(spec, (await node.entry()).access.caCertificate)],
};

function cleanupSteps(spec: RunContext['spec'], host: Host): readonly AnyStep[] {
  const provider = endpointProvider(spec);
  const pods = [
    ...(hasLocalLb(spec, host) ? [] : [LOCAL_LB_MANIFEST, PATHS.localLbConfig]),
    ...(provider === 'kube-vip' && isControlPlane(host) ? [] : [KUBE_VIP_MANIFEST]),
  ];
  const current = isControlPlane(host) ? virtualAddressOf(spec) : undefined;
  return [
    removeFilesStep({ id: 'endpoint/remove-pods', title: 'Take away static pods of another endpoint', paths: pods }),
    ...(provider === 'keepalived' && isControlPlane(host) ? [] : [removeKeepalivedStep()]),
    staleAddressStep('endpoint/stale-address', current),
  ];
}

/** What made the endpoint before, once nobody is sent there any more. */
export const endpointCleanupPhase: Phase<Pick<RunContext, 'spec'>> = {
  name: 'endpoint-cleanup',
  title: 'Take away the former control-plane endpoint',
  summary: 'removes pods, packages, files and addresses of a provider that the cluster file no longer names',
  on: isNode,
  after: ['endpoint-reach'],
  waitsFor: ['endpoint-reach', 'pod-network'],
  steps: ({ spec }, host) => cleanupSteps(spec, host),
};
