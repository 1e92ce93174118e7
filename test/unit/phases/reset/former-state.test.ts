import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../../src/host/index.js';
import { baselineEntries } from '../../../../src/phases/baseline/record.js';
import { absentTrees, formerState, isWithin } from '../../../../src/phases/reset/former-state.js';

/** What the baseline's script prints on a host where somebody runs containerd and has one nft table. */
const LOOKED = [
  'tree\t/var/lib/kubelet\tabsent',
  'tree\t/etc/cni\tdirectory',
  'tree\t/run/xtables.lock\tfile',
  'path\t/lib/modules\tabsent',
  'path\t/opt/cni/bin/flannel\tlink',
  'unit\tnetwork-online.target\tinactive\tstatic',
  'content\t/var/lib/containerd\t',
  'content\t/var/lib/containerd\tio.containerd.metadata.v1.bolt',
  'sysctl\tnet.ipv4.ip_forward\t0',
  'link\tlo',
  'link\teth0',
  'mount\t/var/lib/containerd/disk',
  'nft\tyes',
  'table\tip filter',
  'nft-chain\tip filter INPUT',
  'chain\tiptables KUBE-OLD',
].join('\n');

const CONTAINERD: JournalEntry = { kind: 'unit', unit: 'containerd.service', enabled: 'enabled', active: 'active' };

describe('the journal of a host', () => {
  const baseline = baselineEntries(LOOKED);

  test('is read back as it was written', () => {
    const former = formerState(baseline);
    expect(former).toMatchObject({ links: new Set(['lo', 'eth0']), mounts: new Set(['/var/lib/containerd/disk']), keepsRuntime: false });
    expect(former?.nftTables).toEqual(new Set(['ip filter']));
    expect(former?.nftChains).toEqual(new Set(['ip filter INPUT']));
    expect(former?.chains).toEqual(new Set(['iptables KUBE-OLD']));
    expect(former?.contentOf('/var/lib/containerd')).toEqual(new Set(['', 'io.containerd.metadata.v1.bolt']));
    expect(former?.contentOf('/etc/cni')).toBeUndefined();
  });

  test('never mentions a file that stands where a tree could be', () => {
    expect(JSON.stringify(baseline)).not.toContain('xtables.lock');
  });

  test('keeps the mode of folders that were there', () => {
    expect(baseline).toContainEqual({ kind: 'path', path: '/etc/cni', was: 'directory' });
  });

  test('says nothing of nftables where nobody could look', () => {
    const former = formerState(baselineEntries(LOOKED.replace('nft\tyes\n', '')));
    expect(former?.nftTables).toBeUndefined();
  });

  test('is gone through backwards, the first entry of a thing being the oldest', () => {
    const later: readonly JournalEntry[] = [
      { kind: 'path', path: '/srv/a', was: 'absent' },
      { kind: 'path', path: '/srv/a/b', was: 'absent' },
    ];
    expect(
      formerState([...baseline, ...later])
        ?.paths.map(({ path }) => path)
        .slice(0, 2),
    ).toEqual(['/srv/a/b', '/srv/a']);
  });

  test('without the end of the baseline tells that nothing was changed yet', () => {
    expect(formerState([])).toBeUndefined();
    expect(formerState(baseline.slice(0, -1))).toBeUndefined();
  });

  test('tells a container runtime of somebody else, and which images came with kbs', () => {
    const former = formerState([CONTAINERD, ...baseline, { kind: 'note', name: 'image registry.k8s.io/pause:3.8', value: 'absent' }]);
    expect(former).toMatchObject({ keepsRuntime: true, images: ['registry.k8s.io/pause:3.8'] });
  });

  test('with a damaged note is an error, for a wrong guess would remove what belongs to others', () => {
    const damaged = baseline.map((entry) => (entry.kind === 'note' && entry.name === 'links' ? { ...entry, value: '["lo"' } : entry));
    expect(() => formerState(damaged)).toThrow(expect.objectContaining({ code: 'FILE_READ' }));
  });

  test('knows trees that go as a whole', () => {
    const former = formerState(baseline);
    expect(former && absentTrees(former)).toEqual(['/var/lib/kubelet']);
    expect(isWithin('/var/lib/kubelet/pki/a.pem', ['/var/lib/kubelet'])).toBe(true);
    expect(isWithin('/var/lib/kubelet-other', ['/var/lib/kubelet'])).toBe(false);
  });
});

test('CRI-O is known by its unit', () => {
  const crio: JournalEntry = { kind: 'unit', unit: 'crio.service', enabled: 'not-found', active: 'inactive' };
  const baseline = baselineEntries(LOOKED);
  expect([formerState(baseline)?.hasCrio, formerState([...baseline, crio])?.hasCrio]).toEqual([false, true]);
});

describe('Docker Engine', () => {
  const docker = (active: string): JournalEntry => ({ kind: 'unit', unit: 'docker.service', enabled: 'enabled', active });
  const baseline = baselineEntries(LOOKED);

  test.each([
    ['untouched', [...baseline]],
    ['brought', [...baseline, docker('inactive')]],
    ['kept', [...baseline, docker('active')]],
  ])('is %s by what the journal says of its unit', (verdict, entries) => {
    expect(formerState(entries)?.docker).toBe(verdict);
  });

  test('leaves a group behind, which the journal remembers', () => {
    expect(formerState([...baseline, { kind: 'note', name: 'group docker', value: 'absent' }])?.groups).toEqual(['docker']);
  });
});
