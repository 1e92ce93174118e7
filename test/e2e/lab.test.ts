import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { output } from '../lab/command.js';
import { createLab, downLab, openLab, type Lab } from '../lab/lab.js';
import { ensureRootFileSystem } from '../lab/rootfs.js';
import { diffSnapshots, snapshotHost } from '../lab/snapshot.js';
import { listLabs } from '../lab/state.js';
import { ensureLabTools } from '../lab/tools.js';

/** What a lab could leave behind on the machine, by kind. Other labs may be up: only this one's traces count. */
async function tracesOf(lab: string): Promise<string[]> {
  const mark = `kbs-${lab}`;
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .filter((line) => line.includes(`/kbs-lab/${lab}/`) || line.includes(mark));
  const namespaces = (await readdir('/run/netns').catch(() => [])).filter((name) => name === mark || name.startsWith(`${mark}.`));
  // Not into groups of hosts: those of other labs come and go meanwhile.
  const cgroups = (await output(['find', '/sys/fs/cgroup', '-name', 'kbs-lab.*', '-prune', '-name', `kbs-lab.${lab}.*`]))
    .split('\n')
    .filter((line) => line !== '');
  const directories = (await Promise.all(['/run/kbs-lab', '/var/lib/kbs-lab'].map((root) => readdir(root).catch(() => [])))).flat();
  const processes = (await output(['ps', '-eo', 'pid=,args=']))
    .split('\n')
    .filter((line) => line.includes(`/kbs-lab/${lab}/`) && !line.includes('ps -eo'));
  return [...mounts, ...namespaces, ...cgroups, ...directories.filter((name) => name === lab), ...processes];
}

beforeAll(async () => {
  await ensureLabTools();
  await ensureRootFileSystem();
});

describe('a lab of two hosts', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await createLab({ name: 'e2e-lab', hosts: [{ name: 'a' }, { name: 'b', login: 'sudo-password' }] });
  });

  afterAll(async () => {
    await downLab('e2e-lab');
  });

  test('lets the operator in with the key it offers, strictly checked', async () => {
    for (const host of lab.hosts) {
      const options = [
        '-F',
        'none',
        '-o',
        'BatchMode=yes',
        '-o',
        'StrictHostKeyChecking=yes',
        '-o',
        `UserKnownHostsFile=${lab.knownHostsFile}`,
      ];
      const result = await lab.run(['ssh', ...options, '-i', lab.identityFile, `${host.user}@${host.address}`, 'hostname; id -un']);
      expect(result).toMatchObject({ stdout: `${host.name}\n${host.user}\n`, exitCode: 0 });
    }
  });

  test('asks the password of a user whose sudo needs one', async () => {
    const options = ['-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${lab.knownHostsFile}`, '-i', lab.identityFile];
    const target = `admin@${lab.host('b').address}`;
    const without = await lab.run(['ssh', ...options, target, 'sudo -n id -u']);
    expect(without.exitCode).not.toBe(0);
    const withPassword = await lab.run(['ssh', ...options, target, 'sudo -S -p "" id -u'], { input: `${lab.sudoPassword}\n` });
    expect(withPassword).toMatchObject({ stdout: '0\n', exitCode: 0 });
  });

  test('gives each host a systemd, processes, a machine-id and control groups of its own', async () => {
    const [a, b] = await Promise.all(
      lab.hosts.map(async (host) => {
        const state = await lab.ssh(host, 'cat /proc/1/comm; systemctl is-system-running --wait; cat /etc/machine-id; ps -e | wc -l');
        return state.stdout.trim().split('\n');
      }),
    );
    expect(a?.slice(0, 2)).toEqual(['systemd', 'running']);
    expect(b?.slice(0, 2)).toEqual(['systemd', 'running']);
    expect(a?.[2]).not.toBe(b?.[2]);
    expect(Number(a?.[3])).toBeLessThan(40);
    const group = '/sys/fs/cgroup/memory/kubepods';
    await lab.ssh('a', `mkdir ${group} && echo 64M > ${group}/memory.limit_in_bytes`);
    expect((await lab.ssh('b', `test -e ${group}`)).exitCode).toBe(1);
    expect((await lab.ssh('a', `cat ${group}/memory.limit_in_bytes && rmdir ${group}`)).stdout).toBe('67108864\n');
  });

  test('connects the hosts with each other and with nothing else', async () => {
    expect((await lab.ssh('a', `ping -c 1 -W 2 ${lab.host('b').address}`)).exitCode).toBe(0);
    expect((await lab.ssh('a', 'ping -c 1 -W 2 192.0.2.1')).exitCode).not.toBe(0);
  });

  test('has what a cluster needs of the kernel', async () => {
    const script = [
      'set -e',
      'ip link add vx0 type vxlan id 9 dev eth0 dstport 8472',
      'ip link del vx0',
      'iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE',
      'iptables -t nat -D POSTROUTING -s 192.0.2.0/24 -j MASQUERADE',
      'nft delete table ip nat',
      'sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1',
      'systemd-run --quiet --wait -p MemoryMax=64M -p CPUQuota=50% true',
      'mkdir /sys/fs/cgroup/cpu/x && rmdir /sys/fs/cgroup/cpu/x',
      'sysctl -qw net.ipv4.ip_forward=0',
    ].join('\n');
    expect(await lab.ssh('b', script)).toMatchObject({ stderr: '', exitCode: 0 });
  });

  test('yields equal snapshots of an idle host, and shows what changed', { timeout: 120_000 }, async () => {
    const first = await snapshotHost(lab, 'a');
    await sleep(20_000);
    await lab.ssh('a', 'true');
    expect(diffSnapshots(first, await snapshotHost(lab, 'a'))).toEqual([]);

    await lab.ssh(
      'a',
      'echo x > /etc/left-over; chmod 755 /etc/hostname; ip link add left0 type bridge; nft add table ip left; sysctl -qw net.ipv4.ip_forward=1',
    );
    const lines = diffSnapshots(first, await snapshotHost(lab, 'a'));
    expect(lines).toContain('files: + /etc/left-over file 644 root:root 2');
    expect(lines).toContain('files: /etc/hostname: file 644 root:root 2 → file 755 root:root 2');
    expect(lines).toContain('sysctls: net/ipv4/ip_forward: 0 → 1');
    expect(lines.some((line) => line.startsWith('links: + left0'))).toBe(true);
    expect(lines.some((line) => line.startsWith('nftables: + table ip left'))).toBe(true);
  });

  test('yields no snapshot while the kernel still tries whether an address is free', async () => {
    await lab.exec('b', ['sh', '-c', 'ip link add tried0 type veth peer name tried1 && ip link set tried1 up']);
    const before = await snapshotHost(lab, 'b');
    await lab.exec('b', ['sh', '-c', 'ip link set tried0 up && ip addr add fd00:7e57::1/64 dev tried0']);
    const during = await lab.exec('b', ['ip', '-6', 'addr', 'show', 'dev', 'tried0', 'tentative']);
    expect(during.stdout).toContain('fd00:7e57::1');
    const lines = diffSnapshots(before, await snapshotHost(lab, 'b'));
    expect(lines.filter((line) => line.startsWith('addresses: + tried0')).join('\n')).toContain('fd00:7e57::1');
    expect(lines.join('\n')).not.toContain('tentative');
    await lab.exec('b', ['ip', 'link', 'del', 'tried0']);
  });

  test('boots a host again from its disk after a power cut', async () => {
    await lab.ssh('b', 'echo kept > /root/kept && echo kept > /var/lib/etcd/kept');
    await lab.kill('b');
    expect((await lab.ssh('a', `ping -c 1 -W 1 ${lab.host('b').address}`)).exitCode).not.toBe(0);
    await lab.start('b');
    expect(await lab.ssh('b', 'cat /root/kept /var/lib/etcd/kept')).toMatchObject({ stdout: 'kept\nkept\n' });
  });

  test('takes in and gives up hosts while it runs, one without systemd too', async () => {
    const added = await lab.add({ name: 'c', systemd: false });
    expect((await lab.ssh(added, 'cat /proc/1/comm; test -d /run/systemd/system')).stdout).toBe('sh\n');
    await lab.remove('c');
    expect(lab.hosts.map(({ name }) => name)).toEqual(['a', 'b']);
    expect((await openLab('e2e-lab')).hosts).toEqual(lab.hosts);
  });
});

