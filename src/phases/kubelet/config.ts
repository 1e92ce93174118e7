import { serviceAddress, type HostSpec } from '../../config/index.js';
import type { Host } from '../../host/index.js';
import { renderKubeletConfig, renderKubeletFlags } from '../../render/index.js';
import { runtimeOf } from '../container-runtime/index.js';
import { localLbLabels } from '../endpoint/index.js';
import { hostSpecOf, isControlPlane, type RunContext } from '../context.js';

type Spec = RunContext['spec'];

/** The node's own resolver file where systemd-resolved runs: its stub address would be the pod itself. */
const RESOLVED_CONF = '/run/systemd/resolve/resolv.conf';

/** What the kubelet's files need to know of a machine; a Host is one. */
export interface KubeletMachine {
  /** Of the node. */
  readonly name: string;
  readonly address: string;
  readonly facts: Pick<Host['facts'], 'hostname' | 'usesSystemdResolved'>;
}

/** Text of the kubelet's config.yaml; without a machine: that of ConfigMap kubelet-config, which is for every node. */
export function kubeletConfigText(spec: Spec, machine?: Pick<KubeletMachine, 'facts'>): string {
  return renderKubeletConfig({
    clusterDns: serviceAddress(spec, 10),
    dnsDomain: spec.network.dnsDomain,
    cgroupDriver: spec.containerRuntime.cgroupDriver,
    overrides: spec.kubelet.config,
    ...(machine === undefined ? {} : resolverFields(machine)),
  });
}

/** What the kubelet of a machine has to know of its resolver. Source: kubeadm v1.25 componentconfigs/kubelet.go. */
export function resolverFields({ facts }: Pick<KubeletMachine, 'facts'>): { readonly resolvConf?: string } {
  return facts.usesSystemdResolved ? { resolvConf: RESOLVED_CONF } : {};
}

/** Text of kubeadm-flags.env. */
export function kubeletFlagsText(spec: Spec, pauseImage: string, host: Host): string {
  return machineFlagsText(
    spec,
    pauseImage,
    host,
    isControlPlane(host) ? {} : { ...workerRegistration(spec), taints: hostSpecOf(spec, host).taints },
  );
}

/** With what a node registers itself. */
export interface NodeRegistration {
  readonly taints?: HostSpec['taints'];
  readonly labels?: Readonly<Record<string, string>>;
}

/** What every worker of the cluster registers itself with. */
export function workerRegistration(spec: Spec): NodeRegistration {
  return { labels: localLbLabels(spec) };
}

/** The same of a machine that need not be in the cluster file. */
export function machineFlagsText(
  spec: Spec,
  pauseImage: string,
  { name, address, facts }: KubeletMachine,
  { taints, labels = {} }: NodeRegistration,
): string {
  const labelList = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return renderKubeletFlags({
    criSocket: runtimeOf(spec, { name }).criSocket,
    pauseImage,
    ...(facts.hostname === name ? {} : { hostnameOverride: name }),
    ...(taints === undefined || taints.length === 0 ? {} : { taints }),
    // Always said: on a host with several interfaces the kubelet would take the one of the default route.
    extraArgs: {
      'node-ip': address,
      ...(labelList.length === 0 ? {} : { 'node-labels': labelList.join(',') }),
      ...spec.kubelet.extraArgs,
    },
  });
}
