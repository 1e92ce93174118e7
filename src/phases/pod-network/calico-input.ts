import { nodeHosts, type ClusterSpec } from '../../config/index.js';
import { CALICO_ROUTE_REFLECTOR } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { nodeEndpoint } from '../access.js';
import type { RunContext } from '../context.js';
import { objectsStep } from '../objects-step.js';
import { removeObjectsStep } from '../remove-objects-step.js';
import { calicoDefinitions } from './calico-crds.js';
import {
  calicoConfigMap,
  calicoObjects,
  calicoResources,
  formerCalicoResources,
  speaksBgp,
  typhaReplicasFor,
  type CalicoInput,
} from './calico.js';
import { waitForDefinitions } from './definitions-wait.js';
import { restartStep } from './restart-step.js';

/** A name as a regular expression that nothing else matches: Calico takes one. */
function exactly(name: string): string {
  return `^${name.replaceAll(/[.+*?^$()[\]{}|\\]/g, '\\$&')}$`;
}

/**
 * Interfaces of hosts by name: Calico's own list, and what joins or bridges these. Calico takes the smallest MTU of all of them.
 * Source: Felix v3.25 config, MTUIfacePattern.
 */
const HOST_INTERFACES = '^((en|wl|ww|sl|ib)[copsx].*|(eth|wlan|wwan|bond|team|vlan).*|br[0-9]+)$';

/** How a node finds its own address. Source: calico-node v3.25, autodetection. */
function autodetectionOf({ interface: name, interfaceCidr }: ClusterSpec['network']['cni']): string {
  if (interfaceCidr !== undefined) return `cidr=${interfaceCidr}`;
  return name === undefined ? 'kubernetes-internal-ip' : `interface=${exactly(name)}`;
}

/** Calico's objects as the cluster file wants them. */
export function calicoInput({ spec, images }: Pick<RunContext, 'spec' | 'images'>): CalicoInput {
  const { podSubnet, cni } = spec.network;
  const { mode, blockSize, mtu = 0, asNumber, routeReflectors } = cni.calico;
  return {
    mode,
    podSubnet,
    blockSize,
    asNumber,
    hasRouteReflectors: routeReflectors.length > 0,
    mtu,
    autodetection: autodetectionOf(cni),
    mtuInterfaces: cni.interface === undefined ? HOST_INTERFACES : exactly(cni.interface),
    typhaReplicas: typhaReplicasFor(nodeHosts(spec).length),
    api: nodeEndpoint(spec),
    images: { node: images.calicoNode, cni: images.calicoCni, kubeControllers: images.calicoKubeControllers, typha: images.calicoTypha },
  };
}

/** All route reflectors of a cluster are one group. */
const REFLECTOR_GROUP = '244.0.0.1';

/** What makes a node a route reflector; nothing for all others. Source: libcalico-go v3.25, resources/node.go. */
export function routeReflectorMarks(spec: ClusterSpec, name: string) {
  const { type, calico } = spec.network.cni;
  if (type !== 'calico' || !speaksBgp(calico.mode) || !calico.routeReflectors.includes(name)) return { labels: {}, annotations: {} };
  return { labels: { [CALICO_ROUTE_REFLECTOR]: '' }, annotations: { 'projectcalico.org/RouteReflectorClusterID': REFLECTOR_GROUP } };
}

/** Calico on the cluster: kinds, settings, then what runs. */
export function calicoSteps(context: Pick<RunContext, 'spec' | 'images' | 'kube'>): readonly AnyStep[] {
  if (context.spec.network.cni.type !== 'calico') return [];
  const input = calicoInput(context);
  const { kube } = context;
  return [
    objectsStep({ id: 'calico/definitions', title: 'Define Calico’s kinds', kube, objects: calicoDefinitions }),
    objectsStep({
      id: 'calico/resources',
      title: 'Configure Calico',
      kube,
      objects: () => calicoResources(input),
      before: (api, step) => waitForDefinitions(api, calicoDefinitions(), step),
    }),
    objectsStep({ id: 'calico/objects', title: 'Deploy Calico', kube, objects: () => calicoObjects(input) }),
    restartStep({
      id: 'calico/restart',
      title: 'Restart Calico for a new configuration',
      kube,
      configMap: () => calicoConfigMap(input),
      podSelector: 'k8s-app=calico-node',
    }),
    // Last: a node that has not heard of the new mode yet still tells its routes by them.
    removeObjectsStep({
      id: 'calico/remove-former',
      title: 'Take away settings of a former mode of Calico',
      kube,
      objects: formerCalicoResources(input),
      onlyOwn: true,
    }),
  ];
}
