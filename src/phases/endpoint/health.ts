import { endpointProvider, type ClusterSpec } from '../../config/index.js';
import { UNITS } from '../../constants/index.js';
import type { Host } from '../../host/index.js';
import { nodeEndpoint } from '../access.js';
import { isControlPlane } from '../context.js';
import { loadBalancerHealth, type LoadBalancerHealth } from './haproxy-stats.js';
import { hasLocalLb } from './local-lb.js';
import { problemAt } from './reach.js';
import { virtualAddressOf } from './virtual-address.js';

/** The control-plane endpoint as one node sees it, and what of it is made there. */
export interface EndpointOfHost {
  readonly host: string;
  /** Whether the API answers where this node's kubelet looks for it. */
  readonly answers: boolean;
  /** Why it does not. */
  readonly problem?: string;
  /** On control planes that pass a virtual address around. */
  readonly virtualAddress?: {
    readonly held: boolean;
    /** Why it cannot come here. */
    readonly problem?: string;
  };
  /** Where kbs has put one. */
  readonly loadBalancer?: LoadBalancerHealth;
}

async function virtualAddressHere(spec: ClusterSpec, host: Host): Promise<EndpointOfHost['virtualAddress']> {
  const address = isControlPlane(host) ? virtualAddressOf(spec) : undefined;
  if (address === undefined) return undefined;
  const held = host.facts.addresses.includes(address);
  if (endpointProvider(spec) !== 'keepalived') return { held };
  const { active } = await host.units.state(UNITS.keepalived);
  return active === 'active' ? { held } : { held, problem: `keepalived is ${active}` };
}

function hasLoadBalancer(spec: ClusterSpec, host: Host): boolean {
  return endpointProvider(spec) === 'keepalived' ? isControlPlane(host) : hasLocalLb(spec, host);
}

/** Looks at the endpoint from a node, all at once; who holds the virtual address is as the host's facts were read. Never throws for what does not answer. */
export async function endpointOfHost(spec: ClusterSpec, host: Host, ca: string): Promise<EndpointOfHost> {
  const [problem, virtualAddress, loadBalancer] = await Promise.all([
    problemAt(host, nodeEndpoint(spec), ca),
    virtualAddressHere(spec, host),
    hasLoadBalancer(spec, host) ? loadBalancerHealth(host) : undefined,
  ]);
  return {
    host: host.name,
    answers: problem === undefined,
    ...(problem === undefined ? {} : { problem }),
    ...(virtualAddress === undefined ? {} : { virtualAddress }),
    ...(loadBalancer === undefined ? {} : { loadBalancer }),
  };
}
