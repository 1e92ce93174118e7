import { randomBytes } from 'node:crypto';
import type { KubeApi, KubeObject } from '../../kube/index.js';
import { KbsError, messageOf } from '../../errors/index.js';
import { POD_PORTS } from './dial.js';
import { VERIFY_LABEL } from './leftovers.js';
import { ASKED_ON_EVERY_NODE, FILE_SERVER, named, template } from './pod.js';
import { networkProblem, nodeOf, podIpOf, readClusterState, readyProblem, systemPodProblems, type ClusterState } from './readiness.js';
import { EDGE_PATIENCE_MS, NoPods, notYet, seen, SERVICE_PATIENCE_MS, until, WORKLOAD_PATIENCE_MS } from './row.js';
import type { Patience, ProbePod, Stage, StageCluster, StageService, StageServiceName, VerifyHost, VerifyProfile } from './types.js';

/** Port of hosts that the peers hold; none that Kubernetes or its neighbours use. */
export const HOST_PORT = 18_099;

/** In a cluster that stands. */
const STANDING: Patience = {
  systemMs: EDGE_PATIENCE_MS,
  podsMs: WORKLOAD_PATIENCE_MS,
  edgeMs: EDGE_PATIENCE_MS,
  serviceMs: SERVICE_PATIENCE_MS,
  nameMs: EDGE_PATIENCE_MS,
};
/** In one that comes up; a wrong answer of its name server is remembered for half a minute by the server itself. */
const COMING_UP: Patience = { systemMs: Number.POSITIVE_INFINITY, podsMs: 90_000, edgeMs: 45_000, serviceMs: 45_000, nameMs: 45_000 };

/** What a stage is made of. */
export interface StageOptions {
  readonly api: KubeApi;
  readonly profile: VerifyProfile;
  /** The cluster has just been made or changed: what is not ready yet is waited for, and no pod is made before nodes have their network. */
  readonly isComingUp?: boolean;
  readonly image: string;
  readonly cluster: StageCluster;
  /** Hosts whose nodes are verified. */
  readonly hosts: readonly VerifyHost[];
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly slack: number;
  /** Done before anything is made. */
  readonly makeRoom: () => Promise<void>;
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
    spec: template(stage, name, [{ ...container, resources: { requests: ASKED_ON_EVERY_NODE } }], {
      tolerations: [{ operator: 'Exists' }],
    }),
  };
}

