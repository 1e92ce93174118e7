import { jsonFields } from '../../json/index.js';
import type { KubeObject } from '../../kube/index.js';
import { podIpOf, readyProblem } from './readiness.js';
import { notYet, seen, until, WORKLOAD_PATIENCE_MS } from './row.js';
import type { Stage } from './types.js';

/** A container of agnhost. */
export interface Agnhost {
  readonly name?: string;
  readonly args: readonly string[];
  readonly [field: string]: unknown;
}

/** Fields of a pod's spec besides its containers. */
export type PodFields = Readonly<Record<string, unknown>>;

/** A netexec that listens for HTTP only. */
export const NETEXEC = { args: ['netexec', '--http-port=8080', '--udp-port=-1'] } as const satisfies Agnhost;
/** Serves every file of its container. */
export const FILE_SERVER = { args: ['test-webserver', '--port=8080'] } as const satisfies Agnhost;

/**
 * What a pod asks for is also its weight when a node has more to do than it can: at the least one, a policy engine that writes its rules
 * keeps a pod from answering for half a minute. Little enough to fit into a node that is nearly full.
 */
const ASKED = { cpu: '10m', memory: '8Mi' } as const;
/** On every node: many other pods wait for what these answer. */
export const ASKED_ON_EVERY_NODE = { ...ASKED, cpu: '20m' } as const;

/** Spec of a pod of agnhost containers that goes away at once when it is deleted. */
export function podSpec({ image }: Stage, containers: readonly Agnhost[], fields: PodFields = {}): PodFields {
  return {
    serviceAccountName: 'verify',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 0,
    containers: containers.map((container, index) => ({
      name: `c${index}`,
      image,
      imagePullPolicy: 'IfNotPresent',
      resources: { requests: ASKED },
      ...container,
    })),
    ...fields,
  };
}

/** Metadata of an object of this run. */
export function named({ namespace }: Stage, name: string): KubeObject['metadata'] & { readonly namespace: string } {
  return { name, namespace, labels: { app: name } };
}

/** A pod by itself. */
export function podObject(stage: Stage, name: string, containers: readonly Agnhost[], fields: PodFields = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: named(stage, name), spec: podSpec(stage, containers, fields) };
}

/** Part of a workload: labels and pod. */
export function template(stage: Stage, name: string, containers: readonly Agnhost[], fields: PodFields = {}) {
  return {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: podSpec(stage, containers, fields) },
  };
}

/** Waits until a pod is Ready. @returns as it is then */
export function podReady(stage: Stage, name: string, forMs = WORKLOAD_PATIENCE_MS): Promise<KubeObject> {
  return until(stage, `pod ${name} to be ready`, forMs, async () => {
    const pod = await stage.api.read({ apiVersion: 'v1', kind: 'Pod', namespace: stage.namespace, name });
    if (pod === undefined) return notYet('there is no pod yet');
    const problem = readyProblem(pod);
    return problem === undefined && podIpOf(pod) !== undefined ? seen(pod) : notYet(problem ?? 'it has no address yet');
  });
}

/** Path of something that a pod serves, through the API: of a file in one that runs {@link FILE_SERVER}. */
export function filePath({ namespace }: Stage, pod: string, file: string, port = 8080): string {
  return `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy${file}`;
}

/** Text of a file in a pod that runs {@link FILE_SERVER}. @throws Error when it cannot be read */
export async function readFileOf(stage: Stage, pod: string, file: string, port?: number): Promise<string> {
  const { status, body } = await stage.api.request('GET', filePath(stage, pod, file, port), { timeoutMs: 5_000 });
  if (status !== 200) throw new Error(`${file}: ${status} ${body.trim().slice(0, 200)}`);
  return body;
}

/** Sends JSON and gives back what the server said. */
export async function post(
  stage: Stage,
  path: string,
  object: object,
  method = 'POST',
): Promise<{ readonly status: number; readonly body: string; readonly json: Readonly<Record<string, unknown>> }> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const { status, body } = await stage.api.request(method, path, { body: JSON.stringify(object), contentType });
  return { status, body, json: jsonFields(body) };
}
