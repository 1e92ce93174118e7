import type { Glimpse } from '../../engine/index.js';
import { tryParseJson } from '../../json/index.js';
import { ANSWER_MS } from './hosts.js';
import { filePath } from './pod.js';
import { notYet, row, seen, until, untilHedged } from './row.js';
import type { ProbePod, Stage, VerifyHost, VerifyRow } from './types.js';

/** Ports of the pods on every node. */
export const POD_PORTS = { http: 8080, udp: 8081 } as const;

/** What a probe pod is asked to dial. */
export interface Target {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  readonly protocol?: 'http' | 'udp';
  /** Path, or what is sent over UDP; default `hostname`. */
  readonly request?: string;
  readonly tries?: number;
}

/** What came back to the pod. */
export interface Dialed {
  readonly responses: readonly string[];
  readonly errors: readonly string[];
}

function parseDialed(body: string): Dialed {
  const answer = tryParseJson(body) as Partial<Dialed> | undefined;
  // agnhost tells in plain words of a name that it cannot look up.
  if (answer === undefined) return { responses: [], errors: [body.trim().slice(0, 300)] };
  const { responses = [], errors = [] } = answer;
  return { responses, errors };
}

/** The host of a node. */
export function hostOf({ hosts }: Stage, node: string): VerifyHost {
  const host = hosts.find(({ name }) => name === node);
  if (host === undefined) throw new Error(`no connection to host ${node}`);
  return host;
}

/**
 * Asks a pod by its own host, so that a network between hosts that is broken elsewhere does not count as this edge; through the API where
 * this run has no connection to the host.
 * @throws Error when the pod cannot be asked
 */
async function askPod(stage: Stage, from: ProbePod, path: string): Promise<string> {
  const host = hostOf(stage, from.node);
  if (!host.isConnected) {
    const { status, body } = await stage.api.request('GET', filePath(stage, from.name, path, POD_PORTS.http), { timeoutMs: ANSWER_MS });
    if (status !== 200) throw new Error(`pod ${from.name}, asked through the API: ${status} ${body.trim().slice(0, 200)}`);
    return body;
  }
  const answer = await host.http({ address: from.ip, port: POD_PORTS.http, path });
  if (answer.status === undefined) throw new Error(`pod ${from.ip}, asked by its host ${from.node}: ${answer.reason}`);
  return answer.body;
}

/**
 * The same name in other letters for every attempt: names are read without regard to case, but the pod's resolver lets a lookup of the
 * very same name wait for the one that is under way. kube-proxy forgets all UDP flows of a service when it gets its first endpoints, and a
 * question that is on its way then is lost; only a new one is answered before the five seconds of the old one are over.
 */
function spelled(name: string, attempt: number): string {
  return [...name].map((letter, index) => ((attempt >> index) & 1 ? letter.toUpperCase() : letter)).join('');
}

/** Lets a pod dial. @throws Error when the pod itself cannot be asked */
export async function dial(stage: Stage, from: ProbePod, target: Target): Promise<Dialed> {
  const { host, port, protocol = 'http', request = 'hostname', tries = 1 } = target;
  const query = new URLSearchParams({ host, port: String(port), protocol, request, tries: String(tries) });
  return parseDialed(await askPod(stage, from, `/dial?${query.toString()}`));
}

/** An edge that is proven by one answer. */
export interface DialEdge {
  readonly from: ProbePod;
  readonly edge: string;
  readonly target: Target;
  /** Whether the pod that answered is the right one. */
  readonly isRight: (answer: string) => boolean;
  readonly patienceMs?: number;
}

/** Dials until the right one answers. */
export function dialRow(stage: Stage, check: string, { from, edge, target, isRight, patienceMs }: DialEdge): Promise<VerifyRow> {
  return row(stage, check, edge, () =>
    untilHedged(stage, edge, patienceMs ?? stage.patience.edgeMs, async (attempt): Promise<Glimpse<string>> => {
      const { responses, errors } = await dial(stage, from, { ...target, host: spelled(target.host, attempt) });
      const [answer] = responses;
      if (answer !== undefined && isRight(answer.trim())) return seen(`${shown(answer)} answered`);
      return notYet(errors[0] ?? `unexpected answer: ${shown(answer ?? 'nothing')}`);
    }),
  );
}

function shown(answer: string): string {
  const text = answer.trim();
  return text.length > 60 ? `${text.length} characters` : text;
}

/** Asks from a host until the answer is right. */
export function hostRow(
  stage: Stage,
  check: string,
  edge: string,
  ask: {
    readonly from: VerifyHost;
    readonly request: Parameters<VerifyHost['http']>[0];
    readonly isRight: (body: string) => boolean;
    readonly patienceMs?: number;
  },
): Promise<VerifyRow> {
  return row(stage, check, edge, () =>
    until(stage, edge, ask.patienceMs ?? stage.patience.edgeMs, async (): Promise<Glimpse<string>> => {
      const answer = await ask.from.http(ask.request);
      if (answer.status === undefined) return notYet(answer.reason);
      return ask.isRight(answer.body.trim())
        ? seen(`${shown(answer.body)} answered`)
        : notYet(`unexpected answer ${answer.status}: ${shown(answer.body)}`);
    }),
  );
}
