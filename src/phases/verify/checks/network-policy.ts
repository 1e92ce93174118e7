import type { KubeObject } from '../../../kube/index.js';
import { podIpOf } from '../readiness.js';
import { dial } from '../dial.js';
import { NETEXEC, named, podObject, podReady } from '../pod.js';
import { EDGE_PATIENCE_MS, notYet, row, seen, skipped, until } from '../row.js';
import type { Check, Stage } from '../types.js';

/** DaemonSets of engines that enforce NetworkPolicy. */
const ENGINES = /^(calico-node|kube-router|cilium|antrea-agent|weave-net|canal|kube-network-policies)$/;
const GUARDED = 'fenced';

function policy(stage: Stage, from: object | undefined): KubeObject {
  const ingress = from === undefined ? [] : [{ from: [{ podSelector: { matchLabels: from } }], ports: [{ protocol: 'TCP', port: 8080 }] }];
  const spec = { podSelector: { matchLabels: { app: GUARDED } }, policyTypes: ['Ingress'], ingress };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: named(stage, GUARDED), spec };
}

/** Waits until the pod lets everybody in, or nobody. */
async function expectOpen(stage: Stage, ip: string, isOpen: boolean): Promise<string> {
  const probes = await stage.probes();
  const attempts = probes.map((from) =>
    until(stage, isOpen ? `${from.node} to get through` : `${from.node} to be kept out`, EDGE_PATIENCE_MS, async () => {
      const { responses, errors } = await dial(stage, from, { host: ip, port: 8080 });
      const isThrough = responses.length > 0;
      return isThrough === isOpen ? seen(true) : notYet(isThrough ? 'it gets through' : (errors[0] ?? 'no answer'));
    }),
  );
  await Promise.all(attempts);
  return isOpen ? 'pods of every node get through' : 'no pod gets through';
}

/** Where an engine enforces them: nobody, somebody, everybody again. */
export const networkPolicy: Check = {
  name: 'network policy',
  title: 'A NetworkPolicy keeps out and lets in',
  profile: 'full',
  async run(stage) {
    const engine = (await stage.api.list({ apiVersion: 'apps/v1', kind: 'DaemonSet' })).find(({ metadata }) => ENGINES.test(metadata.name));
    if (engine === undefined) {
      return [skipped(this.name, 'NetworkPolicy', 'nothing in the cluster enforces policies: no known engine has a DaemonSet')];
    }
    await stage.api.apply(podObject(stage, GUARDED, [NETEXEC]));
    const ip = podIpOf(await podReady(stage, GUARDED)) ?? '';
    const states: readonly (readonly [string, () => Promise<unknown>, boolean])[] = [
      ['default deny', () => stage.api.apply(policy(stage, undefined)), false],
      ['allow by label', () => stage.api.apply(policy(stage, { app: 'probe' })), true],
      ['another label', () => stage.api.apply(policy(stage, { app: 'nobody' })), false],
      [
        'policy deleted',
        () => stage.api.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace: stage.namespace, name: GUARDED }),
        true,
      ],
    ];
    const rows = [];
    for (const [edge, change, isOpen] of states) {
      rows.push(
        await row(stage, this.name, edge, async () => {
          await change();
          return expectOpen(stage, ip, isOpen);
        }),
      );
    }
    return rows;
  },
};
