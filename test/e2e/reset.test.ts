import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult, ResetResult } from '../../src/operations/index.js';
import { diffSnapshots, snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { IS_EVERYDAY, IS_THOROUGH } from '../support/depth.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';

const HOSTS = ['cp1', 'w1'];
const KBS = resolve(import.meta.dirname, '..', '..', 'bin', 'run.js');

/** What an administrator might have on a host, in each of the places kbs works in. */
const FOREIGN = `set -e
iptables -A INPUT -p tcp --dport 9999 -j DROP -m comment --comment 'rule of the administrator'
iptables -t nat -N ADMIN
iptables -t nat -A PREROUTING -j ADMIN
iptables -t nat -A ADMIN -p tcp --dport 81 -j RETURN
ip6tables -A OUTPUT -p tcp --dport 9998 -j DROP
nft add table inet admin
nft add chain inet admin input '{ type filter hook input priority 10; policy accept; }'
nft add rule inet admin input tcp dport 4444 drop
nft add table ip admin-empty
ip link add admin0 type bridge
ip address add 192.0.2.1/24 dev admin0
ip link set admin0 up
ip route add 198.51.100.0/24 dev admin0
ip netns add admin
mkdir -p /etc/cni/net.d /opt/cni/bin /var/lib/kubelet/admin
echo '{"cniVersion":"0.4.0","name":"admin","plugins":[{"type":"loopback"}]}' > /etc/cni/net.d/99-admin.conflist
chmod 640 /etc/cni/net.d/99-admin.conflist
echo 'a plugin of the administrator' > /opt/cni/bin/admin
echo 'an older bridge' > /opt/cni/bin/bridge
chmod 750 /opt/cni/bin/bridge
ln -s /opt/cni/bin/admin /usr/local/bin/ctr
echo 'kept' > /var/lib/kubelet/admin/file
printf 'runtime-endpoint: unix:///admin.sock\\n' > /etc/crictl.yaml
chmod 600 /etc/crictl.yaml
chown daemon:daemon /etc/crictl.yaml
touch -d 2020-01-01 /etc/crictl.yaml
echo 'net.ipv4.tcp_fin_timeout = 33' > /etc/sysctl.d/50-admin.conf
sysctl -q -w net.ipv4.tcp_fin_timeout=33
printf '[Unit]\\nDescription=admin\\n[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/admin.service
systemctl daemon-reload
systemctl enable -q --now admin.service
echo '192.0.2.9 printer' >> /etc/hosts
mount -t tmpfs admin /mnt`;

let cluster: LabCluster;
let found: ReadonlyMap<string, Snapshot>;

beforeAll(async () => {
  cluster = await createLabCluster({
    name: 'reset',
    hosts: HOSTS.map((name) => ({ name })),
    spec: { preparation: { hostsFile: true } },
  });
  for (const name of HOSTS) {
    const planted = await cluster.lab.exec(name, ['sh', '-c', FOREIGN]);
    expect(planted, planted.stderr).toMatchObject({ exitCode: 0 });
  }
  found = await snapshots();
});

afterAll(async () => {
  await cluster.down();
});

async function snapshots(): Promise<ReadonlyMap<string, Snapshot>> {
  return new Map(await Promise.all(HOSTS.map(async (name) => [name, await snapshotHost(cluster.lab, name)] as const)));
}

/** Everything that differs from how the hosts were found, as `host section: …`. */
async function differences(): Promise<readonly string[]> {
  const now = await snapshots();
  return HOSTS.flatMap((name) => {
    const [before, after] = [found.get(name), now.get(name)];
    if (before === undefined || after === undefined) throw new Error(`no snapshot of ${name}`);
    return diffSnapshots(before, after).map((line) => `${name} ${line}`);
  });
}

/** Logs are no part of snapshots: those of pods are looked for here. The time of a file put back is, too. */
async function leftovers(): Promise<readonly string[]> {
  const look = `ls -d /var/log/pods /var/log/containers /etc/kbs* /var/lib/kbs /run/systemd/transient/*kubepods* 2>/dev/null
find / -xdev -name '.kbs-*' 2>/dev/null
stat -c '%y' /etc/crictl.yaml | grep -v '^2020-01-01'
exit 0`;
  const results = await Promise.all(HOSTS.map((name) => cluster.lab.exec(name, ['sh', '-c', look])));
  return results.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''));
}

