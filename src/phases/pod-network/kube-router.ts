import { NAMESPACES } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';
import { configMap, mapObject, readManifest, withContainers, withPodSpec } from '../manifest.js';
import { apiVariables, type ApiAddress } from './api-address.js';
import { kubeRouterCniConfig } from './cni-config.js';

/** What kube-router's objects are made from. */
export interface KubeRouterInput {
  readonly image: string;
  readonly serviceSubnet: string;
  /** It is the pod network. */
  readonly routes: boolean;
  /** It enforces NetworkPolicy. */
  readonly enforcesPolicies: boolean;
  /** Where it asks the API. */
  readonly api: ApiAddress;
}

const CONFIG_MAP = 'kube-router-cfg';
const CONFIG_DIR = '/etc/kube-router';

function flags({ serviceSubnet, routes, enforcesPolicies }: KubeRouterInput): readonly string[] {
  return [
    `--run-router=${routes}`,
    `--run-firewall=${enforcesPolicies}`,
    `--enable-cni=${routes}`,
    // Policies let packets to services pass to the pods behind them: those are looked at.
    `--service-cluster-ip-range=${serviceSubnet}`,
    // Routes stay while it is started anew.
    ...(routes ? ['--enable-overlay=false', '--bgp-graceful-restart=true'] : []),
  ];
}

/** The init container that brings the CNI configuration to a node, every time kube-router starts there. */
function withCniConfig(daemonSet: KubeObject, image: string): KubeObject {
  return withPodSpec(daemonSet, (spec) => ({
    ...spec,
    initContainers: [
      {
        name: 'install-cni',
        image,
        command: ['cp'],
        args: ['-f', `${CONFIG_DIR}/cni-conf.json`, '/etc/cni/net.d/10-kuberouter.conflist'],
        volumeMounts: [
          { name: 'cni', mountPath: '/etc/cni/net.d' },
          { name: 'kube-router-cfg', mountPath: CONFIG_DIR },
        ],
      },
    ],
    volumes: [...spec.volumes, { name: 'kube-router-cfg', configMap: { name: CONFIG_MAP } }],
  }));
}

/** Everything kube-router needs. Pure but for reading the manifest. */
export function kubeRouterObjects(input: KubeRouterInput): readonly KubeObject[] {
  const { image, routes } = input;
  const objects = mapObject(readManifest('kube-router'), 'DaemonSet', (daemonSet) => {
    const filled = withContainers(daemonSet, { 'kube-router': { image, extraArgs: flags(input), extraEnv: apiVariables(input.api) } });
    return routes ? withCniConfig(filled, image) : filled;
  });
  if (!routes) return objects;
  const labels = { 'k8s-app': 'kube-router', tier: 'node' };
  return [...objects, configMap({ name: CONFIG_MAP, namespace: NAMESPACES.system, labels }, { 'cni-conf.json': kubeRouterCniConfig() })];
}
