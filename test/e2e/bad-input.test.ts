import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKey } from '../lab/host-disk.js';
import { byHost, editedFile, failedRun, rememberHosts } from '../support/bad-run.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';

const HOSTS = ['cp1', 'w1', 'w2', 'w3'];

let cluster: LabCluster;
let changes: () => Promise<readonly string[]>;

const address = (name: string): string => cluster.lab.host(name).address;
/** An address of the lab's network that nobody has. */
const nobody = (number: number): string => address('cp1').replace(/\d+$/, String(number));

/** Log in otherwise than the lab does. */
const ssh = (changed: Readonly<Record<string, unknown>>) => ({
  user: 'root',
  identityFile: cluster.lab.identityFile,
  knownHostsFile: cluster.lab.knownHostsFile,
  ...changed,
});

beforeAll(async () => {
  cluster = await createLabCluster({
    name: 'bad',
    hosts: [{ name: 'cp1' }, { name: 'w1' }, { name: 'w2', login: 'sudo-password' }, { name: 'w3', systemd: false }],
    members: ['cp1', 'w1'],
  });
  const user =
    'useradd -m -s /bin/sh plain && mkdir -m 700 ~plain/.ssh && cp ~/.ssh/authorized_keys ~plain/.ssh/ && chown -R plain: ~plain/.ssh';
  expect(await cluster.lab.ssh('w1', user)).toMatchObject({ exitCode: 0 });
  changes = await rememberHosts(cluster.lab, HOSTS);
});

afterAll(async () => {
  await cluster.down();
});

describe.sequential('a cluster file that cannot be meant', () => {
  const wrong: readonly { readonly what: string; readonly edit: (text: string) => string; readonly told: RegExp }[] = [
    {
      what: 'an unknown key is told with its place and the key that was probably meant',
      edit: (text) => text.replace('kubernetesVersion', 'kubernetesVersoin'),
      told: /^.*\.yaml:6:3 spec\.kubernetesVersoin — .*did you mean kubernetesVersion/,
    },
    {
      what: 'two hosts with one address',
      edit: (text) => text.replace(address('w1'), address('cp1')),
      told: /^.*\.yaml:\d+:16 spec\.hosts\[1\]\.address — the address [\d.]+ is that of spec\.hosts\[0\]\.address too/,
    },
    {
      what: 'overlapping subnets',
      edit: (text) => text.replace('  network:\n', '  network:\n    podSubnet: 10.244.0.0/16\n    serviceSubnet: 10.244.128.0/20\n'),
      told: /^.*\.yaml:\d+:16 spec\.network\.podSubnet — .*overlap/,
    },
    {
      what: 'Kubernetes v1.24',
      edit: (text) => text.replace('v1.25.0', 'v1.24.0'),
      told: /^.*\.yaml:6:22 spec\.kubernetesVersion — v1\.24\.0 is not supported: .*v1\.25\.0 to v1\.25\.\d+/,
    },
    {
      what: 'Kubernetes v1.27',
      edit: (text) => text.replace('v1.25.0', 'v1.27.0'),
      told: /^.*\.yaml:6:22 spec\.kubernetesVersion — v1\.27\.0 is not supported/,
    },
    { what: 'an empty file', edit: () => '', told: /^.*\.yaml:1:1 the file is empty/ },
    {
      what: 'a key file that is not there',
      edit: (text) => text.replace(/identityFile: .*/, 'identityFile: /nowhere/id_ed25519'),
      told: /^.*\.yaml:\d+:19 spec\.ssh\.identityFile — there is no file \/nowhere\/id_ed25519/,
    },
  ];
  test.each(wrong)('$what', async ({ edit, told }) => {
    const file = await editedFile(cluster, 'wrong', edit);
    const { exitCode, errors, text } = await failedRun(cluster, ['init', '-f', file]);
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 3,
      errors: [{ code: 'CONFIG_INVALID', details: [expect.stringMatching(told)] }],
    });
    expect(text).toContain(errors[0]?.details[0]);
    expect(text).toContain('kbs explain CONFIG_INVALID');
  });

  test('all problems are told at once', async () => {
    const file = await editedFile(cluster, 'many', (text) =>
      text.replace('kubernetesVersion', 'kubernetesVersoin').replace(address('w1'), address('cp1')).replace('- worker', '- slave'),
    );
    const { exitCode, errors } = await failedRun(cluster, ['apply', '-f', file]);
    expect({ exitCode, errors: errors.length }).toEqual({ exitCode: 3, errors: 1 });
    expect(errors[0]?.details).toHaveLength(3);
  });

  test('a file that is not there, a folder, and no file at all', async () => {
    const missing = await failedRun(cluster, ['init', '-f', 'nowhere.yaml']);
    expect(missing).toMatchObject({
      exitCode: 3,
      errors: [{ code: 'CONFIG_NOT_FOUND', remedy: [expect.stringContaining('config init')] }],
    });
    expect(missing.text).toContain('nowhere.yaml');
    const folder = await failedRun(cluster, ['init', '-f', '/tmp']);
    expect(folder).toMatchObject({ exitCode: 3, errors: [{ code: 'CONFIG_NOT_FOUND', remedy: [expect.stringContaining('ls -ld /tmp')] }] });
    expect(await failedRun(cluster, ['apply'])).toMatchObject({
      exitCode: 2,
      errors: [{ code: 'USAGE', remedy: ['add -f cluster.yaml', expect.anything()] }],
    });
  });

  test('an even number of control planes is a warning, no error', async () => {
    const file = await editedFile(cluster, 'even', (text) =>
      text.replace('- worker', '- control-plane').replace('  hosts:', `  controlPlaneEndpoint:\n    host: ${nobody(99)}\n  hosts:`),
    );
    const result = await cluster.kbs(['init', '-f', file, '--dry-run', '--phase', 'preflight']);
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stderr).toMatch(/even\.yaml:\d+:3 spec\.hosts — 2 control planes: .*use an odd number/);
  });
});

