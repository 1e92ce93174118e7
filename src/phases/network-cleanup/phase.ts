import { isNode, type RunContext } from '../context.js';
import type { Phase } from '../../engine/index.js';
import { networkCleanupStep } from './step.js';

/** After the pod network and kube-proxy are as the cluster file wants them. */
export const networkCleanupPhase: Phase<Pick<RunContext, 'spec' | 'kube'>> = {
  name: 'network-cleanup',
  title: 'Take away a former pod network',
  summary: 'removes links, routes, rules and files of another pod network or mode, and restarts the pods that were on it',
  on: isNode,
  after: ['service-proxy'],
  waitsFor: ['pod-network'],
  // A network of the user's own may have the same names.
  steps: ({ spec, kube }) =>
    ['flannel', 'calico', 'kube-router'].includes(spec.network.cni.type) ? [networkCleanupStep({ spec, kube })] : [],
};
