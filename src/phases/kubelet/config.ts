import { serviceAddress } from '../../config/index.js';
import type { Host } from '../../host/index.js';
import { renderKubeletConfig, renderKubeletFlags } from '../../render/index.js';
import { CRI_SOCKET } from '../container-runtime/index.js';
import { hostSpecOf, isControlPlane, type RunContext } from '../context.js';

type Spec = RunContext['spec'];

/** The node's own resolver file where systemd-resolved runs: its stub address would be the pod itself. */
const RESOLVED_CONF = '/run/systemd/resolve/resolv.conf';

/** Text of the kubelet's config.yaml; without a host: that of ConfigMap kubelet-config, which is for every node. */
export function kubeletConfigText(spec: Spec, host?: Host): string {
  return renderKubeletConfig({
    clusterDns: serviceAddress(spec, 10),
    dnsDomain: spec.network.dnsDomain,
    cgroupDriver: spec.containerRuntime.cgroupDriver,
    overrides: spec.kubelet.config,
    ...(host === undefined ? {} : resolverFields(host)),
  });
}

/** What the kubelet of a host has to know of its resolver. Source: kubeadm v1.25 componentconfigs/kubelet.go. */
export function resolverFields(host: Host): { readonly resolvConf?: string } {
  return host.facts.usesSystemdResolved ? { resolvConf: RESOLVED_CONF } : {};
}

/** Text of kubeadm-flags.env. */
export function kubeletFlagsText(spec: Spec, pauseImage: string, host: Host): string {
  const taints = isControlPlane(host) ? undefined : hostSpecOf(spec, host).taints;
  return renderKubeletFlags({
    criSocket: CRI_SOCKET,
    pauseImage,
    ...(host.facts.hostname === host.name ? {} : { hostnameOverride: host.name }),
    ...(taints === undefined || taints.length === 0 ? {} : { taints }),
    // Always said: on a host with several interfaces the kubelet would take the one of the default route.
    extraArgs: { 'node-ip': host.address, ...spec.kubelet.extraArgs },
  });
}
