import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandResult } from '../lab/command.js';
import { waitFor } from '../lab/wait-for.js';
import { IS_EVERYDAY } from '../support/depth.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { createKubeadmCluster, installProgram, KUBEADM_IGNORE, prepareForKubeadm } from '../support/kubeadm-cluster.js';
import { COMPARED_KINDS, compareFacts, hostsFacts, judge, objectsFacts, type Difference, type Facts } from '../support/comparison/index.js';
import { REVIEWED_DIFFERENCES } from './kubeadm-differences.js';

const HOSTS = ['cp1', 'w1'];
/** A host on which an administrator could call `kubeadm join` at once. */
const JOINING = 'w2';

const LEAVES = [
  ...['admin.conf', 'apiserver', 'apiserver-etcd-client', 'apiserver-kubelet-client', 'controller-manager.conf'],
  ...['etcd-healthcheck-client', 'etcd-peer', 'etcd-server', 'front-proxy-client', 'scheduler.conf'],
];
const AUTHORITIES = ['ca', 'etcd-ca', 'front-proxy-ca'];

/** What one cluster is made of. */
interface ClusterFacts {
  readonly hosts: Facts;
  readonly objects: Facts;
}

let byKubeadm: LabCluster | undefined;
let byKbs: LabCluster | undefined;
let kubeadm: ClusterFacts;
let kbs: ClusterFacts;
let differences: readonly Difference[];

async function factsOf({ lab }: LabCluster): Promise<ClusterFacts> {
  const { facts: hosts, authorities } = await hostsFacts(lab, HOSTS);
  const get = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', 'get', COMPARED_KINDS.join(','), '-A', '-o', 'json'];
  const objects = await lab.ssh('cp1', get.join(' '));
  if (objects.exitCode !== 0) throw new Error(`kubectl: ${objects.stderr}`);
  return { hosts, objects: objectsFacts(objects.stdout, authorities) };
}

/**
 * Waits until what passes has passed: namespaces of the proof that are going away, taints of a node that has just become Ready, static pods
 * that the kubelet has not shown to the API yet (one it started before the API served is tried again with its next sync).
 */
async function settled({ lab }: LabCluster): Promise<void> {
  const look = `export KUBECONFIG=/etc/kubernetes/admin.conf
is_proof_gone() { ! kubectl get namespaces -o name | grep -q kbs-verify; }
are_taints_gone() { ! kubectl get nodes -o jsonpath='{.items[*].spec.taints[*].key}' | grep -q not-ready; }
is_quiet() { is_proof_gone && are_taints_gone; }
are_static_pods_shown() { [ "$(kubectl -n kube-system get pods -o name | grep -cE '(etcd|kube-(apiserver|controller-manager|scheduler))-cp1$')" = 4 ]; }
# A command and how often it is tried, twice a second.
within() { for i in $(seq "$2"); do if "$1"; then return 0; fi; sleep 0.5; done; echo "not so in time: $1"; return 1; }
within is_quiet 120 && within are_static_pods_shown 240`;
  expect(await lab.ssh('cp1', look)).toMatchObject({ exitCode: 0 });
}

async function makeByKubeadm(): Promise<ClusterFacts> {
  byKubeadm = await createLabCluster({ name: 'kdiffa', hosts: HOSTS.map((name) => ({ name })) });
  await createKubeadmCluster(byKubeadm.lab, byKubeadm.bundle);
  await settled(byKubeadm);
  return factsOf(byKubeadm);
}

async function makeByKbs(): Promise<ClusterFacts> {
  byKbs = await createLabCluster({ name: 'kdiffk', hosts: [...HOSTS, JOINING].map((name) => ({ name })), members: HOSTS });
  const made = await Promise.allSettled([byKbs.kbsJson(['apply', '-f', byKbs.file]), prepareForKubeadm(byKbs.lab, byKbs.bundle, JOINING)]);
  for (const result of made) if (result.status === 'rejected') throw result.reason;
  await settled(byKbs);
  return factsOf(byKbs);
}

beforeAll(async () => {
  // Side by side: each waits most of its time. The host names are the same, and so are the numbers of their addresses.
  // Settled, not raced: a lab that is still being made when the other one fails could not be taken down.
  const made = await Promise.allSettled([makeByKubeadm(), makeByKbs()]);
  [kubeadm, kbs] = made.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }) as [ClusterFacts, ClusterFacts];
  differences = compareFacts({ ...kubeadm }, { ...kbs });
});

