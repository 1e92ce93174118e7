import type { Phase } from '../../engine/index.js';
import { runtimeOf } from '../container-runtime/index.js';
import { hostSpecOf, isControlPlane, isNode, type RunContext } from '../context.js';
import { localLbLabels } from '../endpoint/index.js';
import { nodeSettings } from './node-settings.js';
import { nodeStep } from './node-step.js';

/** Node objects of the operation's hosts, as soon as the API serves and the kubelet is configured. */
export const nodesPhase: Phase<Pick<RunContext, 'spec' | 'kube'>> = {
  name: 'nodes',
  title: 'Register the nodes',
  summary: 'gives every node its labels, annotations, taints and, in a new cluster, its pod CIDR',
  on: isNode,
  after: ['kubelet'],
  waitsFor: ['api-server'],
  steps(context, host) {
    const labels = isControlPlane(host) ? {} : localLbLabels(context.spec);
    return [nodeStep(context, nodeSettings(hostSpecOf(context.spec, host), runtimeOf(context.spec, host).criSocket, labels))];
  },
};
