import { controlPlanes, endpointProvider, type EndpointProvider } from '../../config/index.js';
import { PATHS, PORTS, UNITS } from '../../constants/index.js';
import { checkStep, doneUnless, waitFor, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { httpStatus, type Host } from '../../host/index.js';
import { nodeEndpoint, urlOf } from '../access.js';
import type { RunContext } from '../context.js';

type Spec = RunContext['spec'];

/** A virtual address comes some seconds after the API it leads to, a load balancer of a node with the first pods. */
const REACH_WAIT_MS = 90_000;

/** Why an API server is not reached; an answer that wants a login is one, too. */
export async function problemAt(
  host: Host,
  target: { readonly host: string; readonly port: number },
  ca: string,
): Promise<string | undefined> {
  const answer = await httpStatus((address, port) => host.dial(address, port), {
    address: target.host,
    port: target.port,
    path: '/readyz',
    ca,
  });
  if (answer.status === undefined) return answer.reason;
  return answer.status < 500 ? undefined : `/readyz says ${answer.status}`;
}

function remedyFor(provider: EndpointProvider | undefined, host: Host, spec: Spec): readonly string[] {
  const { host: name, port } = nodeEndpoint(spec);
  switch (provider) {
    case undefined:
    case 'external':
      return [
        `getent ahostsv4 ${name}; curl -k ${urlOf(name, port)}/readyz   # on ${host.name}`,
        `let the load balancer forward TCP ${port} to port ${PORTS.apiServer} of ${controlPlanes(spec)
          .map(({ address }) => address)
          .join(', ')}`,
      ];
    case 'kube-vip':
      return [
        'crictl logs $(crictl ps -a --name kube-vip -q | head -n 1)   # on the control planes',
        `ip neigh show ${name}   # on ${host.name}`,
      ];
    case 'keepalived':
      return [
        'journalctl -u keepalived -u haproxy -n 50 --no-pager   # on the control planes',
        'let the control planes exchange VRRP (IP protocol 112)',
      ];
    case 'local-lb':
      return [`crictl ps -a --name local-lb; crictl logs $(crictl ps -a --name local-lb -q | head -n 1)   # on ${host.name}`];
  }
}

async function waitUntilReached(host: Host, spec: Spec, ca: string, signal: AbortSignal): Promise<void> {
  const target = nodeEndpoint(spec);
  const url = urlOf(target.host, target.port);
  try {
    await waitFor({
      what: `the control-plane endpoint ${url} from ${host.name}`,
      forMs: REACH_WAIT_MS,
      signal,
      probe: async () => doneUnless(await problemAt(host, target, ca)),
    });
  } catch (error) {
    if (!(error instanceof KbsError) || error.code !== 'WAIT_TIMEOUT') throw error;
    throw new KbsError('ENDPOINT_UNREACHABLE', `${host.name} does not reach the control-plane endpoint ${url}`, {
      where: { host: host.name },
      details: [error.message],
      remedy: remedyFor(endpointProvider(spec), host, spec),
      cause: error,
    });
  }
}

/** Every host reaches the API where its kubelet looks for it, under a name that is in the certificate. */
export function reachStep(spec: Spec, ca: string): AnyStep {
  return checkStep({
    id: 'endpoint/reach',
    title: 'Reach the API through the control-plane endpoint',
    timeoutMs: REACH_WAIT_MS + 30_000,
    run: (host, { signal }) => waitUntilReached(host, spec, ca, signal),
  });
}

async function isAboutToMove(host: Host): Promise<boolean> {
  const [{ active, startedMs }, stats] = await Promise.all([host.units.state(UNITS.kubelet), host.files.stat([PATHS.kubeletKubeconfig])]);
  const kubeconfig = stats.get(PATHS.kubeletKubeconfig);
  return active === 'active' && startedMs !== undefined && kubeconfig !== undefined && kubeconfig.ctimeMs > startedMs;
}

/** Whether the cluster is up, seen without its endpoint. When it is not, a kubelet loses nothing, and its restart may be the cure. */
async function isServed(host: Host, spec: Spec, ca: string): Promise<boolean> {
  const asked = controlPlanes(spec).map(async ({ address }) => {
    const problem = await problemAt(host, { host: address, port: PORTS.apiServer }, ca);
    if (problem !== undefined) throw new Error(problem);
  });
  // The first that answers is enough: one that has lost its power is silent until its time is over.
  return Promise.any(asked).then(
    () => true,
    () => false,
  );
}

/** A kubelet that runs is sent to another endpoint only when that one answers: until then it has its old one. */
export function beforeMoveStep(spec: Spec, ca: string): AnyStep {
  return checkStep({
    id: 'endpoint/before-restart',
    title: 'Wait for the endpoint before the kubelet is sent there',
    timeoutMs: REACH_WAIT_MS + 60_000,
    async run(host, { signal }) {
      if ((await isAboutToMove(host)) && (await isServed(host, spec, ca))) await waitUntilReached(host, spec, ca, signal);
    },
  });
}

/** Waits until all these hosts reach the endpoint; for what runs on every node and is about to be sent there. */
export async function waitForEndpoint(hosts: readonly Host[], spec: Spec, ca: string, signal: AbortSignal): Promise<void> {
  await Promise.all(hosts.map((host) => waitUntilReached(host, spec, ca, signal)));
}
