import type { Phase } from '../../engine/index.js';
import { isNode, type RunContext } from '../context.js';
import { serviceProxyModeStep } from './mode-step.js';

/** After kube-proxy has its configuration: on every node, because each falls back on its own. */
export const serviceProxyPhase: Phase<Pick<RunContext, 'spec'>> = {
  name: 'service-proxy',
  title: 'See that services are done as the file says',
  summary: 'waits for IPVS where the cluster file asks for it, and removes what kube-proxy left of its other mode',
  on: isNode,
  after: ['endpoint-reach'],
  waitsFor: ['pod-network'],
  steps: ({ spec }) => [serviceProxyModeStep(spec.network.kubeProxy.mode)],
};
