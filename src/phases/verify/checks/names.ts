import { sh } from '../../../host/index.js';
import type { ProbePod } from '../../proof/index.js';
import { dial, dialRow, POD_PORTS } from '../dial.js';
import { EDGE_PATIENCE_MS, notYet, row, seen, skipped, until } from '../row.js';
import type { Check, Stage, VerifyRow } from '../types.js';

/** The name of the Internet that everybody who runs Kubernetes may ask for. */
const EXTERNAL_NAME = 'kubernetes.io';
/** A pod that gets no answer from its name server waits five seconds, and asks again. */
const NAME_PATIENCE_MS = 20_000;

function nameRow(stage: Stage, check: string, from: ProbePod, kind: string, target: { readonly host: string; readonly port: number }) {
  return stage.pods().then(({ probes }) =>
    dialRow(stage, check, {
      from,
      edge: `${from.node} → cluster DNS ${kind}`,
      target,
      isRight: (answer) => probes.some(({ name }) => name === answer),
      patienceMs: NAME_PATIENCE_MS,
    }),
  );
}

/** The resolv.conf the kubelet has written for a pod, as its host serves it. */
function resolverRow(stage: Stage, check: string, peer: ProbePod): Promise<VerifyRow> {
  const { dnsAddress, dnsDomain } = stage.cluster;
  return row(stage, check, `${peer.node} resolv.conf of pods`, () =>
    until(stage, 'a resolv.conf', EDGE_PATIENCE_MS, async () => {
      const host = stage.hosts.find(({ name }) => name === peer.node);
      const answer = await host?.http({ address: peer.ip, port: POD_PORTS.http, path: '/etc/resolv.conf' });
      if (answer?.status !== 200)
        return notYet(answer === undefined ? 'no host' : answer.status === undefined ? answer.reason : answer.body);
      return seen(answer.body);
    }).then((text) => {
      const lines = text.split('\n');
      const servers = lines.filter((line) => line.startsWith('nameserver ')).map((line) => line.slice('nameserver '.length).trim());
      const search = lines.find((line) => line.startsWith('search '))?.split(/\s+/) ?? [];
      if (!servers.includes(dnsAddress)) throw new Error(`nameserver ${servers.join(', ') || 'none'}, but the cluster’s is ${dnsAddress}`);
      if (!search.includes(`svc.${dnsDomain}`)) throw new Error(`svc.${dnsDomain} is not in the search path: ${search.slice(1).join(' ')}`);
      return `nameserver ${servers.join(', ')}`;
    }),
  );
}

/** Names of the cluster, from every node. */
export const clusterDns: Check = {
  name: 'cluster DNS',
  title: 'Pods on every node resolve names of the cluster',
  profile: 'quick',
  async run(stage) {
    const [{ probes, peers }, { namespace, cluster }] = [await stage.pods(), stage];
    const domain = `${namespace}.svc.${cluster.dnsDomain}`;
    const rows = probes.flatMap((from) => [
      nameRow(stage, this.name, from, 'service name', { host: `probe.${domain}`, port: 80 }),
      nameRow(stage, this.name, from, 'short name by the search path', { host: 'probe', port: 80 }),
      nameRow(stage, this.name, from, 'headless service name', { host: `headless.${domain}`, port: POD_PORTS.http }),
      nameRow(stage, this.name, from, 'pod name', {
        host: `${from.ip.replaceAll('.', '-')}.${namespace}.pod.${cluster.dnsDomain}`,
        port: POD_PORTS.http,
      }),
    ]);
    return Promise.all([...peers.map((peer) => resolverRow(stage, this.name, peer)), ...rows]);
  },
};

/** A name outside, from pods on hosts that know it themselves. */
export const externalName: Check = {
  name: 'external name',
  title: 'Pods resolve names outside the cluster',
  profile: 'full',
  async run(stage) {
    const { probes } = await stage.pods();
    const knows = await Promise.all(
      stage.hosts.map((host) =>
        host.run(sh`timeout 4 getent ahosts ${EXTERNAL_NAME} >/dev/null && echo yes || echo no`, { privileged: false, timeoutMs: 15_000 }),
      ),
    );
    if (!knows.some((answer) => answer === 'yes')) {
      return [skipped(this.name, EXTERNAL_NAME, `there is no upstream: no host resolves ${EXTERNAL_NAME} itself`)];
    }
    return Promise.all(
      probes.map((from) =>
        row(stage, this.name, `${from.node} → ${EXTERNAL_NAME}`, () =>
          until(stage, `${EXTERNAL_NAME} to be resolved`, NAME_PATIENCE_MS, async () => {
            // Only the name counts: the site itself may well be out of reach.
            const { errors } = await dial(stage, from, { host: EXTERNAL_NAME, port: 443 });
            const problem = errors.find((error) => /lookup|no such host/.test(error));
            return problem === undefined ? seen('resolved') : notYet(problem);
          }),
        ),
      ),
    );
  },
};
