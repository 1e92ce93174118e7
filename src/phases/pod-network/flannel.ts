import type { FlannelBackend } from '../../config/index.js';
import { FLANNEL_UDP_PORT, FLANNEL_VXLAN_PORT, NAMESPACES } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';
import { configMap, mapObject, readManifest, withContainers } from '../manifest.js';
import { apiVariables, type ApiAddress } from './api-address.js';
import { flannelCniConfig } from './cni-config.js';
import { interfaceFlag } from './interface.js';

/** What flannel's objects are made from. */
export interface FlannelInput {
  /** With a leading v; v0.19.1 to v0.22.3. */
  readonly version: string;
  readonly podSubnet: string;
  readonly backend: FlannelBackend;
  /** Interface for traffic between nodes; absent: the one with the node's address. */
  readonly interface?: string | undefined;
  /** The same by a range its address is in. */
  readonly interfaceCidr?: string | undefined;
  /** MTU of pods' interfaces; absent: what flannel finds. */
  readonly mtu?: number | undefined;
  readonly image: string;
  readonly cniPluginImage: string;
  /** Where it asks the API; absent: the API's service. */
  readonly api?: ApiAddress | undefined;
}

/** ConfigMap with flannel's configuration. */
export const FLANNEL_CONFIG_MAP = 'kube-flannel-cfg';

/** The first release that asks for networking.k8s.io ClusterCIDRs. Source: kube-flannel.yml v0.21.0. */
const CLUSTER_CIDRS_SINCE_MINOR = 21;

function asksForClusterCidrs(version: string): boolean {
  const minor = /^v0\.(\d+)\./.exec(version)?.[1];
  return minor !== undefined && Number(minor) >= CLUSTER_CIDRS_SINCE_MINOR;
}

/** Said although they are the defaults on Linux: firewalls are opened for what is written here. */
const PORTS_OF: Readonly<Record<FlannelBackend, { readonly Port?: number }>> = {
  vxlan: { Port: FLANNEL_VXLAN_PORT },
  'host-gw': {},
  udp: { Port: FLANNEL_UDP_PORT },
};

function netConfig({ podSubnet, backend }: FlannelInput): string {
  const config = { Network: podSubnet, Backend: { Type: backend, ...PORTS_OF[backend] } };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** flannel's ConfigMap. Pure. */
export function flannelConfigMap(input: FlannelInput): KubeObject {
  return configMap(
    { name: FLANNEL_CONFIG_MAP, namespace: NAMESPACES.flannel, labels: { app: 'flannel', tier: 'node' } },
    { 'cni-conf.json': flannelCniConfig(input.mtu), 'net-conf.json': netConfig(input) },
  );
}

/** Everything flannel needs, for one of its releases. Pure but for reading the manifest. */
export function flannelObjects(input: FlannelInput): readonly KubeObject[] {
  const withWorkload = mapObject(readManifest('flannel'), 'DaemonSet', (daemonSet) =>
    withContainers(daemonSet, {
      'install-cni': { image: input.cniPluginImage },
      'kube-flannel': {
        image: input.image,
        extraArgs: [interfaceFlag(input)],
        extraEnv: apiVariables(input.api),
        // The device /dev/net/tun of the host.
        ...(input.backend === 'udp' ? { fields: { securityContext: { privileged: true } } } : {}),
      },
    }),
  );
  const rule = { apiGroups: ['networking.k8s.io'], resources: ['clustercidrs'], verbs: ['list', 'watch'] };
  const objects = asksForClusterCidrs(input.version)
    ? mapObject(withWorkload, 'ClusterRole', (role) => ({ ...role, rules: [...(role['rules'] as readonly unknown[]), rule] }))
    : withWorkload;
  return [...objects, flannelConfigMap(input)];
}
