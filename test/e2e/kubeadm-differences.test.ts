import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IS_EVERYDAY } from '../support/depth.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { createKubeadmCluster } from '../support/kubeadm-cluster.js';
import { COMPARED_KINDS, compareFacts, hostsFacts, judge, objectsFacts, type Difference, type Facts } from '../support/comparison/index.js';
import { REVIEWED_DIFFERENCES } from './kubeadm-differences.js';

const HOSTS = ['cp1', 'w1'];

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

/** Waits until what passes has passed: namespaces of the proof that are going away, taints of a node that has just become Ready. */
async function settled({ lab }: LabCluster): Promise<void> {
  const look = `export KUBECONFIG=/etc/kubernetes/admin.conf
for i in $(seq 120); do
  if ! kubectl get namespaces -o name | grep -q kbs-verify && ! kubectl get nodes -o jsonpath='{.items[*].spec.taints[*].key}' | grep -q not-ready; then exit 0; fi
  sleep 0.5
done
exit 1`;
  expect((await lab.ssh('cp1', look)).exitCode).toBe(0);
}

async function makeByKubeadm(): Promise<ClusterFacts> {
  byKubeadm = await createLabCluster({ name: 'kdiffa', hosts: HOSTS.map((name) => ({ name })) });
  await createKubeadmCluster(byKubeadm.lab, byKubeadm.bundle);
  await settled(byKubeadm);
  return factsOf(byKubeadm);
}

async function makeByKbs(): Promise<ClusterFacts> {
  byKbs = await createLabCluster({ name: 'kdiffk', hosts: HOSTS.map((name) => ({ name })) });
  await byKbs.kbsJson(['init', '-f', byKbs.file]);
  await byKbs.kbsJson(['join', '-f', byKbs.file]);
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

describe.skipIf(IS_EVERYDAY)('a cluster made by kbs beside one made by kubeadm v1.25.0', () => {
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