describe.sequential('hosts that cannot be reached or trusted', () => {
  test('every dead host is told of, and the good one is let alone', async () => {
    await cluster.describe({ hosts: ['cp1', 'w1', 'w3'], spec: { ssh: ssh({ connectTimeoutSeconds: 2 }) } });
    const file = await editedFile(cluster, 'dead', (text) => text.replace(address('w1'), nobody(200)).replace(address('w3'), nobody(201)));
    const { exitCode, errors, text } = await failedRun(cluster, ['apply', '-f', file]);
    expect({ exitCode, errors: byHost(errors) }).toMatchObject({
      exitCode: 5,
      errors: [
        {
          code: 'SSH_UNREACHABLE',
          where: { host: 'w1', phase: 'connect' },
          message: expect.stringContaining(`${nobody(200)}:22`) as unknown,
        },
        { code: 'SSH_UNREACHABLE', where: { host: 'w3', phase: 'connect' }, remedy: [expect.stringContaining(`nc -vz ${nobody(201)} 22`)] },
      ],
    });
    expect(text).toContain('2 problems on 2 hosts');
    await cluster.describe();
  });

  test('a key the host does not accept: what was tried, and how to install it', async () => {
    const identityFile = join(cluster.directory, 'stranger');
    await generateKey(identityFile, 'stranger');
    await cluster.describe({ spec: { ssh: ssh({ identityFile }) } });
    const { exitCode, errors, text } = await failedRun(cluster, ['init', '-f', cluster.file]);
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 5,
      errors: [{ code: 'SSH_AUTH', where: { host: 'cp1' }, details: [`${identityFile}: refused by the host`] }],
    });
    expect(text).toContain(`ssh-copy-id -p 22 root@${address('cp1')}`);
  });

  test('the public half of a key is not a key to log in with', async () => {
    await cluster.describe({ spec: { ssh: ssh({ identityFile: `${cluster.lab.identityFile}.pub` }) } });
    const { exitCode, errors } = await failedRun(cluster, ['init', '-f', cluster.file]);
    expect({ exitCode, errors }).toMatchObject({ exitCode: 5, errors: [{ code: 'SSH_KEY', where: { host: 'cp1' } }] });
    expect(errors[0]?.message).toContain('public');
  });

  test('an unknown host key is refused with its fingerprint; accepted keys are written down and hold', async () => {
    const knownHostsFile = join(cluster.directory, 'known_hosts_new');
    await cluster.describe({ spec: { ssh: ssh({ knownHostsFile }) } });
    const { exitCode, errors, text } = await failedRun(cluster, ['apply', '-f', cluster.file]);
    expect({ exitCode, codes: errors.map(({ code }) => code) }).toEqual({ exitCode: 5, codes: ['SSH_HOST_KEY', 'SSH_HOST_KEY'] });
    const shown = await cluster.lab.ssh('cp1', 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    const fingerprint = shown.stdout.split(' ')[1] ?? '';
    expect(fingerprint).toMatch(/^SHA256:/);
    expect(byHost(errors)[0]?.message).toContain(fingerprint);
    expect(text).toContain('--accept-new-host-keys');
    const check = ['apply', '-f', cluster.file, '--phase', 'preflight'];
    expect(await cluster.kbs([...check, '--accept-new-host-keys'])).toMatchObject({ exitCode: 0 });
    expect(await readFile(knownHostsFile, 'utf8')).toContain(`${address('cp1')} ${cluster.lab.host('cp1').hostKey}\n`);
    expect(await cluster.kbs(check)).toMatchObject({ exitCode: 0 });
  });

  test('a changed host key is refused even when new keys are accepted', async () => {
    const other = (await generateKey(join(cluster.directory, 'other'), 'other')).split(' ').slice(0, 2).join(' ');
    const knownHostsFile = join(cluster.directory, 'known_hosts_changed');
    await writeFile(knownHostsFile, `${address('cp1')} ${cluster.lab.host('cp1').hostKey}\n${address('w1')} ${other}\n`);
    await cluster.describe({ spec: { ssh: ssh({ knownHostsFile }) } });
    const { exitCode, errors } = await failedRun(cluster, ['apply', '-f', cluster.file, '--accept-new-host-keys']);
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 5,
      errors: [
        {
          code: 'SSH_HOST_KEY',
          where: { host: 'w1' },
          details: [expect.stringMatching(/^now +ssh-ed25519 SHA256:/), expect.stringContaining(`${knownHostsFile}:2`)],
          remedy: [expect.anything(), expect.stringContaining(`ssh-keygen -R '${address('w1')}' -f ${knownHostsFile}`)],
        },
      ],
    });
    expect(errors[0]?.message).toContain('has changed');
    await cluster.describe();
  });
});