afterAll(async () => {
  await Promise.all([byKubeadm?.down(), byKbs?.down()]);
});

/** Differences below a part of the clusters that no reviewed entry explains. */
function unexplained(part: string): readonly Difference[] {
  return judge(
    differences.filter(({ place }) => place.startsWith(`${part} `)),
    REVIEWED_DIFFERENCES,
  ).unexplained;
}

/** The cluster of kbs. */
function cluster(): LabCluster {
  if (byKbs === undefined) throw new Error('there is no cluster of kbs');
  return byKbs;
}

/** Runs a command on a host; fails the test with what it said when it does not succeed. */
async function on(host: string, command: string): Promise<string> {
  const result: CommandResult = await cluster().lab.ssh(host, command);
  expect(result, `${command}\n${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
  return result.stdout;
}

/** Rows of `kubeadm certs check-expiration` by name: the rest of the line. */
async function expirations(): Promise<ReadonlyMap<string, string>> {
  const rows = (await on('cp1', 'kubeadm certs check-expiration')).split('\n').map((line) => line.split(/ {2,}/));
  return new Map(rows.filter((cells) => cells.length > 3).map(([name = '', ...cells]) => [name.trim(), cells.join(' ').trim()]));
}

/** `none`, or what `kbs plan` says. */
async function changesToMake(): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster().kbs(['plan', '-f', cluster().file, '--exit-code']);
  return exitCode === 0 ? 'none' : `${stdout}\n${stderr}`;
}

describe('a cluster made by kbs beside one made by kubeadm v1.25.0', () => {
  test('the comparison looks at every certificate, kubeconfig and static pod, and at the objects kubeadm writes', () => {
    const paths = Object.keys((kubeadm.hosts as Readonly<Record<string, Facts>>)['cp1'] as Readonly<Record<string, Facts>>);
    const count = (pattern: RegExp): number => paths.filter((path) => pattern.test(path)).length;
    expect({
      certificates: count(/^\/etc\/kubernetes\/pki\/.*\.crt$/),
      keys: count(/^\/etc\/kubernetes\/pki\/.*\.(key|pub)$/),
      kubeconfigs: count(/^\/etc\/kubernetes\/[a-z-]+\.conf$/),
      staticPods: count(/^\/etc\/kubernetes\/manifests\/.*\.yaml$/),
    }).toEqual({ certificates: 10, keys: 12, kubeconfigs: 4, staticPods: 4 });
    expect(Object.keys(kubeadm.objects as object)).toEqual(
      expect.arrayContaining([
        ...['kubeadm-config', 'kubelet-config', 'kube-proxy', 'coredns'].map((name) => `ConfigMap kube-system/${name}`),
        ...['ConfigMap kube-public/cluster-info', 'DaemonSet kube-system/kube-proxy', 'Deployment kube-system/coredns'],
        ...['Role kube-system/kubeadm:nodes-kubeadm-config', 'RoleBinding kube-system/kube-proxy', 'ClusterRole system:coredns'],
        ...['ClusterRoleBinding kubeadm:kubelet-bootstrap', 'Node cp1', 'Node w1', 'Pod kube-system/kube-apiserver-cp1'],
      ]),
    );
  });

  test('files, certificates, kubeconfigs, static pods and kubelet configuration differ only where it was reviewed', () => {
    expect(unexplained('hosts')).toEqual([]);
  });

  test('configuration, rights, add-ons, nodes and mirror pods in the API differ only where it was reviewed', () => {
    expect(unexplained('objects')).toEqual([]);
  });

  test('no reviewed difference has gone away', () => {
    expect(judge(differences, REVIEWED_DIFFERENCES).stale).toEqual([]);
  });
});

describe.sequential('stock kubeadm v1.25.0 on a cluster made by kbs', () => {
  beforeAll(async () => {
    // Compared, and in the way of what follows.
    await byKubeadm?.down();
    byKubeadm = undefined;
    await installProgram(cluster().lab, await cluster().program('kubeadm'), 'cp1');
  });

  test('certs check-expiration finds all ten certificates and three authorities, none missing or expired', async () => {
    const rows = await expirations();
    expect([...rows.keys()].filter((name) => !name.startsWith('CERTIFICATE')).sort()).toEqual([...LEAVES, ...AUTHORITIES].sort());
    for (const name of LEAVES) expect(rows.get(name), name).toMatch(/UTC 364d (ca|etcd-ca|front-proxy-ca) no$/);
    for (const name of AUTHORITIES) expect(rows.get(name), name).toMatch(/UTC 9y no$/);
  });

  test('join brings a worker in with a token of kubeadm, and the node is Ready', async () => {
    const join = (await on('cp1', 'kubeadm token create --print-join-command')).trim();
    expect(join).toMatch(
      /^kubeadm join 10\.66\.\d+\.11:6443 --token [a-z0-9]{6}\.[a-z0-9]{16} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}$/,
    );
    await on(JOINING, `${join} ${KUBEADM_IGNORE}`);
    await cluster().kubectl(['wait', '--for=condition=Ready', `node/${JOINING}`, '--timeout=120s']);
  });

  test('a pod on the worker kubeadm joined is reached from the control plane', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'probe', namespace: 'default' },
      spec: {
        nodeName: JOINING,
        terminationGracePeriodSeconds: 0,
        containers: [
          { name: 'probe', image: 'registry.k8s.io/e2e-test-images/agnhost:2.40', args: ['netexec', '--http-port=8080', '--udp-port=-1'] },
        ],
      },
    };
    await cluster().kubectl(['apply', '-f', '-'], JSON.stringify(pod));
    await cluster().kubectl(['wait', '--for=condition=Ready', 'pod/probe', '--timeout=120s']);
    expect(await cluster().kubectl(['get', '--raw', '/api/v1/namespaces/default/pods/probe:8080/proxy/hostname'])).toBe('probe');
  });

  test('upgrade node finds its configuration in the cluster and leaves a worker as it is', async () => {
    const before = await on(JOINING, 'cat /var/lib/kubelet/config.yaml');
    await on(JOINING, 'kubeadm upgrade node');
    expect(await on(JOINING, 'cat /var/lib/kubelet/config.yaml')).toBe(before);
  });

  test.skipIf(IS_EVERYDAY)(
    'upgrade plan and apply find every static pod as kubeadm would write it, and kbs has nothing to set right afterwards',
    async () => {
      expect(await on('cp1', 'kubeadm upgrade plan v1.25.0')).toContain('Cluster version: v1.25.0');
      const upgrade = await on('cp1', `kubeadm upgrade apply v1.25.0 --yes --force ${KUBEADM_IGNORE}`);
      for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'])
        expect(upgrade).toContain(`Current and new manifests of ${name} are equal, skipping upgrade`);
      // The kubelet's configuration was written anew: the restart is the administrator's, as after every upgrade.
      await on('cp1', 'systemctl restart kubelet');
      expect(await changesToMake()).toBe('none');
    },
  );

  test.skipIf(IS_EVERYDAY)('certs renew all leaves a cluster that answers and that kbs finds as declared', async () => {
    const serial = 'openssl x509 -noout -serial -in /etc/kubernetes/pki/apiserver.crt';
    const before = await on('cp1', serial);
    await on('cp1', 'kubeadm certs renew all');
    expect(await on('cp1', serial)).not.toBe(before);
    // kubeadm leaves the restart to the administrator. In good order the API server would take a minute to end.
    await on('cp1', 'kill -KILL $(pidof kube-apiserver)');
    const renewed = await on('cp1', serial);
    await waitFor({
      what: 'the API server with its renewed certificate',
      forMs: 120_000,
      everyMs: 500,
      probe: async () => {
        const served = 'echo | openssl s_client -connect 127.0.0.1:6443 2>/dev/null | openssl x509 -noout -serial';
        const { stdout, stderr } = await cluster().lab.ssh('cp1', served);
        return stdout === renewed ? undefined : stdout.trim() || stderr.trim();
      },
    });
    await cluster().kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=120s']);
    expect(await changesToMake()).toBe('none');
  });

  test('reset takes the worker out again', async () => {
    await on(JOINING, 'kubeadm reset -f');
    expect(await on(JOINING, 'find /etc/kubernetes /var/lib/kubelet -type f')).toBe('');
    await cluster().kubectl(['delete', 'node', JOINING]);
    expect(await cluster().kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/cp1\nnode/w1\n');
  });

  test('reset ends the control plane', async () => {
    const said = await on('cp1', 'kubeadm reset -f');
    expect(said).toContain('/var/lib/etcd');
    expect(await on('cp1', 'find /etc/kubernetes /var/lib/kubelet /var/lib/etcd -path /etc/kubernetes/tmp -prune -o -type f -print')).toBe(
      '',
    );
    expect(await on('cp1', 'crictl ps -q')).toBe('');
  });
});