/** Foreign things in kbs's places are leftovers of somebody else to the preflight checks: the administrator says they are fine. */
function accepting(...args: readonly string[]): readonly string[] {
  return [...args, '-f', cluster.file, '--ignore-preflight', 'all'];
}

/** Starts kbs and kills it, without a chance to clean up, when it tells of something. @returns false when it ended before */
async function killAt(args: readonly string[], line: RegExp): Promise<boolean> {
  const [program = '', ...rest] = [...cluster.lab.operator, process.execPath, KBS, ...args];
  const child = spawn(program, rest, {
    cwd: cluster.directory,
    env: { ...process.env, XDG_DATA_HOME: join(cluster.directory, 'data'), XDG_CACHE_HOME: join(cluster.directory, 'cache') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  let isKilled = false;
  for await (const text of createInterface({ input: child.stderr })) {
    if (!isKilled && line.test(text)) isKilled = child.kill('SIGKILL');
  }
  await ended;
  return isKilled;
}

async function reset(): Promise<ResetResult> {
  return cluster.kbsJson<ResetResult>(['reset', '-f', cluster.file, '--yes']);
}

describe.skipIf(IS_EVERYDAY).sequential('reset takes hosts back to how they were found', () => {
  test('a cluster is made on hosts that others use too', async () => {
    await cluster.kbsJson<ConvergeResult>(accepting('init'));
    const { proof } = await cluster.kbsJson<ConvergeResult>(accepting('join'));
    expect(proof.length).toBeGreaterThan(0);
    expect(proof.filter(({ ok }) => !ok)).toEqual([]);
    expect((await differences()).length).toBeGreaterThan(100);
  });

  test('without a yes and without a terminal nothing happens', async () => {
    const result = await cluster.kbs(['reset', '-f', cluster.file, '--output', 'json']);
    expect(result.exitCode).toBe(2);
    expect(JSON.parse(result.stdout)).toMatchObject({ errors: [{ code: 'CONFIRMATION_NEEDED' }] });
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/cp1\nnode/w1\n');
  });

  test('a dry run tells what would go on each host and lets the cluster live', async () => {
    const { changes, hosts } = await cluster.kbsJson<ResetResult>(['reset', '-f', cluster.file, '--dry-run']);
    expect(hosts).toEqual(HOSTS);
    for (const name of HOSTS) {
      const steps = changes.filter(({ host }) => host === name).map(({ step }) => step);
      expect(steps).toEqual(expect.arrayContaining(['reset/stop-kubelet', 'reset/pods', 'reset/iptables', 'reset/trees', 'reset/forget']));
    }
    expect(await cluster.kubectl(['get', 'nodes', '--no-headers'])).not.toContain('NotReady');
  });

  test('killed between any two of its steps, it goes on when it is run again, and nothing of the cluster is left', async () => {
    const args = ['reset', '-f', cluster.file, '--yes'];
    let kills = 0;
    for (const step of ['pods', 'iptables', 'trees', 'paths']) {
      if (await killAt(args, new RegExp(`cp1 reset/${step} changed`))) kills += 1;
    }
    // A step whose command was under way when kbs died is done on the host, and not told of again.
    expect(kills).toBeGreaterThanOrEqual(2);
    await reset();
    expect(await differences()).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });

  test('a second reset finds nothing to do and says so', async () => {
    const result = await cluster.kbs(['reset', '-f', cluster.file, '--yes']);
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stdout).toContain('nothing to reset on cp1, w1');
    expect(await reset()).toMatchObject({ hosts: [], untouched: HOSTS, changes: [] });
  });

  test.each([
    ...(IS_THOROUGH
      ? ([
          ['while programs are installed', /cp1 prepare\/sysctls changed/],
          ['while images are imported', /Load images on/],
          ['when etcd and the API server have just been started', /cp1 control-plane\/manifests changed/],
        ] as const)
      : []),
    ['when the pod network comes up', /cp1 flannel\/objects changed/],
  ] as const)('init killed %s is undone exactly', async (_when, line) => {
    expect(await killAt(accepting('init'), line)).toBe(true);
    const { hosts } = await reset();
    expect(hosts).toEqual(['cp1']);
    expect(await differences()).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });
});
