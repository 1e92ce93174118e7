import { FLANNEL_VXLAN_PORT, NAMESPACES } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';
import { configMap, mapObject, readManifest, withContainers } from '../manifest.js';
import { flannelCniConfig } from './cni-config.js';

/** What flannel's objects are made from. */
export interface FlannelInput {
  /** With a leading v; v0.19.1 to v0.22.3. */
  readonly version: string;
  readonly podSubnet: string;
  readonly backend: 'vxlan';
  /** Interface for traffic between nodes; absent: the one with the node's address. */
  readonly interface?: string | undefined;
  readonly image: string;
  readonly cniPluginImage: string;
}

/** ConfigMap with flannel's configuration. */
const FLANNEL_CONFIG_MAP = 'kube-flannel-cfg';

/** The first release that asks for networking.k8s.io ClusterCIDRs. Source: kube-flannel.yml v0.21.0. */
const CLUSTER_CIDRS_SINCE_MINOR = 21;

function asksForClusterCidrs(version: string): boolean {
  const minor = /^v0\.(\d+)\./.exec(version)?.[1];
  return minor !== undefined && Number(minor) >= CLUSTER_CIDRS_SINCE_MINOR;
}

function netConfig({ podSubnet, backend }: FlannelInput): string {
  // Said although it is the default on Linux: firewalls are opened for what is written here.
  const config = { Network: podSubnet, Backend: { Type: backend, Port: FLANNEL_VXLAN_PORT } };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** flannel's ConfigMap. Pure. */
export function flannelConfigMap(input: FlannelInput): KubeObject {
  return configMap(
    { name: FLANNEL_CONFIG_MAP, namespace: NAMESPACES.flannel, labels: { app: 'flannel', tier: 'node' } },
    { 'cni-conf.json': flannelCniConfig(), 'net-conf.json': netConfig(input) },
  );
}

/** Everything flannel needs, for one of its releases. Pure but for reading the manifest. */
export function flannelObjects(input: FlannelInput): readonly KubeObject[] {
  const withWorkload = mapObject(readManifest('flannel'), 'DaemonSet', (daemonSet) =>
    withContainers(daemonSet, {
      'install-cni-plugin': { image: input.cniPluginImage },
      'install-cni': { image: input.image },
      'kube-flannel': { image: input.image, extraArgs: [`--iface=${input.interface ?? '$(HOST_IP)'}`] },
    }),
  );
  const rule = { apiGroups: ['networking.k8s.io'], resources: ['clustercidrs'], verbs: ['list', 'watch'] };
  const objects = asksForClusterCidrs(input.version)
    ? mapObject(withWorkload, 'ClusterRole', (role) => ({ ...role, rules: [...(role['rules'] as readonly unknown[]), rule] }))
    : withWorkload;
  return [...objects, flannelConfigMap(input)];
}
