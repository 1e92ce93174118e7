import type { Phase } from '../../engine/index.js';
import { containerRuntimePhase } from '../container-runtime/index.js';
import { apiServerPhase, controlPlaneKubeletPhase, etcdPhase } from '../control-plane/index.js';
import { controlPlaneImagesPhase, imagesPhase, proofImagesPhase } from '../images/index.js';
import { kubeletPhase } from '../kubelet/index.js';
import { nodesPhase } from '../nodes/index.js';
import { nodeProofStep } from '../proof/index.js';
import { workersPhase } from '../workers/index.js';
import type { RuntimeChangeContext } from './change.js';
import { leaveSteps } from './leave-steps.js';
import { beginStep, endStep, stageStep } from './mark-steps.js';
import { cordonedStep, drainedStep, openedStep, quorumStep, worksStep } from './node-steps.js';

const beginPhase: Phase<RuntimeChangeContext> = {
  name: 'begin-change',
  title: 'Begin to change the container runtime',
  summary: 'notes on the host what is going to happen, and that the node is to be opened again at the end',
  on: 'all',
  steps: (context) => [beginStep(context)],
};

const emptyPhase: Phase<RuntimeChangeContext> = {
  name: 'empty-node',
  title: 'Move the pods elsewhere',
  summary: 'cordons the node and evicts its pods, as far as their PodDisruptionBudgets allow',
  on: 'cluster',
  waitsFor: ['begin-change'],
  steps: (context) => [cordonedStep(context), drainedStep(context)],
};

const leavePhase: Phase<RuntimeChangeContext> = {
  name: 'leave-runtime',
  title: 'Remove the former container runtime',
  summary:
    'stops the kubelet and takes the former runtime off the host: pods, containers, images, packages, files; what is the cluster’s stays',
  on: 'all',
  waitsFor: ['empty-node'],
  skip: ({ change }) => (change.stage === 'install' ? 'the former runtime is gone already' : undefined),
  async steps(context, host) {
    const { from } = context.change;
    const leaving = (await Promise.all(from.map((runtime) => leaveSteps(host, runtime)))).flat();
    return [...quorumStep(context), stageStep(context, 'leave'), ...leaving, stageStep(context, 'install')];
  },
};

const worksPhase: Phase<RuntimeChangeContext> = {
  name: 'node-works',
  title: 'Wait for the node',
  summary: 'waits until the node is Ready and its static pods and DaemonSets run in the new runtime',
  on: 'all',
  after: ['nodes', 'api-server', 'etcd', 'control-plane-kubelet', 'workers'],
  leftOutOfPlans: 'it waits for what only a change brings about',
  steps: (context) => [worksStep(context)],
};

const proofPhase: Phase<RuntimeChangeContext> = {
  name: 'node-proof',
  title: 'Prove the node',
  summary: 'pods of the node reach pods and services everywhere, and are reached',
  on: 'cluster',
  waitsFor: ['node-works'],
  leftOutOfPlans: 'a proof is no change',
  skip: ({ spec }) => (spec.network.cni.type === 'none' ? 'the pod network is not kbs’s (spec.network.cni.type: none)' : undefined),
  steps: (context) => [nodeProofStep(context)],
};

const uncordonPhase: Phase<RuntimeChangeContext> = {
  name: 'open-node',
  title: 'Uncordon the node',
  summary: 'lets pods come to the node again, unless it was cordoned before',
  on: 'cluster',
  waitsFor: ['node-works'],
  after: ['node-proof'],
  steps: (context) => [openedStep(context)],
};

const endPhase: Phase<RuntimeChangeContext> = {
  name: 'end-change',
  title: 'End the change',
  summary: 'notes that the change is done',
  on: 'all',
  waitsFor: ['open-node'],
  steps: () => [endStep()],
};

/** Another container runtime for one node. Read from top to bottom: drain, switch, proof; what it says of a host goes for this one only. */
export const RUNTIME_CHANGE_PHASES: readonly Phase<RuntimeChangeContext>[] = [
  beginPhase,
  emptyPhase,
  leavePhase,
  { ...containerRuntimePhase, after: ['leave-runtime'], waitsFor: ['empty-node'] },
  controlPlaneImagesPhase,
  { ...imagesPhase, waitsFor: [] },
  proofImagesPhase,
  { ...kubeletPhase, after: ['proof-images'] },
  { ...controlPlaneKubeletPhase, after: ['kubelet'] },
  { ...etcdPhase, after: ['control-plane-kubelet'] },
  { ...apiServerPhase, after: ['control-plane-kubelet'] },
  { ...workersPhase, after: ['kubelet'], waitsFor: [] },
  nodesPhase,
  worksPhase,
  proofPhase,
  uncordonPhase,
  endPhase,
];
