import type { Phase } from '../../engine/index.js';
import type { EtcdAccess } from '../../etcd/index.js';
import type { KubeApi } from '../../kube/index.js';
import { nodeObjectStep, RESET_PHASES, type ResetContext } from '../reset/index.js';
import { cordonStep } from './cordon-step.js';
import { drainStep, etcdLeaveStep } from './steps.js';

/** A node that is emptied, or opened again. */
export interface DrainContext {
  /** The API through control planes that stay. */
  readonly cluster: KubeApi;
  readonly node: string;
  readonly drainTimeoutMs: number;
  /** Pods without a controller and pods their budget holds go too, and an even number of etcd members may be left. */
  readonly force: boolean;
}

/** A member of etcd that leaves. */
export interface LeaveEtcdContext extends ResetContext {
  /** Its node, or its host where that is none. */
  readonly node: string;
  /** An even number of members may be left. */
  readonly force: boolean;
  /** etcd through members that stay; undefined when the node is no member. */
  readonly etcd: EtcdAccess | undefined;
  /** Where etcd's peers reach the node; undefined when its address is not known. */
  readonly peerUrl: string | undefined;
  /** Another host takes its place right away. */
  readonly isReplaced: boolean;
}

/** A node that leaves the cluster for good. */
export interface LeaveContext extends DrainContext, LeaveEtcdContext {
  readonly force: boolean;
  readonly node: string;
  /** The host is gone: nothing is asked of it, and its pods are given up. */
  readonly isDead: boolean;
}

/** New pods stay away from the node. */
export const cordonPhase: Phase<DrainContext> = {
  name: 'cordon',
  title: 'Cordon the node',
  summary: 'lets no new pods come to the node',
  on: 'cluster',
  steps: ({ cluster, node }) => [cordonStep(cluster, node, 'cordoned')],
};

/** New pods may come to the node again. */
export const uncordonPhase: Phase<DrainContext> = {
  name: 'uncordon',
  title: 'Uncordon the node',
  summary: 'lets pods come to the node again',
  on: 'cluster',
  steps: ({ cluster, node }) => [cordonStep(cluster, node, 'open')],
};

/** The node's pods go elsewhere. */
export const drainPhase: Phase<DrainContext & Partial<Pick<LeaveContext, 'isDead'>>> = {
  name: 'drain',
  title: 'Drain the node',
  summary: 'evicts the pods of the node, as far as their PodDisruptionBudgets allow, and waits until they are gone',
  on: 'cluster',
  after: ['cordon'],
  // Nobody there would end them: with the Node object its pods are given up, and made again elsewhere.
  skip: ({ isDead = false }) => (isDead ? 'the host is gone, and its pods with it' : undefined),
  steps: ({ cluster, node, drainTimeoutMs, force }) => [drainStep(cluster, { node, timeoutMs: drainTimeoutMs, force })],
};

const leaveEtcdPhase: Phase<LeaveEtcdContext> = {
  name: 'leave-etcd',
  title: 'Take the member out of etcd',
  summary: 'takes the node’s member out of etcd, unless the others would be left without a quorum',
  on: 'cluster',
  after: ['drain'],
  steps: ({ etcd, node, peerUrl, force, isReplaced }) =>
    etcd === undefined ? [] : [etcdLeaveStep(etcd, { name: node, peerUrl, mayBeEven: force || isReplaced })],
};

/** When its kubelet is stopped, or it would register again. */
const leaveClusterPhase: Phase<LeaveContext> = {
  name: 'leave-cluster',
  title: 'Take the node out of the cluster',
  summary: 'deletes the Node object',
  on: 'cluster',
  after: ['leave-etcd'],
  waitsFor: ['stop-node'],
  steps: ({ cluster, node }) => [nodeObjectStep(cluster, node)],
};

const [stopNodePhase, ...cleaningPhases] = RESET_PHASES;

/** Out of the cluster and, where the host is there, back to what it was before kbs. */
export const LEAVE_PHASES: readonly Phase<LeaveContext>[] = [
  cordonPhase,
  drainPhase,
  leaveEtcdPhase,
  ...(stopNodePhase === undefined ? [] : [{ ...stopNodePhase, waitsFor: ['leave-etcd'] }]),
  leaveClusterPhase,
  ...cleaningPhases,
];

/** A host of etcd is no node: its member goes, then its host is put back. */
export const LEAVE_ETCD_HOST_PHASES: readonly Phase<LeaveEtcdContext>[] = [
  { ...leaveEtcdPhase, after: [] },
  ...(stopNodePhase === undefined ? [] : [{ ...stopNodePhase, waitsFor: ['leave-etcd'] }]),
  ...cleaningPhases,
];