/** What checks of a profile have in common. */
function basicObjects(stage: Stage, profile: VerifyProfile): readonly KubeObject[] {
  const http = { name: 'http', port: 80, targetPort: POD_PORTS.http };
  const selector = { app: 'probe' };
  const quick = [
    service(stage, 'probe', { selector, ports: [http] }),
    daemonSet(stage, 'probe', { args: ['netexec', `--http-port=${POD_PORTS.http}`, `--udp-port=${POD_PORTS.udp}`] }),
  ];
  if (profile === 'quick') return quick;
  return [
    ...quick,
    service(stage, 'sticky', { selector, ports: [http], sessionAffinity: 'ClientIP' }),
    service(stage, 'node-port', { type: 'NodePort', selector, ports: [http] }),
    service(stage, 'headless', { selector, ports: [http], clusterIP: 'None' }),
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
  return until(stage, `a ${name} pod on each of ${hosts.length} nodes`, stage.patience.podsMs, async () => {
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

/** @throws NoPods when they do not come */
async function podsOf(stage: Stage, name: string): Promise<readonly ProbePod[]> {
  const startedMs = performance.now();
  try {
    await stage.open();
    return await waitForPods(stage, name);
  } catch (error) {
    if (!(error instanceof KbsError) || error.code !== 'WAIT_TIMEOUT') throw error;
    const [what, ms] = [`${name} pods`, Math.round(performance.now() - startedMs)];
    throw new NoPods({ check: what, edge: what, status: 'failed', ms, detail: messageOf(error) });
  }
}

async function readService({ api, namespace }: Stage, name: StageServiceName): Promise<StageService> {
  interface Spec {
    readonly clusterIP?: string;
    readonly ports?: readonly { readonly nodePort?: number }[];
  }
  const { clusterIP = '', ports }: Spec = (await api.read({ apiVersion: 'v1', kind: 'Service', namespace, name }))?.['spec'] ?? {};
  return { ip: clusterIP, nodePort: ports?.[0]?.nodePort ?? 0 };
}

function waitForSystemPods(stage: Stage): Promise<number> {
  const names = stage.hosts.map(({ name }) => name);
  return until(stage, 'the pods of the system', stage.patience.systemMs, async () => {
    const state = await stage.clusterState();
    const problems = systemPodProblems(state, names);
    return problems.length === 0 ? seen(state.systemPods.length) : notYet(problems.join('; '));
  });
}

/**
 * Waits until nodes have kube-proxy and the pod network: a pod that came before would fail, and be tried again only after many seconds. A
 * node can have them seconds before it says that it is Ready.
 */
async function waitForNetworks(stage: Stage): Promise<void> {
  await until(stage, 'nodes to have their network', stage.patience.systemMs, async () => {
    const state = await stage.clusterState();
    const problems = stage.hosts.flatMap(({ name }) => {
      const problem = networkProblem(state, name);
      return problem === undefined ? [] : [`${name} ${problem}`];
    });
    return problems.length === 0 ? seen(true) : notYet(problems.join('; '));
  });
}

/** Namespace, account and services. */
async function furnish({ api, run, namespace }: Stage, services: readonly KubeObject[]): Promise<void> {
  await api.apply(namespaceObject(run, namespace, 'privileged'));
  await Promise.all([accountObject(namespace), ...services].map((object) => api.apply(object)));
}

/** Everything the pods need, while nodes get their network, then the pods; services first, so that name servers know them before anybody asks. */
async function openStage(stage: Stage, { profile, isComingUp, makeRoom }: StageOptions): Promise<void> {
  const objects = basicObjects(stage, profile);
  const services = objects.filter(({ kind }) => kind === 'Service');
  await Promise.all([makeRoom().then(() => furnish(stage, services)), isComingUp === true ? waitForNetworks(stage) : undefined]);
  await Promise.all(objects.filter(({ kind }) => kind === 'DaemonSet').map((object) => stage.api.apply(object)));
}

/** Made at the first call; the same promise for all who ask for the same. */
function once<Args extends readonly string[], T>(make: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (...args) => {
    const key = args.join();
    const known = made.get(key) ?? make(...args);
    made.set(key, known);
    return known;
  };
}

/** Makes the stage. Nothing is in the cluster before it is opened. */
export function createStage(options: StageOptions): Stage {
  const { api, image, cluster, hosts, signal, deadlineMs, slack, isComingUp = false } = options;
  // New for each run: a former one may still be going away, and a name server remembers for half a minute that a name did not exist.
  const run = `kbs-verify-${randomBytes(4).toString('hex')}`;
  let state: Promise<ClusterState> | undefined;
  const pods = once((name: 'probe' | 'peer') => podsOf(stage, name));
  const stage: Stage = {
    ...{ api, image, cluster, hosts, signal, deadlineMs, slack, run, namespace: run },
    patience: isComingUp ? COMING_UP : STANDING,
    open: once(() => openStage(stage, options)),
    probes: () => pods('probe'),
    peers: () => pods('peer'),
    service: once((name: StageServiceName) => stage.open().then(() => readService(stage, name))),
    clusterState: () => (state ??= readClusterState(api).finally(() => (state = undefined))),
    systemPods: once(() => waitForSystemPods(stage)),
    namesServed: () =>
      isComingUp
        ? stage.systemPods().then(
            () => undefined,
            () => undefined,
          )
        : Promise.resolve(),
  };
  return stage;
}
