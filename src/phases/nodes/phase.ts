import type { Phase } from '../../engine/index.js';
import { runtimeOf } from '../container-runtime/index.js';
import { hostSpecOf, isControlPlane, isNode, type RunContext } from '../context.js';
import { localLbLabels } from '../endpoint/index.js';
import { routeReflectorMarks } from '../pod-network/index.js';
import { runtimeClassLabels } from '../runtime-classes/index.js';
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
    const { spec } = context;
    const reflector = routeReflectorMarks(spec, host.name);
    const sandboxes = runtimeClassLabels(spec, runtimeOf(spec, host).type);
    const labels = { ...(isControlPlane(host) ? {} : localLbLabels(spec)), ...reflector.labels, ...sandboxes };
    const settings = nodeSettings(hostSpecOf(spec, host), runtimeOf(spec, host).criSocket, labels);
    return [nodeStep(context, { ...settings, annotations: { ...settings.annotations, ...reflector.annotations } })];
  },
};
