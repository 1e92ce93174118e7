import { describe, expect, test } from 'vitest';
import { freeHostNumber } from '../../lab/addressing.js';
import { parseHierarchies } from '../../lab/cgroups.js';
import { defaultNames } from '../../lab/cli-commands.js';
import { diffSnapshots, parseSnapshot } from '../../lab/snapshot.js';

describe('control group hierarchies', () => {
  test('are found with the own group of each where controllers are mounted one by one', () => {
    const mountinfo = [
      '30 24 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
      '31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct',
      '32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '33 30 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset',
      '34 30 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd',
      '35 30 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      '36 24 254:0 / / rw - ext4 /dev/vda rw',
    ].join('\n');
    const cgroup = '5:cpuset:/\n4:cpu,cpuacct:/a\n3:memory:/b/c\n1:name=systemd:/\n0::/d\n';
    expect(parseHierarchies(mountinfo, cgroup)).toEqual([
      { mountPoint: '/sys/fs/cgroup/cpu,cpuacct', ownPath: '/a', cpuset: false, unified: false },
      { mountPoint: '/sys/fs/cgroup/memory', ownPath: '/b/c', cpuset: false, unified: false },
      { mountPoint: '/sys/fs/cgroup/cpuset', ownPath: '/', cpuset: true, unified: false },
      { mountPoint: '/sys/fs/cgroup/systemd', ownPath: '/', cpuset: false, unified: false },
      { mountPoint: '/sys/fs/cgroup/unified', ownPath: '/d', cpuset: false, unified: true },
    ]);
  });

  test('are one on a machine with cgroup v2 alone', () => {
    const mountinfo = '25 24 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
    expect(parseHierarchies(mountinfo, '0::/user.slice/session-1.scope\n')).toEqual([
      { mountPoint: '/sys/fs/cgroup', ownPath: '/user.slice/session-1.scope', cpuset: false, unified: true },
    ]);
  });
});

describe('snapshots', () => {
  test('are equal when only blanks differ', () => {
    expect(diffSnapshots(parseSnapshot('@@ routes\ndefault via 10.0.0.1 \n'), parseSnapshot('@@ routes\ndefault  via 10.0.0.1\n'))).toEqual(
      [],
    );
  });

  test('name what came, what went and what changed', () => {
    const before = parseSnapshot('@@ files\n/a\tfile 644\n/b\tfile 644\n@@ modules\nx\n');
    const after = parseSnapshot('@@ files\n/a\tfile 600\n/c\tfile 644\n@@ modules\nx\nx\n');
    expect(diffSnapshots(before, after)).toEqual([
      'files: /a: file 644 → file 600',
      'files: - /b file 644',
      'files: + /c file 644',
      'modules: + x (2)',
    ]);
  });
});

test('hosts are one control plane and workers, from five hosts on three control planes', () => {
  expect(defaultNames(3)).toEqual(['cp1', 'w1', 'w2']);
  expect(defaultNames(5)).toEqual(['cp1', 'cp2', 'cp3', 'w1', 'w2']);
});

test('a host gets the lowest number that is free', () => {
  expect(freeHostNumber(new Set([11, 12, 14]))).toBe(13);
});
