import type { Phase } from '../../engine/index.js';
import type { RunContext } from '../context.js';
import { isControlPlane, isNode } from '../context.js';
import { beforeMoveStep, localLbSteps } from '../endpoint/index.js';
import { kubeletServiceStep } from '../kubelet/index.js';

/**
 * Starts the kubelets of the workers when an API server answers: a kubelet that cannot register at once waits up to seven seconds
 * between two tries.
 */
export const workersPhase: Phase<Pick<RunContext, 'spec' | 'images' | 'node' | 'registryCredentials'>> = {
  name: 'workers',
  title: 'Start the workers',
  summary: 'starts the kubelet on every host that is no control plane, with a load balancer of its own where the file asks for it',
  on: (host) => isNode(host) && !isControlPlane(host),
  after: ['kubelet', 'binaries', 'images'],
  waitsFor: ['api-server'],
  async steps(context, host) {
    const { access } = await context.node.entry();
    return [...localLbSteps(context, host), beforeMoveStep(context.spec, access.caCertificate), await kubeletServiceStep(context, host)];
  },
};
