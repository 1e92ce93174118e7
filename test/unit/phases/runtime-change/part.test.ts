import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../../src/host/index.js';
import { runtimeOfType } from '../../../../src/phases/container-runtime/index.js';
import { formerStateOf } from '../../../../src/phases/runtime-change/part.js';
import { memoryHost } from '../../../support/memory-host.js';

const KEPT: readonly JournalEntry[] = [
  { kind: 'path', path: '/etc/kubernetes/pki/ca.crt', was: 'absent' },
  { kind: 'path', path: '/var/lib/kubelet/config.yaml', was: 'absent' },
  { kind: 'path', path: '/etc/kubernetes/manifests/etcd.yaml', was: 'absent' },
  { kind: 'path', path: '/usr/bin/kubelet', was: 'absent' },
  { kind: 'path', path: '/etc/crictl.yaml', was: 'absent' },
  { kind: 'path', path: '/etc/cni/net.d/10-flannel.conflist', was: 'absent' },
  { kind: 'tree', path: '/var/lib/etcd', was: 'absent' },
  { kind: 'tree', path: '/var/lib/kubelet', was: 'absent' },
  { kind: 'tree', path: '/etc/kubernetes', was: 'absent' },
  { kind: 'unit', unit: 'kubelet.service', enabled: 'not-found', active: 'inactive' },
  { kind: 'sysctl', key: 'net.ipv4.ip_forward', was: '0' },
];
const CONTAINERD: readonly JournalEntry[] = [
  { kind: 'path', path: '/etc/containerd/config.toml', was: 'absent' },
  { kind: 'path', path: '/etc/systemd/system/containerd.service', was: 'absent' },
  { kind: 'path', path: '/usr/local/bin/containerd-shim-runc-v2', was: 'absent' },
  { kind: 'path', path: '/usr/local/sbin/runc', was: 'absent' },
  { kind: 'tree', path: '/var/lib/containerd', was: 'absent' },
  { kind: 'unit', unit: 'containerd.service', enabled: 'not-found', active: 'inactive' },
];
const DOCKER: readonly JournalEntry[] = [
  { kind: 'path', path: '/etc/docker/daemon.json', was: 'absent' },
  { kind: 'path', path: '/etc/systemd/system/cri-docker.service', was: 'absent' },
  { kind: 'path', path: '/usr/local/bin/cri-dockerd', was: 'absent' },
  { kind: 'tree', path: '/var/lib/docker', was: 'absent' },
  { kind: 'unit', unit: 'docker.service', enabled: 'not-found', active: 'inactive' },
  { kind: 'note', name: 'group docker', value: 'absent' },
];
const PLUGINS: JournalEntry = { kind: 'tree', path: '/var/lib/cni', was: 'absent' };
const DONE: JournalEntry = { kind: 'note', name: 'baseline', value: '1' };
const JOURNAL = [DONE, ...KEPT, PLUGINS, ...CONTAINERD, ...DOCKER];

async function partOf(type: 'containerd' | 'cri-o' | 'docker', journal: readonly JournalEntry[] = JOURNAL) {
  const { paths, trees, units, groups, sysctls, docker } = await formerStateOf(
    memoryHost({ journal }),
    runtimeOfType({ containerRuntime: { type: 'containerd', cgroupDriver: 'systemd' } }, type),
  );
  const things = [...paths.map(({ path }) => path), ...trees.map(({ path }) => path), ...units.map(({ unit }) => unit)];
  return { things: things.sort(), groups, sysctls, docker };
}

const thingsOf = (entries: readonly JournalEntry[]): readonly string[] =>
  entries.flatMap((entry) => ('path' in entry ? [entry.path] : 'unit' in entry ? [entry.unit] : [])).sort();

describe('what of a host is its runtime’s', () => {
  test('is containerd’s own things and what plugins noted for its pods, and nothing of the cluster', async () => {
    expect(await partOf('containerd')).toEqual({
      things: thingsOf([...CONTAINERD, PLUGINS]),
      groups: [],
      sysctls: [],
      docker: 'untouched',
    });
  });

  test('is with Docker Engine also the containerd it works on, and its group', async () => {
    const part = await partOf('docker');
    expect(part).toMatchObject({ groups: ['docker'], sysctls: [], docker: 'brought' });
    expect(part.things).toEqual(expect.arrayContaining([...thingsOf(DOCKER), '/var/lib/containerd', 'containerd.service']));
    for (const kept of thingsOf(KEPT)) expect(part.things).not.toContain(kept);
  });

  test('is also what a sandbox of it brought, with either runtime that has the sandbox', async () => {
    const kata: readonly JournalEntry[] = [
      { kind: 'tree', path: '/opt/kata', was: 'absent' },
      { kind: 'tree', path: '/run/vc', was: 'absent' },
      { kind: 'path', path: '/usr/local/bin/containerd-shim-kata-v2', was: 'absent' },
    ];
    for (const type of ['containerd', 'cri-o'] as const) {
      expect((await partOf(type, [...JOURNAL, ...kata])).things).toEqual(expect.arrayContaining([...thingsOf(kata)]));
    }
  });

  test('is unknown on a host whose journal has no beginning', async () => {
    await expect(partOf('docker', [...KEPT, ...DOCKER])).rejects.toMatchObject({ code: 'FILE_READ' });
  });
});