describe('several labs', () => {
  test('come up side by side, in networks that do not overlap', async () => {
    const names = ['e2e-left', 'e2e-right'];
    try {
      const labs = await Promise.all(names.map((name) => createLab({ name, hosts: [{ name: 'a' }] })));
      expect(new Set(labs.map(({ subnet }) => subnet)).size).toBe(2);
      for (const lab of labs) expect((await lab.ssh('a', 'hostname')).stdout).toBe('a\n');
    } finally {
      for (const name of names) await downLab(name);
    }
  });

  test('let the operator in on five hosts that were started at once', async () => {
    try {
      const lab = await createLab({ name: 'e2e-five', hosts: ['cp1', 'cp2', 'cp3', 'w1', 'w2'].map((name) => ({ name })) });
      for (const { name } of lab.hosts) expect((await lab.ssh(name, 'hostname')).stdout).toBe(`${name}\n`);
    } finally {
      await downLab('e2e-five');
    }
  });
});

describe('a lab that ends', () => {
  test('leaves nothing on the machine', async () => {
    const lab = await createLab({ name: 'e2e-end', hosts: [{ name: 'a' }] });
    expect(await tracesOf('e2e-end')).not.toEqual([]);
    await lab.ssh('a', 'mkdir -p /sys/fs/cgroup/pids/kubepods/pod1; nohup sleep 1000 >/dev/null 2>&1 &');
    await lab.down();
    expect(await tracesOf('e2e-end')).toEqual([]);
  });

  test.each([100, 400, 1200])('can be ended after the program that made it was killed after %i ms', async (delayMs) => {
    const name = `e2e-crash-${delayMs}`;
    const program = spawn(process.execPath, ['--import', 'tsx', 'test/lab/cli.ts', 'up', '2', '--name', name], { stdio: 'ignore' });
    const ended = once(program, 'exit');
    const deadline = Date.now() + 30_000;
    while ((await tracesOf(name)).length === 0 && Date.now() < deadline) await sleep(10);
    await sleep(delayMs);
    program.kill('SIGKILL');
    await ended;
    await downLab(name);
    expect(await tracesOf(name)).toEqual([]);
  });

  test('makes room when its creator was killed and a next one is made', async () => {
    const name = 'e2e-orphan';
    const script = `import { createLab } from './test/lab/lab.ts'; await createLab({ name: '${name}', hosts: [{ name: 'a' }] }); process.exit(0);`;
    const program = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], { stdio: 'ignore' });
    expect((await once(program, 'exit'))[0]).toBe(0);
    expect(await listLabs()).toContain(name);
    const next = await createLab({ name, hosts: [{ name: 'b' }] });
    try {
      expect(next.hosts.map((host) => host.name)).toEqual(['b']);
      expect((await next.ssh('b', 'hostname')).stdout).toBe('b\n');
    } finally {
      await next.down();
    }
    expect(await tracesOf(name)).toEqual([]);
  });
});
