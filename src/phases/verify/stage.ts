import { randomBytes } from 'node:crypto';
import type { KubeApi, KubeObject } from '../../kube/index.js';
import { nodeOf, podIpOf, readClusterState, readyProblem, type ClusterState, type ProbePod } from '../proof/index.js';
import { POD_PORTS } from './dial.js';
import { VERIFY_LABEL } from './leftovers.js';
import { FILE_SERVER, named, template } from './pod.js';
import { notYet, seen, until, WORKLOAD_PATIENCE_MS } from './row.js';
import type { NodePods, Stage, StageCluster, StageServices, VerifyHost } from './types.js';

/** Port of hosts that the peers hold; none that Kubernetes or its neighbours use. */
export const HOST_PORT = 18_099;

/** What a stage is made of. */
export interface StageOptions {
  readonly api: KubeApi;
  readonly image: string;
  readonly cluster: StageCluster;
  /** Hosts whose nodes are verified. */
  readonly hosts: readonly VerifyHost[];
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
}

/** A namespace of this run. Pod Security is told to let everything in: a host port is not for the two stricter levels. */
export function namespaceObject(run: string, name: string, level: 'privileged' | 'restricted'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { [VERIFY_LABEL]: run, 'pod-security.kubernetes.io/enforce': level } },
  };
}

/** An account of its own: the default one of a new namespace comes a moment later, and pods cannot be made before it. */
export function accountObject(namespace: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'verify', namespace } };
}

function service(stage: Stage, name: string, spec: object): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: named(stage, name), spec };
}

function daemonSet(stage: Stage, name: string, container: Parameters<typeof template>[2][number]): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: named(stage, name),
    spec: template(stage, name, [container], { tolerations: [{ operator: 'Exists' }] }),
  };
}

function basicObjects(stage: Stage): readonly KubeObject[] {
  const http = { name: 'http', port: 80, targetPort: POD_PORTS.http };
  const selector = { app: 'probe' };
  return [
    service(stage, 'probe', { selector, ports: [http] }),
    service(stage, 'sticky', { selector, ports: [http], sessionAffinity: 'ClientIP' }),
    service(stage, 'node-port', { type: 'NodePort', selector, ports: [http] }),
    service(stage, 'headless', { selector, ports: [http], clusterIP: 'None' }),
    daemonSet(stage, 'probe', { args: ['netexec', `--http-port=${POD_PORTS.http}`, `--udp-port=${POD_PORTS.udp}`] }),
    daemonSet(stage, 'peer', { ...FILE_SERVER, ports: [{ containerPort: POD_PORTS.http, hostPort: HOST_PORT }] }),
  ];
}

function asProbePod(pod: KubeObject | undefined): ProbePod | undefined {
  if (pod === undefined || readyProblem(pod) !== undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
  const node = nodeOf(pod);
  const ip = podIpOf(pod);
  return node === undefined || ip === undefined ? undefined : { node, name: pod.metadata.name, ip };
}

function waitForPods(stage: Stage, name: string): Promise<readonly ProbePod[]> {
  const { api, namespace, hosts } = stage;
  return until(stage, `a ${name} pod on each of ${hosts.length} nodes`, WORKLOAD_PATIENCE_MS, async () => {
    const pods = await api.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace, labelSelector: `app=${name}` });
    const found = hosts.map((host) => asProbePod(pods.find((pod) => nodeOf(pod) === host.name)));
    const missing = hosts.filter((_host, index) => found[index] === undefined).map((host) => host.name);
    if (missing.length === 0) return seen(found.filter((pod) => pod !== undefined));
    const states = missing.map((node) => {
      const pod = pods.find((candidate) => nodeOf(candidate) === node);
      return `${node}: ${pod === undefined ? 'no pod yet' : (readyProblem(pod) ?? 'no address yet')}`;
    });
    return notYet(states.join('; '));
  });
}

async function readServices({ api, namespace }: Stage): Promise<StageServices> {
  interface Spec {
    readonly clusterIP?: string;
    readonly ports?: readonly { readonly nodePort?: number }[];
  }
  const spec = async (name: string): Promise<Spec> =>
    (await api.read({ apiVersion: 'v1', kind: 'Service', namespace, name }))?.['spec'] ?? {};
  const [probe, sticky, nodePort] = await Promise.all([spec('probe'), spec('sticky'), spec('node-port')]);
  return { clusterIp: probe.clusterIP ?? '', stickyIp: sticky.clusterIP ?? '', nodePort: nodePort.ports?.[0]?.nodePort ?? 0 };
}

/** Makes the stage. Nothing is in the cluster before {@link openStage}. */
export function createStage(options: StageOptions): Stage {
  // New for each run: a former one may still be going away, and a name server remembers for half a minute that a name did not exist.
  const run = `kbs-verify-${randomBytes(4).toString('hex')}`;
  let pods: Promise<NodePods> | undefined;
  let services: Promise<StageServices> | undefined;
  let state: Promise<ClusterState> | undefined;
  const stage: Stage = {
    ...options,
    run,
    namespace: run,
    pods: () =>
      (pods ??= Promise.all([waitForPods(stage, 'probe'), waitForPods(stage, 'peer')]).then(([probes, peers]) => ({ probes, peers }))),
    services: () => (services ??= readServices(stage)),
    clusterState: () => (state ??= readClusterState(stage.api).finally(() => (state = undefined))),
  };
  return stage;
}

/** Namespace, account, services and the pods on every node; services first, so that name servers know them before anybody asks. */
export async function openStage(stage: Stage): Promise<void> {
  const { api, namespace } = stage;
  await api.apply(namespaceObject(stage.run, namespace, 'privileged'));
  const objects = basicObjects(stage);
  await Promise.all([accountObject(namespace), ...objects.filter(({ kind }) => kind === 'Service')].map((object) => api.apply(object)));
  await Promise.all(objects.filter(({ kind }) => kind === 'DaemonSet').map((object) => api.apply(object)));
}
