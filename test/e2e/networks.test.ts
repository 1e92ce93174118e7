import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult, VerifyResult } from '../../src/operations/index.js';
import { flannelObjects } from '../../src/phases/pod-network/flannel.js';
import { printYaml } from '../../src/yaml/index.js';
import { snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { IS_EVERYDAY, IS_THOROUGH } from '../support/depth.js';
import { expectExactReset } from '../support/exact-reset.js';
import type { LabCluster } from '../support/lab-cluster.js';
import { CRIO_DIRECTORY, WHY_NO_CRIO } from '../support/lab-crio.js';
import { createRuntimeLab, type LabRuntime } from '../support/lab-runtime.js';
import { expectOnly, packetsDuring } from '../support/wire-packets.js';

const HOSTS = ['cp1', 'w1'] as const;
/** Written by sudo itself when somebody uses it for the first time. */
const ignorePaths = ['/home/admin/.sudo_as_admin_successful'];
const KUBE_PROXY = { config: { conntrack: { maxPerCore: 0 } } };

/** `spec.network` of a cluster file, and what it shall look like on the wire and on the hosts. */
interface Network {
  readonly what: string;
  readonly network: Readonly<Record<string, unknown>>;
  /** Carries packets between hosts; none: they go as they are. */
  readonly wire: keyof typeof WAYS;
  readonly links: readonly string[];
  readonly cniFile: string;
  /** NetworkPolicy objects do something: the whole of `kbs verify` is run, and not only the proof at the end of apply. */
  readonly hasPolicies?: boolean;
}

const ENGINE = { networkPolicy: { engine: 'kube-router' } };
const FLANNEL_FILE = '10-flannel.conflist';

const HOST_GW: Network = {
  what: 'flannel host-gw',
  network: { cni: { backend: 'host-gw' } },
  wire: 'plain',
  links: ['cni0'],
  cniFile: FLANNEL_FILE,
};
const UDP: Network = {
  what: 'flannel udp',
  network: { cni: { backend: 'udp' } },
  wire: 'udp',
  links: ['cni0', 'flannel0'],
  cniFile: FLANNEL_FILE,
};
const VXLAN: Network = {
  what: 'flannel vxlan',
  network: { cni: { backend: 'vxlan' } },
  wire: 'vxlan',
  links: ['cni0', 'flannel.1'],
  cniFile: FLANNEL_FILE,
};
const VXLAN_WITH_POLICIES: Network = {
  ...VXLAN,
  what: 'flannel vxlan with kube-router as policy engine',
  network: { ...VXLAN.network, ...ENGINE },
  hasPolicies: true,
};
const KUBE_ROUTER: Network = {
  what: 'kube-router, routes by BGP',
  network: { cni: { type: 'kube-router' } },
  wire: 'plain',
  links: ['kube-bridge'],
  cniFile: '10-kuberouter.conflist',
};

/** A cluster from its birth to its end. */
interface Journey {
  readonly name: string;
  /** Born without a network, then given one by manifests of the user's own: flannel's, as kbs itself would write them. */
  readonly startsWithOwn?: boolean;
  /** Docker Engine is Debian's docker.io; cri-dockerd is the lab's stand-in, made of the real dockershim. */
  readonly runtime: LabRuntime;
  readonly install: 'artifact' | 'package';
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
  /** The first one is that of its birth; the others are changes on the living cluster. */
  readonly networks: readonly [Network, ...Network[]];
}

/** Every way of packets once, and with CRI-O where its programs are; the rest of the pairs of network, cgroup driver and installation on demand. */
const JOURNEYS: readonly Journey[] = [
  {
    name: 'nets',
    startsWithOwn: true,
    runtime: 'containerd',
    install: 'package',
    cgroupDriver: 'cgroupfs',
    networks: [HOST_GW, UDP, VXLAN_WITH_POLICIES, KUBE_ROUTER],
  },
  { name: 'nets7', runtime: 'cri-o', install: 'artifact', cgroupDriver: 'systemd', networks: [VXLAN_WITH_POLICIES, HOST_GW] },
  { name: 'nets8', runtime: 'cri-o', install: 'artifact', cgroupDriver: 'cgroupfs', networks: [KUBE_ROUTER, UDP, VXLAN] },
  ...(IS_THOROUGH
    ? ([
        { name: 'nets2', runtime: 'containerd', install: 'artifact', cgroupDriver: 'systemd', networks: [KUBE_ROUTER, HOST_GW] },
        { name: 'nets3', runtime: 'containerd', install: 'package', cgroupDriver: 'systemd', networks: [VXLAN_WITH_POLICIES, UDP] },
        {
          name: 'nets4',
          runtime: 'containerd',
          install: 'artifact',
          cgroupDriver: 'cgroupfs',
          networks: [UDP, KUBE_ROUTER, VXLAN_WITH_POLICIES],
        },
        { name: 'nets5', runtime: 'docker', install: 'package', cgroupDriver: 'systemd', networks: [VXLAN, HOST_GW, UDP] },
        {
          name: 'nets6',
          runtime: 'docker',
          install: 'package',
          cgroupDriver: 'cgroupfs',
          networks: [VXLAN_WITH_POLICIES, KUBE_ROUTER, VXLAN],
        },
      ] as const)
    : []),
];

/** The folder `network` and the file `more.yaml` beside the cluster file. */
async function writeOwnNetwork({ bundle, directory }: LabCluster): Promise<void> {
  const { images } = JSON.parse(await readFile(join(bundle, 'checksums.json'), 'utf8')) as { images: Readonly<Record<string, unknown>> };
  const imageOf = (pattern: RegExp): string => Object.keys(images).find((image) => pattern.test(image)) ?? 'none';
  const objects = flannelObjects({
    version: 'v0.19.2',
    podSubnet: '10.244.0.0/16',
    backend: 'vxlan',
    image: imageOf(/flannel:v/),
    cniPluginImage: imageOf(/flannel-cni-plugin:v/),
  });
  await mkdir(join(directory, 'network'));
  await writeFile(join(directory, 'network', 'flannel.yaml'), objects.map(printYaml).join('---\n'));
  const more = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more', namespace: 'kube-flannel' }, data: { a: 'b' } };
  await writeFile(join(directory, 'more.yaml'), printYaml(more));
}

/** Encapsulated, and from pods as it is. */
const WAYS = { vxlan: 'udp dport 8472', udp: 'udp dport 8285', plain: 'ip saddr 10.244.0.0/16' } as const;

const isMissing = ({ runtime }: Journey): boolean => runtime === 'cri-o' && CRIO_DIRECTORY === undefined;

function titleOf(journey: Journey): string {
  const why = isMissing(journey) ? WHY_NO_CRIO : '';
  return `pod networks with ${journey.runtime} as ${journey.install}, cgroup driver ${journey.cgroupDriver}${why}`;
}

for (const journey of JOURNEYS) {
  const { name, startsWithOwn = false, runtime, install, cgroupDriver, networks } = journey;

  describe.skipIf(IS_EVERYDAY || isMissing(journey))(titleOf(journey), () => {
    const containerRuntime = { type: runtime, install, cgroupDriver };
    let cluster: LabCluster;
    const bare = new Map<string, Snapshot>();

    beforeAll(async () => {
      const hosts = [{ name: 'cp1', login: 'sudo' as const }, { name: 'w1' }];
      cluster = await createRuntimeLab({ cluster: { name, hosts }, runtimes: [runtime], install });
      for (const host of HOSTS) bare.set(host, await snapshotHost(cluster.lab, host, { ignorePaths }));
    });

    afterAll(async () => {
      await cluster.down();
    });

    const on = async (host: string, command: string): Promise<string> => (await cluster.lab.ssh(host, command)).stdout.trim();

    describe.runIf(startsWithOwn).sequential('a network of the user’s own', () => {
      const describeNetwork = (cni: object): Promise<void> =>
        cluster.describe({ spec: { network: { kubeProxy: KUBE_PROXY, cni }, containerRuntime } });

      test('none: all but the network is there, nodes stay NotReady, and the run says that nothing was proven', async () => {
        await describeNetwork({ type: 'none' });
        const applied = await cluster.kbs(['apply', '-f', cluster.file]);
        expect(applied.exitCode, applied.stderr).toBe(0);
        expect(applied.stderr).toContain('the pod network is not kbs’s');
        expect(await cluster.kubectl(['get', 'nodes', '--no-headers'])).toMatch(/^cp1 +NotReady .*\nw1 +NotReady /);
        expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
      });

      test('custom: files and folders are applied, waited for and proven', async () => {
        await writeOwnNetwork(cluster);
        await describeNetwork({ type: 'custom', manifests: ['network', 'more.yaml'] });
        const result = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
        expect(result.proof.length).toBeGreaterThan(0);
        expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
        expect(await cluster.kubectl(['get', 'configmap', '-n', 'kube-flannel', 'more', '-o', 'name'])).toBe('configmap/more\n');
        expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
      });

      test('what leaves the files leaves the cluster, and the plan says so before', async () => {
        await describeNetwork({ type: 'custom', manifests: ['network'] });
        const key = ({ host, step, plan }: ConvergeResult['changes'][number]): string => `${host} ${step} ${plan.summary}`;
        const planned = await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file]);
        expect(planned.changes.map(key)).toEqual(['cp1 pod-network/remove-former delete ConfigMap kube-flannel/more']);
        const applied = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
        expect(applied.changes.map(key)).toEqual(planned.changes.map(key));
        expect(await cluster.kubectl(['get', 'configmap', '-n', 'kube-flannel', 'more', '--ignore-not-found'])).toBe('');
      });
    });

    describe.sequential.each(networks)('$what', ({ network, wire, links, cniFile, hasPolicies = false }) => {
      test('comes up and is proven', async () => {
        await cluster.describe({ spec: { network: { kubeProxy: KUBE_PROXY, ...network }, containerRuntime } });
        const result = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
        expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
      });

      test('a second apply changes nothing, and packets of pods go its way and no other', async () => {
        let rows: VerifyResult['rows'] = [];
        const packets = await packetsDuring(cluster.lab, 'cp1', WAYS, async () => {
          const { changes, proof } = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
          expect([changes, proof.filter(({ ok }) => !ok)]).toEqual([[], []]);
          if (hasPolicies || IS_THOROUGH)
            ({ rows } = await cluster.kbsJson<VerifyResult>(['verify', '-f', cluster.file, '--profile', 'full', '--timeout', '3m']));
        });
        expectOnly(packets, wire);
        const policies = rows.filter(({ check }) => check === 'network policy');
        if (hasPolicies) expect(policies.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 'ok'));
      });

      test('nothing of another network is on the hosts', async () => {
        for (const host of HOSTS) {
          const present = await on(host, `sed -n 's/^ *\\(cni0\\|kube-bridge\\|flannel[.0-9]*\\):.*/\\1/p' /proc/net/dev | sort`);
          expect([...links].sort(), host).toEqual(expect.arrayContaining(present.split('\n').filter((link) => link !== '')));
          expect(await on(host, 'ls /etc/cni/net.d'), host).toBe(cniFile);
          const sets = await on(host, 'ipset list -n | grep -c "^kube-router-" || true');
          expect(Number(sets) > 0, `sets on ${host}`).toBe(cniFile !== FLANNEL_FILE);
        }
      });
    });

    test('reset leaves nothing of any of them', async () => {
      await expectExactReset(cluster, HOSTS, bare, { ignorePaths });
    });
  });
}
