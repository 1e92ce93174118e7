import { describe, expect, test } from 'vitest';
import { parseClock, parseFacts } from '../../../src/host/facts-parse.js';

/** What the script prints on a Debian 12 virtual machine. */
const DEBIAN = {
  clock: '1795228929775123456',
  hostname: 'cp1',
  uname: 'x86_64\n6.1.0-18-amd64',
  os: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\nHOME_URL="https://www.debian.org/"',
  init: 'systemd',
  systemd: 'systemd 252 (252.39-1~deb12u2)',
  cgroup2: 'cpuset cpu io memory hugetlb pids rdma misc',
  cgroup1: '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t1\t1',
  cpus: '4',
  memory: 'MemTotal:        8024724 kB',
  'machine-id': '3d1219c7c4c5404aaa1f6d2a48adfda4',
  'product-uuid': '11111111-2222-3333-4444-555555555555',
  links: [
    '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
    '2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\\    link/ether 52:54:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netnsid 0',
    '3: tun0: <POINTOPOINT,UP> mtu 1400 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 500\\    link/none ',
  ].join('\n'),
  addresses: [
    '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever',
    '2: eth0    inet 10.0.0.11/24 brd 10.0.0.255 scope global dynamic eth0\\       valid_lft 3000sec',
    '2: eth0    inet6 fd00::11/64 scope global \\       valid_lft forever preferred_lft forever',
    '2: eth0    inet6 fe80::5054:ff:fe00:1/64 scope link \\       valid_lft forever preferred_lft forever',
  ].join('\n'),
  swaps: 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/sda2                               partition\t1998844\t\t0\t\t-2',
  capabilities: 'CapBnd:\t000001ffffffffff',
  resolved: 'inactive',
  trust: '/etc/ssl/certs\n/usr/share/ca-certificates',
  space: '/ /dev/sda1 41152736 9048884 30192312 24% /\n/var/lib/etcd /dev/sda1 41152736 9048884 30192312 24% /',
  packages: '/usr/bin/apt-get',
  end: '',
};

function printed(changes: Partial<Record<keyof typeof DEBIAN, string>> = {}): string {
  return Object.entries({ ...DEBIAN, ...changes })
    .map(([name, text]) => `@@kbs-fact ${name}\n${text}\n`)
    .join('');
}

describe('facts', () => {
  test('of an ordinary host are all read', () => {
    expect(parseFacts(printed())).toEqual({
      hostname: 'cp1',
      architecture: 'amd64',
      kernelRelease: '6.1.0-18-amd64',
      os: { id: 'debian', versionId: '12', prettyName: 'Debian GNU/Linux 12 (bookworm)', idLike: [] },
      init: 'systemd',
      systemdVersion: 252,
      cgroupVersion: 'v2',
      cgroupControllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'],
      cpus: 4,
      memoryBytes: 8024724 * 1024,
      machineId: '3d1219c7c4c5404aaa1f6d2a48adfda4',
      productUuid: '11111111-2222-3333-4444-555555555555',
      addresses: ['10.0.0.11', 'fd00::11'],
      interfaces: [
        { name: 'lo', mac: '00:00:00:00:00:00', mtu: 65536, addresses: [] },
        { name: 'eth0', mac: '52:54:00:00:00:01', mtu: 1500, addresses: ['10.0.0.11', 'fd00::11'] },
        { name: 'tun0', mac: '', mtu: 1400, addresses: [] },
      ],
      swaps: [{ device: '/dev/sda2', type: 'partition', sizeKiB: 1998844 }],
      hasCapSysResource: true,
      usesSystemdResolved: false,
      trustStoreDirectories: ['/etc/ssl/certs', '/usr/share/ca-certificates'],
      freeBytes: { '/': 30192312 * 1024, '/var/lib/etcd': 30192312 * 1024 },
      packageManager: 'apt',
    });
  });

  test('of a host without systemd, sudo, iproute and DMI are there as far as they go', () => {
    const bare = printed({
      init: 'busybox',
      systemd: '',
      addresses: '',
      'product-uuid': '',
      'machine-id': '',
      packages: '',
      resolved: '',
      swaps: '',
    });
    expect(parseFacts(bare)).toMatchObject({
      init: 'busybox',
      systemdVersion: undefined,
      addresses: [],
      productUuid: undefined,
      machineId: '',
      packageManager: undefined,
      usesSystemdResolved: false,
      swaps: [],
    });
  });

  test('take links from /sys where there is no ip', () => {
    const { interfaces } = parseFacts(printed({ links: 'eth0 1500 52:54:00:00:00:01\nlo 65536 00:00:00:00:00:00', addresses: '' }));
    expect(interfaces).toEqual([
      { name: 'eth0', mac: '52:54:00:00:00:01', mtu: 1500, addresses: [] },
      { name: 'lo', mac: '00:00:00:00:00:00', mtu: 65536, addresses: [] },
    ]);
  });

  test('tell cgroup v1 with the controllers that are on', () => {
    const cgroup1 = '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t5\t1\t1\nmemory\t0\t1\t0\npids\t9\t1\t1';
    expect(parseFacts(printed({ cgroup2: '', cgroup1 }))).toMatchObject({ cgroupVersion: 'v1', cgroupControllers: ['cpuset', 'pids'] });
  });

  test('tell a container that may not set oom_score_adj', () => {
    expect(parseFacts(printed({ capabilities: 'CapBnd:\t00000000a80425fb' })).hasCapSysResource).toBe(false);
  });

  test('read os-release with single quotes, without quotes and with escapes', () => {
    const os = `ID='rocky'\nID_LIKE="rhel centos fedora"\nVERSION_ID=9.3\nPRETTY_NAME="Rocky \\"Blue\\" 9"`;
    expect(parseFacts(printed({ os })).os).toEqual({
      id: 'rocky',
      versionId: '9.3',
      idLike: ['rhel', 'centos', 'fedora'],
      prettyName: 'Rocky "Blue" 9',
    });
  });

  test('leave out what login scripts print before', () => {
    expect(parseFacts(`Welcome!\n${printed()}`).hostname).toBe('cp1');
  });

  test('that stop half-way are an error, not missing facts', () => {
    const whole = printed();
    expect(() => parseFacts(whole.slice(0, whole.indexOf('@@kbs-fact swaps')))).toThrow(
      expect.objectContaining({ code: 'REMOTE_COMMAND' }) as Error,
    );
  });

  test('names other architectures as the kernel does', () => {
    expect(parseFacts(printed({ uname: 'aarch64\n6.1' })).architecture).toBe('arm64');
    expect(parseFacts(printed({ uname: 'riscv64\n6.1' })).architecture).toBe('riscv64');
  });
});

test('the clock is read with nanoseconds, and without as busybox prints it', () => {
  expect(parseClock('1795228929775123456')).toBe(1795228929775);
  expect(parseClock('1795228929')).toBe(1795228929000);
  expect(parseClock('1795228929%N')).toBe(1795228929000);
  expect(parseClock('date: invalid option')).toBeUndefined();
});
