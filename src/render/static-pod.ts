import type { NODE_KEYS } from '../constants/index.js';
import { renderTemplate } from './template.js';
import type { ExtraVolume } from './types.js';

/** Flags without dashes → values. */
export type Flags = Readonly<Record<string, string>>;

/** A health check over HTTP; the kubelet runs it from the host. */
export interface HttpProbe {
  /** An address all interfaces listen on (`0.0.0.0`, `::`): the pod's address is asked. */
  readonly host: string;
  readonly port: number;
  readonly scheme: 'HTTP' | 'HTTPS';
}

/** A host path and where it is mounted. */
export interface Volume {
  readonly name: string;
  readonly hostPath: string;
  readonly pathType: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
}

/** What makes the static pod of one component. */
export interface StaticPod {
  readonly name: 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';
  readonly annotation?: { readonly key: (typeof NODE_KEYS)['apiServerAdvertise' | 'etcdAdvertise']; readonly value: string };
  readonly image: string;
  readonly flags: Flags;
  readonly probe: HttpProbe;
  /** Request paths. */
  readonly liveness: string;
  readonly readiness?: string;
  readonly startup: string;
  readonly requests: { readonly cpu: string; readonly memory?: string };
  readonly volumes: readonly Volume[];
  /** Names in the order of their mounts; default: sorted. */
  readonly mountOrder?: readonly string[];
}

/** Longest time for a component to answer: kubeadm's timeoutForControlPlane of 4 minutes, in periods of the probe. */
const STARTUP_FAILURES = 24;
const SLOW = { initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 15 };
const LIVENESS = { ...SLOW, failureThreshold: 8 };
const STARTUP = { ...SLOW, failureThreshold: STARTUP_FAILURES };
const READINESS = { initialDelaySeconds: 0, periodSeconds: 1, timeoutSeconds: 15, failureThreshold: 3 };

/**
 * The manifest of a static pod, in kubeadm's layout: flags sorted, volumes and mounts sorted by name.
 * @throws KbsError INTERNAL when the result is no YAML
 */
export function renderStaticPod(pod: StaticPod): string {
  const { host, ...server } = pod.probe;
  const target = { ...server, host: ['0.0.0.0', '::'].includes(host) ? '' : host };
  const volumes = [...pod.volumes].sort((one, other) => (one.name < other.name ? -1 : 1));
  return renderTemplate('static-pod.yaml', {
    name: pod.name,
    annotation: pod.annotation,
    image: pod.image,
    flags: flagList(pod.flags),
    livenessProbe: { ...LIVENESS, ...target, path: pod.liveness },
    readinessProbe: pod.readiness === undefined ? undefined : { ...READINESS, ...target, path: pod.readiness },
    startupProbe: { ...STARTUP, ...target, path: pod.startup },
    requests: { memory: undefined, ...pod.requests },
    volumes,
    mounts: mountsOf(volumes, pod.mountOrder),
  });
}

/** `--name=value`, sorted by name. */
export function flagList(flags: Flags): readonly string[] {
  return Object.keys(flags)
    .sort()
    .map((name) => `--${name}=${flags[name] ?? ''}`);
}

/** A folder mounted at its own path. */
export function folder(name: string, path: string, readOnly = true): Volume {
  return { name, hostPath: path, mountPath: path, pathType: 'DirectoryOrCreate', readOnly };
}

/** A file mounted read-only at its own path. */
export function file(name: string, path: string): Volume {
  return { name, hostPath: path, mountPath: path, pathType: 'FileOrCreate', readOnly: true };
}

/** The defaults with the user's volumes; one of the same name replaces the default. */
export function withExtraVolumes(defaults: readonly Volume[], extra: readonly ExtraVolume[]): readonly Volume[] {
  const byName = new Map(defaults.map((volume) => [volume.name, volume]));
  for (const volume of extra) byName.set(volume.name, { ...volume, pathType: volume.pathType ?? '' });
  return [...byName.values()];
}

function mountsOf(volumes: readonly Volume[], order: readonly string[] | undefined): readonly Volume[] {
  if (order === undefined) return volumes;
  return [...volumes].sort((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
}
