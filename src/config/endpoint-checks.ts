import { NODE_PORT_RANGE, PORTS } from '../constants/index.js';
import { hostAddressProblem } from './checks/address.js';
import { hasVirtualAddress, type EndpointProvider } from './checks/endpoint.js';
import type { Draft } from './draft.js';
import type { Problem } from './problem.js';

const ENDPOINT = ['spec', 'controlPlaneEndpoint'] as const;

/** Ports of a control plane that are taken, with who has them. */
const TAKEN = new Map<number, string>([
  [PORTS.etcdClient, 'etcd'],
  [PORTS.etcdPeer, 'etcd'],
  [PORTS.etcdMetrics, 'etcd'],
  [PORTS.kubelet, 'the kubelet'],
  [PORTS.kubeletHealth, 'the kubelet'],
  [PORTS.controllerManager, 'kube-controller-manager'],
  [PORTS.scheduler, 'kube-scheduler'],
  [PORTS.kubeProxyHealth, 'kube-proxy'],
  [PORTS.kubeProxyMetrics, 'kube-proxy'],
  [PORTS.endpointHealth, 'haproxy for its own health'],
]);

function missingProblem({ hosts, hasEndpoint }: Draft): Problem | undefined {
  const count = hosts?.filter((host) => host.isControlPlane === true).length ?? 0;
  if (count <= 1 || hasEndpoint) return undefined;
  return {
    path: ENDPOINT,
    message: `is required with ${count} control planes: a name or address that leads to all of them, or provider: local-lb`,
  };
}

/** Why haproxy cannot have this port on the control planes. */
function haproxyPortProblem(port: number): string | undefined {
  if (port === PORTS.apiServer) return `${port} is taken by the API servers themselves: give haproxy another port, such as 8443`;
  const owner = TAKEN.get(port);
  if (owner !== undefined) return `${port} is taken by ${owner} on the control planes: use another, such as 8443`;
  return port >= NODE_PORT_RANGE.first && port <= NODE_PORT_RANGE.last
    ? `${port} is among the ports of services: use another, such as 8443`
    : undefined;
}

function portProblem(draft: Draft, provider: EndpointProvider): string | undefined {
  const port = draft.at(...ENDPOINT, 'port') ?? PORTS.apiServer;
  if (typeof port !== 'number') return undefined;
  if (provider === 'keepalived') return haproxyPortProblem(port);
  if (port === PORTS.apiServer) return undefined;
  if (provider === 'kube-vip') return `must be ${PORTS.apiServer} with kube-vip: its address leads to the API servers themselves`;
  if (provider === 'local-lb' && draft.at(...ENDPOINT, 'host') === undefined)
    return `must be ${PORTS.apiServer} without a host: then it is the port of a control plane`;
  return undefined;
}

function hostProblem(draft: Draft, provider: EndpointProvider): string | undefined {
  const host = draft.at(...ENDPOINT, 'host');
  if (host === undefined) return provider === 'local-lb' ? undefined : `is missing: provider ${provider} needs a name or an address`;
  if (typeof host !== 'string' || !hasVirtualAddress(provider)) return undefined;
  const owner = draft.hosts?.find(({ address }) => address?.value === host);
  if (owner !== undefined) return `${host} is the address of ${owner.name?.value ?? 'a host'}: a virtual address belongs to no host`;
  return hostAddressProblem(host);
}

/** Fields that only some providers read; elsewhere they would only seem to do something. */
function* strayProblems(draft: Draft, provider: EndpointProvider): Generator<Problem> {
  const readers = { interface: ['kube-vip', 'keepalived'], virtualRouterId: ['keepalived'] } as const;
  for (const [field, providers] of Object.entries(readers)) {
    if (draft.at(...ENDPOINT, field) === undefined || (providers as readonly string[]).includes(provider)) continue;
    yield {
      path: [...ENDPOINT, field],
      atKey: true,
      message: `has no meaning with provider: ${provider}, only with ${providers.join(' and ')}`,
    };
  }
}

/** What of the control-plane endpoint does not fit its provider, or is not there though it has to be. */
export function* endpointProblems(draft: Draft): Generator<Problem> {
  const missing = missingProblem(draft);
  if (missing !== undefined) yield missing;
  const { provider } = draft;
  if (!draft.hasEndpoint || provider === undefined) return;
  const host = hostProblem(draft, provider);
  if (host !== undefined) yield { path: [...ENDPOINT, 'host'], message: host };
  const port = portProblem(draft, provider);
  if (port !== undefined) yield { path: [...ENDPOINT, draft.at(...ENDPOINT, 'port') === undefined ? 'provider' : 'port'], message: port };
  yield* strayProblems(draft, provider);
}
