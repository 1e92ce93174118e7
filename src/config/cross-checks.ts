import { contains, overlaps, parseIpv4 } from './checks/address.js';
import { nodesIn } from './checks/subnet.js';
import { calicoProblems, calicoWarnings } from './calico-checks.js';
import type { Draft, DraftHost, Placed } from './draft.js';
import { formatPath } from './document-path.js';
import { endpointProblems } from './endpoint-checks.js';
import { etcdProblems, etcdWarnings } from './etcd-checks.js';
import { kubeProxyProblems, kubeProxyWarnings } from './kube-proxy-checks.js';
import { networkProblems } from './network-checks.js';
import type { Problem } from './problem.js';
import { runtimeProblems, runtimeWarnings } from './runtime-checks.js';
import { runtimeClassProblems, runtimeClassWarnings } from './runtime-class-checks.js';

/** One problem for each value that an earlier host has already. */
function* duplicates(what: string, hosts: readonly DraftHost[], pick: (host: DraftHost) => Placed<string> | undefined): Generator<Problem> {
  const first = new Map<string, Placed<string>>();
  for (const host of hosts) {
    const placed = pick(host);
    if (placed === undefined) continue;
    const earlier = first.get(placed.value);
    if (earlier === undefined) first.set(placed.value, placed);
    else yield { path: placed.path, message: `${what} ${placed.value} is that of ${formatPath(earlier.path)} too` };
  }
}

/** What a document is for. */
export interface CrossScope {
  /** The hosts are not all there are: the control planes are elsewhere. */
  readonly lacksControlPlanes?: boolean;
}

function* hostProblems(hosts: readonly DraftHost[], { lacksControlPlanes = false }: CrossScope): Generator<Problem> {
  yield* duplicates('the name', hosts, (host) => host.name);
  const addresses = [...duplicates('the address', hosts, (host) => host.address)];
  yield* addresses;
  const reported = new Set(addresses.map((problem) => formatPath(problem.path)));
  for (const problem of duplicates('the SSH target', hosts, (host) => host.sshTarget)) {
    if (!reported.has(formatPath(problem.path))) yield problem;
  }
  if (!lacksControlPlanes && hosts.length > 0 && hosts.every((host) => host.isControlPlane === false)) {
    yield { path: ['spec', 'hosts'], message: 'no host is a control plane: give one of them roles: [control-plane]' };
  }
}

function* subnetProblems(draft: Draft): Generator<Problem> {
  const { podSubnet, serviceSubnet } = draft;
  if (podSubnet && serviceSubnet && overlaps(podSubnet.value, serviceSubnet.value)) {
    const written = draft.at('spec', 'network', 'podSubnet') === undefined ? serviceSubnet : podSubnet;
    yield { path: written.path, message: 'pod subnet and service subnet overlap' };
  }
  const subnets = [
    { what: 'pod subnet', subnet: podSubnet?.value },
    { what: 'service subnet', subnet: serviceSubnet?.value },
  ];
  const addresses = (draft.hosts ?? []).map((host) => host.address);
  for (const placed of [...addresses, draft.endpoint]) {
    const address = parseIpv4(placed?.value ?? '');
    if (placed === undefined || address === undefined) continue;
    for (const { what, subnet } of subnets) {
      if (subnet && contains(subnet, address)) yield { path: placed.path, message: `${placed.value} lies inside the ${what}` };
    }
  }
  const room = podSubnet === undefined ? 0 : nodesIn(podSubnet.value);
  // Less than one node: the subnet's own check has said so.
  const nodes = draft.hosts?.filter((host) => host.isEtcd !== true).length ?? 0;
  if (podSubnet && room >= 1 && nodes > room) {
    yield { path: podSubnet.path, message: `has room for ${room} nodes (a /24 each), and there are ${nodes} hosts` };
  }
}

/** What is wrong across fields: each problem stands at the later of the two places that do not fit together. */
export function crossProblems(draft: Draft, scope: CrossScope = {}): readonly Problem[] {
  return [
    ...hostProblems(draft.hosts ?? [], scope),
    ...subnetProblems(draft),
    ...endpointProblems(draft),
    ...etcdProblems(draft),
    ...networkProblems(draft),
    ...kubeProxyProblems(draft),
    ...calicoProblems(draft),
    ...runtimeProblems(draft),
    ...runtimeClassProblems(draft),
  ];
}

function* controlPlaneWarnings(draft: Draft, hosts: readonly DraftHost[]): Generator<Problem> {
  const controlPlanes = hosts.filter((host) => host.isControlPlane === true);
  const count = controlPlanes.length;
  const own = controlPlanes.find((host) => host.address !== undefined && host.address.value === draft.endpoint?.value);
  if (count > 1 && own?.name !== undefined && draft.endpoint !== undefined && draft.provider === 'external') {
    yield { path: draft.endpoint.path, message: `is ${own.name.value} itself: the API is lost with that host` };
  }
  if (hosts.length > 0 && hosts.every((host) => host.isWorker === false)) {
    yield {
      path: ['spec', 'hosts'],
      message: 'no host is a worker: ordinary pods run nowhere; give a control plane roles: [control-plane, worker]',
    };
  }
}

function* settingWarnings(draft: Draft): Generator<Problem> {
  const registries = draft.at('spec', 'containerRuntime', 'registries');
  for (const [index] of (Array.isArray(registries) ? registries : []).entries()) {
    const path = ['spec', 'containerRuntime', 'registries', index, 'insecureSkipVerify'];
    if (draft.at(...path) === true) yield { path, message: 'images of these mirrors can be forged on the way; caFile is safer' };
  }
}

/** What is allowed and yet probably not meant. */
export function crossWarnings(draft: Draft): readonly Problem[] {
  return [
    ...controlPlaneWarnings(draft, draft.hosts ?? []),
    ...etcdWarnings(draft),
    ...kubeProxyWarnings(draft),
    ...calicoWarnings(draft),
    ...runtimeClassWarnings(draft),
    ...settingWarnings(draft),
    ...runtimeWarnings(draft),
  ];
}
