import type { KubeObject } from '../../../kube/index.js';
import { nodeOf, podIpOf } from '../readiness.js';
import { dial } from '../dial.js';
import { NETEXEC, named, podObject, podReady } from '../pod.js';
import { notYet, row, seen, skipped, until } from '../row.js';
import type { Check, ProbePod, Stage, VerifyRow } from '../types.js';

/** DaemonSets of engines that enforce NetworkPolicy. */
const ENGINES = /^(calico-node|kube-router|cilium|antrea-agent|weave-net|canal|kube-network-policies)$/;
const PORT = 8080;

/** Pods that policies are about: one that is dialled, one that dials. */
const GUARDED = { ingress: 'fenced', egress: 'confined' } as const;

type Direction = keyof typeof GUARDED;

/** Who may be on the other side of a policy, and at which port. */
interface Opening {
  readonly peer: object;
  readonly port?: number;
}

/** A state of the policy: no opening lets nobody through, null takes the policy away. */
interface PolicyState {
  readonly edge: string;
  readonly direction: Direction;
  readonly opening: Opening | null | undefined;
  readonly isOpen: boolean;
}

const podsCalled = (app: string): Opening => ({ peer: { podSelector: { matchLabels: { app } } } });
const podsIn = (namespace: string): Opening => ({
  peer: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
});

/** One after the other, for each direction: each state has to undo what the one before did. */
function statesOf({ namespace }: Pick<Stage, 'namespace'>, direction: Direction): readonly PolicyState[] {
  const allowed = direction === 'ingress' ? 'probe' : 'peer';
  const state = (edge: string, opening: PolicyState['opening'], isOpen: boolean): PolicyState => ({
    edge: direction === 'ingress' ? edge : `egress: ${edge}`,
    direction,
    opening,
    isOpen,
  });
  return [
    state('default deny', undefined, false),
    state('allow by label', podsCalled(allowed), true),
    state('another label', podsCalled('nobody'), false),
    state('allow by namespace', podsIn(namespace), true),
    state('another namespace', podsIn('kube-public'), false),
    state('allow by port', { ...podsCalled(allowed), port: PORT }, true),
    state('another port', { ...podsCalled(allowed), port: PORT + 1 }, false),
    state('policy deleted', null, true),
  ];
}

function policy(stage: Stage, { direction, opening }: PolicyState): KubeObject {
  const name = GUARDED[direction];
  const ports = opening?.port === undefined ? {} : { ports: [{ protocol: 'TCP', port: opening.port }] };
  const rules = opening ? [{ [direction === 'ingress' ? 'from' : 'to']: [opening.peer], ...ports }] : [];
  const spec = {
    podSelector: { matchLabels: { app: name } },
    policyTypes: [direction === 'ingress' ? 'Ingress' : 'Egress'],
    [direction]: rules,
  };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: named(stage, name), spec };
}

async function setPolicy(stage: Stage, state: PolicyState): Promise<void> {
  if (state.opening !== null) {
    await stage.api.apply(policy(stage, state));
    return;
  }
  const { namespace } = stage;
  await stage.api.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace, name: GUARDED[state.direction] });
}

/** Who dials whom. */
interface Way {
  readonly from: ProbePod;
  readonly ip: string;
  readonly to: string;
  /** What the other side answers. */
  readonly request: string;
}

/** How long an engine may take from a policy to the rules of every host: it writes them anew as a whole, host by host in its own time. */
const ENGINE_PATIENCE_MS = 30_000;

/** Waits until all of these ways are open, or none is. */
async function expectOpen(stage: Stage, ways: readonly Way[], isOpen: boolean): Promise<string> {
  const attempts = ways.map(({ from, ip, to, request }) =>
    until(stage, `${from.node} → ${to} to be ${isOpen ? 'open' : 'closed'}`, ENGINE_PATIENCE_MS, async () => {
      const { responses, errors } = await dial(stage, from, { host: ip, port: PORT, request });
      const isThrough = responses.length > 0;
      return isThrough === isOpen ? seen(true) : notYet(isThrough ? 'it gets through' : (errors[0] ?? 'no answer'));
    }),
  );
  await Promise.all(attempts);
  return isOpen ? 'every pod gets through' : 'no pod gets through';
}

async function waysOf(stage: Stage, direction: Direction): Promise<readonly Way[]> {
  const name = GUARDED[direction];
  await stage.api.apply(podObject(stage, name, [NETEXEC]));
  const [pod, probes, peers] = await Promise.all([podReady(stage, name), stage.probes(), stage.peers()]);
  const own: ProbePod = { node: nodeOf(pod) ?? '', name, ip: podIpOf(pod) ?? '' };
  return direction === 'ingress'
    ? probes.map((from) => ({ from, ip: own.ip, to: own.name, request: 'hostname' }))
    : peers.map(({ ip, node }) => ({ from: own, ip, to: `${node} pod`, request: 'etc/hostname' }));
}

async function directionRows(stage: Stage, check: string, direction: Direction): Promise<readonly VerifyRow[]> {
  const ways = await waysOf(stage, direction);
  const rows: VerifyRow[] = [];
  for (const state of statesOf(stage, direction)) {
    rows.push(
      await row(stage, check, state.edge, async () => {
        await setPolicy(stage, state);
        return expectOpen(stage, ways, state.isOpen);
      }),
    );
  }
  return rows;
}

interface AgentFields {
  readonly template?: { readonly spec?: { readonly containers?: readonly { readonly args?: readonly string[] }[] } };
}

/** kube-router is no engine where it only routes. */
function isEngine({ metadata, spec }: KubeObject): boolean {
  const args = (spec as AgentFields | undefined)?.template?.spec?.containers?.flatMap((container) => container.args ?? []) ?? [];
  return ENGINES.test(metadata.name) && !args.includes('--run-firewall=false');
}

/** Where an engine enforces them, in both directions: nobody, somebody by label, namespace and port, everybody again. */
export const networkPolicy: Check = {
  name: 'network policy',
  title: 'A NetworkPolicy keeps out and lets in',
  profile: 'full',
  async run(stage) {
    const engine = (await stage.api.list({ apiVersion: 'apps/v1', kind: 'DaemonSet' })).find(isEngine);
    if (engine === undefined) {
      return [skipped(this.name, 'NetworkPolicy', 'nothing in the cluster enforces policies: no known engine has a DaemonSet')];
    }
    const rows = await Promise.all((['ingress', 'egress'] as const).map((direction) => directionRows(stage, this.name, direction)));
    return rows.flat();
  },
};
