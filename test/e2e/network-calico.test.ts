import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult, VerifyResult } from '../../src/operations/index.js';
import { snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { expectExactReset } from '../support/exact-reset.js';
import { bundleWithCalico, CALICO_DIRECTORY, CALICO_VERSION } from '../support/lab-calico.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { expectOnly, packetsDuring } from '../support/wire-packets.js';

/*
 * Calico's images cannot be had where the other parts of the lab come from. KBS_TEST_CALICO_DIR is a folder with node.tar, cni.tar and
 * kube-controllers.tar, each what `docker save docker.io/calico/<name>:<version>` writes for the architecture of this machine. The kernel
 * of the lab has vxlan and no ipip: mode vxlan is what is proven.
 */

const HOSTS = ['cp1', 'w1'] as const;
const TITLE =
  CALICO_DIRECTORY === undefined
    ? `Calico (skipped: needs the images of Calico ${CALICO_VERSION}, KBS_TEST_CALICO_DIR names the folder of their archives)`
    : 'Calico';
const KUBE_PROXY = { config: { conntrack: { maxPerCore: 0 } } };
const CALICO = { type: 'calico', calico: { mode: 'vxlan' } };
const FLANNEL = { type: 'flannel', backend: 'vxlan' };

/** Encapsulated by one or the other, and from pods as it is. */
const WAYS = { calico: 'udp dport 4789', flannel: 'udp dport 8472', plain: 'ip saddr 10.244.0.0/16' } as const;

/** Everything that one of the two networks makes on a host, with its name in front. */
const TRACES = `
sed -n 's/^ *\\(cali[0-9a-f]*\\|vxlan.calico\\) *:.*/calico link/p; s/^ *\\(flannel.1\\|cni0\\) *:.*/flannel link/p' /proc/net/dev
for tool in iptables-nft iptables-legacy; do
  $tool-save 2>/dev/null | sed -n 's/.*\\(cali:\\|cali-\\).*/calico rules/p; s/.*\\(FLANNEL-\\|flanneld\\).*/flannel rules/p'
done
ipset list -n | sed -n 's/^cali.*/calico sets/p'
{ ip -4 route show proto 80; ip -4 route show proto bird 2>/dev/null; } | sed 's/.*/calico routes/'
ip -4 route show root 10.244.0.0/16 | sed -n 's/.* dev \\(cni0\\|flannel.1\\).*/flannel routes/p'
for path in /etc/cni/net.d/*; do echo "file \${path##*/}"; done
for path in /var/lib/calico /var/log/calico; do [ -e $path ] && echo "calico files"; done
for path in /var/lib/cni/networks/cbr0 /run/flannel; do [ -e $path ] && echo "flannel files"; done
true`;

const EXPECTED_TRACES = {
  calico: [
    'calico files',
    'calico link',
    'calico routes',
    'calico rules',
    'calico sets',
    'file 10-calico.conflist',
    'file calico-kubeconfig',
  ],
  flannel: ['file 10-flannel.conflist', 'flannel files', 'flannel link', 'flannel routes', 'flannel rules'],
} as const;

describe.skipIf(CALICO_DIRECTORY === undefined)(TITLE, () => {
  let cluster: LabCluster;
  let directory: string;
  const bare = new Map<string, Snapshot>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kbs-calico-'));
    cluster = await createLabCluster({
      name: 'calico',
      hosts: HOSTS.map((name) => ({ name })),
      bundle: (standard) => bundleWithCalico(CALICO_DIRECTORY ?? '', standard, join(directory, 'bundle')),
    });
    for (const host of HOSTS) bare.set(host, await snapshotHost(cluster.lab, host));
  });

  afterAll(async () => {
    await cluster.down();
    await rm(directory, { recursive: true, force: true });
  });

  const on = async (host: string, command: string): Promise<string> => (await cluster.lab.ssh(host, command)).stdout.trim();

  async function tracesOn(host: string): Promise<readonly string[]> {
    return [...new Set((await on(host, TRACES)).split('\n'))].sort();
  }

  describe.sequential.each([
    { what: 'on bare hosts', name: 'calico', cni: CALICO },
    { what: 'gives way to flannel on the living cluster', name: 'flannel', cni: FLANNEL },
    { what: 'takes the place of flannel on the living cluster', name: 'calico', cni: CALICO },
  ] as const)('$what', ({ name, cni }) => {
    test('comes up and is proven, as the plan said', async () => {
      await cluster.describe({ spec: { network: { kubeProxy: KUBE_PROXY, cni } } });
      const result = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
      expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
      expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
    });

    test('verify proves the data plane; packets between hosts go its way and no other', async () => {
      let rows: VerifyResult['rows'] = [];
      const packets = await packetsDuring(cluster.lab, 'cp1', WAYS, async () => {
        ({ rows } = await cluster.kbsJson<VerifyResult>(['verify', '-f', cluster.file, '--profile', 'full', '--timeout', '3m']));
      });
      expectOnly(packets, name);
      // Calico enforces policies itself; flannel alone has nobody who would.
      const policies = rows.filter(({ check }) => check === 'network policy').map(({ status }) => status);
      if (name === 'calico') expect(policies).toEqual(Array.from({ length: 16 }, () => 'ok'));
      else expect(policies).not.toContain('ok');
    });

    test('nothing of the other network is on the hosts and in the API', async () => {
      for (const host of HOSTS) expect(await tracesOn(host), host).toEqual(EXPECTED_TRACES[name]);
      const objects = await cluster.kubectl([
        'get',
        'crd,clusterrole,clusterrolebinding,daemonset,deployment,configmap,sa,pdb',
        '-A',
        '-o',
        'name',
      ]);
      const found = (network: string) => objects.split('\n').filter((one) => one.includes(network));
      expect(found(name)).not.toEqual([]);
      expect(found(name === 'calico' ? 'flannel' : 'calico')).toEqual([]);
    });
  });

  test('reset leaves nothing of any of them', async () => {
    await expectExactReset(cluster, HOSTS, bare);
  });
});
