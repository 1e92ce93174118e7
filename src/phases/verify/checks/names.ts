import { sh } from '../../../host/index.js';

import { dial, dialRow, POD_PORTS } from '../dial.js';
import { EDGE_PATIENCE_MS, notYet, row, seen, skipped, until } from '../row.js';
import type { Check, ProbePod, Stage, VerifyRow } from '../types.js';

/** The name of the Internet that everybody who runs Kubernetes may ask for. */
const EXTERNAL_NAME = 'kubernetes.io';

/** Names, each from every node. */
async function nameRows(
  stage: Stage,
  check: string,
  names: (from: ProbePod) => Readonly<Record<string, { readonly host: string; readonly port: number }>>,
): Promise<readonly VerifyRow[]> {
  const [probes] = await Promise.all([stage.probes(), stage.namesServed()]);
  const rows = probes.flatMap((from) =>
    Object.entries(names(from)).map(([kind, target]) =>
      dialRow(stage, check, {
        from,
        edge: `${from.node} → cluster DNS ${kind}`,
        target,
        isRight: (answer) => probes.some(({ name }) => name === answer),
        patienceMs: stage.patience.nameMs,
      }),
    ),
  );
  return Promise.all(rows);
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

function domainOf({ namespace, cluster }: Stage): string {
  return `${namespace}.svc.${cluster.dnsDomain}`;
}

/** The names pods use most, from every node. */
export const clusterDns: Check = {
  name: 'cluster DNS',
  title: 'Pods on every node resolve names of services',
  profile: 'quick',
  run(stage) {
    return nameRows(stage, this.name, () => ({
      'service name': { host: `probe.${domainOf(stage)}`, port: 80 },
      'short name by the search path': { host: 'probe', port: 80 },
    }));
  },
};

/** The other kinds of names. */
export const podNames: Check = {
  name: 'DNS of pods',
  title: 'Pods on every node resolve names of pods and of services without an address',
  profile: 'full',
  run(stage) {
    return nameRows(stage, this.name, ({ ip }) => ({
      'headless service name': { host: `headless.${domainOf(stage)}`, port: POD_PORTS.http },
      'pod name': { host: `${ip.replaceAll('.', '-')}.${stage.namespace}.pod.${stage.cluster.dnsDomain}`, port: POD_PORTS.http },
    }));
  },
};

/** Whom pods ask, and for what. */
export const resolverFiles: Check = {
  name: 'resolv.conf',
  title: 'Pods on every node are told the cluster’s name server and its search path',
  profile: 'full',
  async run(stage) {
    return Promise.all((await stage.peers()).map((peer) => resolverRow(stage, this.name, peer)));
  },
};

/** A name outside, from pods on hosts that know it themselves. */
export const externalName: Check = {
  name: 'external name',
  title: 'Pods resolve names outside the cluster',
  profile: 'full',
  async run(stage) {
    const probes = await stage.probes();
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
          until(stage, `${EXTERNAL_NAME} to be resolved`, stage.patience.nameMs, async () => {
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
