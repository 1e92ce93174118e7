import type { HostSpec } from '../../config/index.js';
import { NODE_KEYS } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';

/** A taint of a node. */
export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
  /** Written by the controller of NoExecute taints. */
  readonly timeAdded?: string | undefined;
}

/** What the cluster file says of a node. */
export interface NodeSettings {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

/** Taints of a node and the record of those kbs put there. */
export interface TaintChange {
  readonly taints: readonly Taint[];
  /** Value of {@link TAINTS_ANNOTATION}; null: none. */
  readonly record: string | null;
}

/**
 * Annotation with the taints kbs put on a node for the cluster file, so that it takes off its own and no others: the list of
 * taints is one field for the API, it does not remember who set which. Not for the control-plane taint, which the role decides.
 */
export const TAINTS_ANNOTATION = 'kbs.dev/taints';

const CONTROL_PLANE_TAINT: Taint = { key: NODE_KEYS.controlPlane, effect: 'NoSchedule' };

/**
 * Labels, annotations and taints of a host's node. Source of the control plane's: kubeadm v1.25 markcontrolplane.
 * @param labels what kbs itself wants to find at the node
 */
export function nodeSettings(
  host: Pick<HostSpec, 'name' | 'roles' | 'labels' | 'taints'>,
  criSocket: string,
  labels: Readonly<Record<string, string>> = {},
): NodeSettings {
  const isControlPlane = host.roles.includes('control-plane');
  const ownLabels = isControlPlane ? { [NODE_KEYS.controlPlane]: '', [NODE_KEYS.excludeFromLoadBalancers]: '' } : {};
  const defaultTaints = isControlPlane && !host.roles.includes('worker') ? [CONTROL_PLANE_TAINT] : [];
  return {
    name: host.name,
    labels: { ...host.labels, ...ownLabels, ...labels },
    annotations: { [NODE_KEYS.criSocket]: criSocket },
    taints: host.taints ?? defaultTaints,
  };
}

/** The part of a Node that kbs owns by server-side apply: what it once declared and no longer does goes away. */
export function nodeObject({ name, labels, annotations }: NodeSettings, podCidr: string | undefined): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels, annotations },
    ...(podCidr === undefined ? {} : { spec: { podCIDR: podCidr, podCIDRs: [podCidr] } }),
  };
}

function idOf({ key, effect }: Taint): string {
  return `${key}:${effect}`;
}

function isControlPlaneTaint(taint: Taint): boolean {
  return idOf(taint) === idOf(CONTROL_PLANE_TAINT);
}

function taintsOf(node: KubeObject): readonly Taint[] {
  return (node['spec'] as { taints?: readonly Taint[] } | undefined)?.taints ?? [];
}

function recordedIds(node: KubeObject): ReadonlySet<string> {
  return new Set((node.metadata.annotations?.[TAINTS_ANNOTATION] ?? '').split(',').filter((id) => id !== ''));
}

/** How the taints of a node have to change; undefined when they need not. Taints of others stay where they are. Pure. */
export function taintChange(node: KubeObject, { taints }: NodeSettings): TaintChange | undefined {
  const present = taintsOf(node);
  const recorded = recordedIds(node);
  const wantedIds = new Set(taints.map(idOf));
  const ofOthers = present.filter((taint) => !wantedIds.has(idOf(taint)) && !recorded.has(idOf(taint)) && !isControlPlaneTaint(taint));
  const asPresent = (wanted: Taint): Taint =>
    present.find((taint) => idOf(taint) === idOf(wanted) && (taint.value ?? '') === (wanted.value ?? '')) ?? wanted;
  const wanted = taints.map(asPresent);
  const ids = taints.filter((taint) => !isControlPlaneTaint(taint)).map(idOf);
  const record = ids.length === 0 ? null : ids.sort().join(',');
  const isSame = wanted.every((taint) => present.includes(taint)) && ofOthers.length + wanted.length === present.length;
  if (isSame && (node.metadata.annotations?.[TAINTS_ANNOTATION] ?? null) === record) return undefined;
  return { taints: [...ofOthers, ...wanted], record };
}

/** For plans: `key=value:NoSchedule`. */
export function describeTaint({ key, value, effect }: Taint): string {
  return `${key}${value === undefined || value === '' ? '' : `=${value}`}:${effect}`;
}