describe.sequential('hosts that cannot become nodes', () => {
  const failedChecks = (details: readonly string[] | undefined): readonly (string | undefined)[] =>
    (details ?? []).map((line) => line.split(':')[0]);

  test('a user without sudo, a sudo that wants a password, and no systemd are told in one run', async () => {
    await cluster.describe({ hosts: HOSTS });
    const file = await editedFile(cluster, 'plain', (text) =>
      text.replace(`address: ${address('w1')}\n`, `address: ${address('w1')}\n      ssh:\n        user: plain\n`),
    );
    const { exitCode, errors, text } = await failedRun(cluster, ['apply', '-f', file]);
    expect({ exitCode, errors: byHost(errors) }).toMatchObject({
      exitCode: 4,
      errors: [
        {
          code: 'PREFLIGHT_FAILED',
          where: { host: 'w1', phase: 'preflight' },
          details: [expect.stringMatching(/^Root: plain may not become root/)],
        },
        {
          code: 'PREFLIGHT_FAILED',
          where: { host: 'w2' },
          details: [expect.stringMatching(/^Root: .*a password is required.*KBS_SUDO_PASSWORD/)],
        },
        { code: 'PREFLIGHT_FAILED', where: { host: 'w3' }, details: [expect.stringMatching(/^Systemd: process 1 is sh — /)] },
      ],
    });
    expect(text).toContain('3 problems on 3 hosts');
  });

  test('a wrong sudo password is called wrong', async () => {
    await cluster.describe({ hosts: ['cp1', 'w2'] });
    const { exitCode, errors, text } = await failedRun(cluster, ['apply', '-f', cluster.file], { KBS_SUDO_PASSWORD: 'correct-horse' });
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 4,
      errors: [{ where: { host: 'w2' }, details: [expect.stringMatching(/^Root: .*incorrect password/)] }],
    });
    expect(text).not.toContain('correct-horse');
  });

  // Swap cannot be turned on in the lab: swapon(2) is refused inside containers. The file the kernel would tell it in is replaced.
  const bad = `setsid socat TCP-LISTEN:6443,fork /dev/null >/dev/null 2>&1 </dev/null & until ss -Hltn | grep -q :6443; do sleep 0.05; done
    printf 'Filename\\tType\\tSize\\tUsed\\tPriority\\n/dev/sda2\\tpartition\\t1048572\\t0\\t-2\\n' > /run/fake-swaps && mount --bind /run/fake-swaps /proc/swaps`;
  const cured = 'pkill -x socat; umount /proc/swaps && rm /run/fake-swaps';

  test('a taken port with who holds it, swap, and another installation: all hosts, all checks, one run', async () => {
    await cluster.describe();
    expect(await cluster.lab.exec('cp1', ['sh', '-c', bad])).toMatchObject({ exitCode: 0 });
    await cluster.lab.exec('w1', ['sh', '-c', 'mkdir /etc/rancher']);
    try {
      const { exitCode, errors, text } = await failedRun(cluster, ['apply', '-f', cluster.file]);
      expect({ exitCode, hosts: byHost(errors).map(({ where }) => where.host) }).toEqual({ exitCode: 4, hosts: ['cp1', 'w1'] });
      const [first, second] = byHost(errors);
      expect(failedChecks(first?.details)).toEqual(['Swap', 'Ports']);
      expect(first?.details.join('\n')).toMatch(/6443 \(kube-apiserver\) is held by socat \(pid \d+\)/);
      expect(first?.details.join('\n')).toContain('/dev/sda2');
      expect(failedChecks(second?.details)).toEqual(['Leftovers']);
      expect(text).toContain('--ignore-preflight=Swap,Ports');

      const ignoring = ['--ignore-preflight=Ports,swap', '--ignore-preflight', 'leftovers', '--phase', 'preflight'];
      const ignored = await cluster.kbs(['apply', '-f', cluster.file, ...ignoring]);
      expect(ignored).toMatchObject({ exitCode: 0 });
      expect(ignored.stderr).toMatch(/cp1 warning Ports \(ignored\): 6443 .*socat/);
    } finally {
      expect(await cluster.lab.exec('cp1', ['sh', '-c', cured])).toMatchObject({ exitCode: 0 });
      await cluster.lab.exec('w1', ['rmdir', '/etc/rancher']);
    }
  });

  const hasIpvs = existsSync('/sys/module/ip_vs');

  test.skipIf(hasIpvs)('IPVS that the kernel has not (as here): refused on every host with the list of what is missing', async () => {
    await cluster.describe({ spec: { network: { kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'sed' } } } } });
    const { exitCode, errors, text } = await failedRun(cluster, ['apply', '-f', cluster.file]);
    expect({ exitCode, hosts: byHost(errors).map(({ where }) => where.host) }).toEqual({ exitCode: 4, hosts: ['cp1', 'w1'] });
    for (const { details } of errors) {
      expect(failedChecks(details)).toEqual(['KernelAbilities', 'RequiredCommands']);
      for (const module of ['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh', 'ip_vs_sed', 'dummy'])
        expect(details[0]).toMatch(new RegExp(`\\b${module} \\(`));
      expect(details[0]).not.toMatch(/overlay|br_netfilter|ip_set/);
      expect(details[1]).toMatch(/^RequiredCommands: ipvsadm not found/);
    }
    expect(text).toContain('kube-proxy in mode ipvs');
    await cluster.describe();
  });

  test('names of checks and phases that do not exist are told before any host is contacted', async () => {
    const check = await failedRun(cluster, ['apply', '-f', cluster.file, '--ignore-preflight', 'Swapp']);
    expect(check).toMatchObject({ exitCode: 2, errors: [{ code: 'USAGE', details: [expect.stringContaining('Swap, Systemd')] }] });
    const phase = await failedRun(cluster, ['apply', '-f', cluster.file, '--phase', 'preflihgt']);
    expect(phase).toMatchObject({ exitCode: 2, errors: [{ code: 'USAGE', remedy: [expect.stringContaining('preflight')] }] });
    expect(phase.text).not.toContain('Connect to the hosts');
  });

  test('a destructive command without a yes and without a terminal changes nothing', async () => {
    const { exitCode, errors, text } = await failedRun(cluster, ['reset', '-f', cluster.file]);
    expect({ exitCode, errors }).toMatchObject({ exitCode: 2, errors: [{ code: 'CONFIRMATION_NEEDED' }] });
    expect(text).toContain('--yes');
  });
});

