import { setTimeout as sleep } from 'node:timers/promises';
import { atOnce, type KubeApi } from '../../kube/index.js';
import type { ProofRow } from '../proof-row.js';
import type { ProbePod } from './waits.js';

/** One way packets must be able to go. */
export interface Edge {
  readonly from: ProbePod;
  readonly name: string;
  readonly what: Extract<ProofRow['what'], 'pod to pod' | 'service' | 'cluster DNS'>;
  /** Name or address the pod dials. */
  readonly host: string;
  readonly port: number;
  /** Names of the pods that may answer. */
  readonly answers: readonly string[];
}

/** How edges are tried. */
export interface EdgeRun {
  readonly api: KubeApi;
  readonly namespace: string;
  /** Until when an edge is tried again, as performance.now() counts. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

const PROBE_PORT = 8080;
const SERVICE_PORT = 80;
const AT_ONCE = 16;
const TRY_TIMEOUT_MS = 8_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** How long a try is waited for before another one is made beside it. */
const HEDGE_MS = 700;

/** All edges of a proof: each pod to each other, each to the service by address, each to the service by name. Pure. */
export function edgesBetween(probes: readonly ProbePod[], service: { readonly ip: string; readonly name: string }): readonly Edge[] {
  const all = probes.map(({ name }) => name);
  return probes.flatMap((from) => [
    ...probes
      .filter((to) => to !== from)
      .map((to): Edge => ({
        from,
        name: `${from.node} → ${to.node} pod`,
        what: 'pod to pod',
        host: to.ip,
        port: PROBE_PORT,
        answers: [to.name],
      })),
    { from, name: `${from.node} → service`, what: 'service', host: service.ip, port: SERVICE_PORT, answers: all },
    { from, name: `${from.node} → cluster DNS`, what: 'cluster DNS', host: service.name, port: SERVICE_PORT, answers: all },
  ]);
}

interface DialAnswer {
  readonly responses?: readonly string[];
  readonly errors?: readonly string[];
}

function parseAnswer(body: string): DialAnswer | undefined {
  try {
    return JSON.parse(body) as DialAnswer;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * The same name in other letters for every try: names are read without regard to case, but the pod's resolver lets a lookup of the very
 * same name wait for the one that is under way. kube-proxy forgets all UDP flows of a service when it gets its first endpoints, and a
 * question that is on its way then is lost; only a new one is answered before the five seconds of the old one are over.
 */
export function spelled(name: string, attempt: number): string {
  return [...name].map((letter, index) => ((attempt >> index) & 1 ? letter.toUpperCase() : letter)).join('');
}

/** Lets a pod dial once, through the API server. */
async function dial(
  { from, host, port, answers }: Edge,
  { api, namespace, signal }: EdgeRun,
  attempt: number,
): Promise<{ readonly ok: boolean; readonly detail: string }> {
  const query = new URLSearchParams({
    host: spelled(host, attempt),
    port: String(port),
    protocol: 'http',
    request: 'hostname',
    tries: '1',
  });
  const path = `/api/v1/namespaces/${namespace}/pods/${from.name}:${PROBE_PORT}/proxy/dial?${query.toString()}`;
  const { status, body } = await api.request('GET', path, { timeoutMs: TRY_TIMEOUT_MS, signal });
  const answer = parseAnswer(body);
  if (status !== 200) return { ok: false, detail: `${status}: ${body.trim().slice(0, 300)}` };
  const [response] = answer?.responses ?? [];
  if (response !== undefined && answers.includes(response)) return { ok: true, detail: `${response} answered` };
  return { ok: false, detail: answer?.errors?.[0] ?? `unexpected answer: ${body.slice(0, 200)}` };
}

/**
 * Tries an edge until it works or the time is over: rules and names of something new take a moment to get everywhere.
 * A packet that got lost on the way of a new name server makes a pod wait for five seconds: the next try does not wait for that one.
 */
async function proveEdge(edge: Edge, run: EdgeRun): Promise<ProofRow> {
  const startedMs = performance.now();
  const over = new AbortController();
  const tries = { ...run, signal: AbortSignal.any([run.signal, over.signal]) };
  let last = 'it was not tried';
  const row = (ok: boolean, detail: string): ProofRow => ({
    edge: edge.name,
    what: edge.what,
    ok,
    ms: Math.round(performance.now() - startedMs),
    detail,
  });
  let attempts = 0;
  const attempt = async (): Promise<string | undefined> => {
    const { ok, detail } = await dial(edge, tries, attempts++);
    last = detail;
    return ok ? detail : undefined;
  };
  try {
    const open = new Set<Promise<string | undefined>>();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const started = attempt();
      open.add(started);
      // A try that ended badly is forgotten; one that is late may still end well.
      const settled = started.finally(() => open.delete(started));
      settled.catch(() => undefined);
      const answer = await Promise.race([...open, sleep(HEDGE_MS, undefined, { signal: tries.signal })]);
      if (answer !== undefined) return row(true, answer);
      if (performance.now() + pauseMs > run.deadlineMs) return row(false, last);
      await sleep(pauseMs, undefined, { signal: run.signal });
    }
  } finally {
    over.abort();
  }
}

/** Proves all edges, many at a time. */
export function proveEdges(edges: readonly Edge[], run: EdgeRun): Promise<readonly ProofRow[]> {
  return atOnce(AT_ONCE, edges, (edge) => proveEdge(edge, run));
}