test('none of all this has changed anything on any host', async () => {
  expect(await changes()).toEqual([]);
});

test('sudo with a password works, and the password shows nowhere', async () => {
  const { lab, directory } = cluster;
  await cluster.describe({ hosts: ['cp1', 'w2'] });
  const watching = `end=$(($(date +%s) + 60)); while [ ! -e /tmp/enough ] && [ "$(date +%s)" -lt $end ]; do
    cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '; sleep 0.02; done; rm -f /tmp/enough`;
  const watch = lab.exec('w2', ['sh', '-c', watching]);
  const phases = ['preflight', 'baseline', 'prepare-host'].flatMap((name) => ['--phase', name]);
  const result = await cluster.kbs(['apply', '-f', cluster.file, '--output', 'jsonl', '--log-level', 'debug', ...phases], {
    env: { KBS_SUDO_PASSWORD: lab.sudoPassword },
  });
  await lab.exec('w2', ['touch', '/tmp/enough']);
  const { stdout: processes } = await watch;
  expect(result).toMatchObject({ exitCode: 0 });
  expect(result.stdout).toMatch(/"host":"w2".*"status":"changed"/);
  // The watch has seen what it was to see: sudo at work.
  expect(processes).toContain('sudo -k -S');
  const journal = await lab.exec('w2', ['journalctl', '--no-pager', '-o', 'verbose']);
  expect(journal.stdout).toContain('COMMAND=');
  const onHost = await lab.exec('w2', [
    'grep',
    '-rlF',
    lab.sudoPassword,
    '/etc',
    '/run',
    '/tmp',
    '/var/log',
    '/var/lib/kbs',
    '/home',
    '/root',
  ]);
  expect(onHost.stdout).toBe('');
  const here = await lab.run(['grep', '-rlF', lab.sudoPassword, directory]);
  expect(here).toMatchObject({ exitCode: 1, stdout: '', stderr: '' });
  for (const text of [result.stdout, result.stderr, processes, journal.stdout]) expect(text.includes(lab.sudoPassword)).toBe(false);
});
