import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import type { CommandResult } from '../lab/command.js';
import { startMirror, type Mirror } from '../lab/mirror.js';
import { diffSnapshots, snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { IS_EVERYDAY } from '../support/depth.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { preparedHosts } from '../support/prepared-hosts.js';

const ON_HOST = '/root/join.sh';

/** Files that may differ between a machine that joined by script and one kbs set up over SSH, and why. */
const REVIEWED: Readonly<Record<string, string>> = {
  '/etc/hosts': 'the lab writes it, with the host’s own name first',
  '/etc/kbs/journal.jsonl': 'the bootstrap token’s file is noted, not the certificate’s: the kubelet makes that itself',
  '/etc/kubernetes/kubelet.conf':
    'written by the kubelet after its TLS bootstrap, with other names and the same server, CA and certificate',
  '/etc/machine-id': 'every machine has its own',
  '/var/lib/kubelet/kubeadm-flags.env': 'node-ip is the address of the machine',
};

/** Everything a join writes, without what runs and renews itself. */
const COMPARED = `find /etc /opt /usr/bin/kubelet /usr/bin/crictl /usr/local /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env \\
  /var/lib/kbs -not -path '/etc/ssh/*' -not -name '*hostname' \\( -type f -exec sh -c 'for f do echo "$f $(stat -c %a:%U:%G "$f") $(sha256sum <"$f")"; done' sh {} + \\
  -o -printf '%p %y %m %u:%g\\n' \\) | sort`;

let cluster: LabCluster;
let mirror: Mirror;
let before: Snapshot;
let file: string;

beforeAll(async () => {
  const hosts = [...(await preparedHosts(['cp1', 'w2'])), { name: 'w1' }];
  cluster = await createLabCluster({ name: 'jscript', hosts, members: ['cp1', 'w2'] });
  before = await snapshotHost(cluster.lab, 'w1', { ignorePaths: [ON_HOST] });
  mirror = await startMirror({ directory: cluster.bundle, address: cluster.lab.gateway, netns: cluster.lab.netns });
  await cluster.kbsJson(['apply', '-f', cluster.file]);
  file = join(cluster.directory, 'join.sh');
});

afterAll(async () => {
  await mirror?.stop();
  await cluster?.down();
});

/** Puts the script on w1 and runs it. */
async function runScript(change: (text: string) => string = (text) => text, args = ''): Promise<CommandResult> {
  await cluster.lab.ssh('w1', `umask 077; cat > ${ON_HOST}`, { input: change(await readFile(file, 'utf8')) });
  return cluster.lab.ssh('w1', `sh ${ON_HOST} ${args}`, { timeoutMs: 400_000 });
}

async function services(): Promise<string> {
  return (await cluster.lab.ssh('w1', 'systemctl show -p MainPID -p ExecMainStartTimestampMonotonic kubelet containerd')).stdout;
}

async function filesOf(host: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await cluster.lab.ssh(host, COMPARED);
  return new Map(stdout.split('\n').map((line) => [line.split(' ')[0] ?? '', line]));
}

describe.skipIf(IS_EVERYDAY).sequential('a machine nobody logs in to', () => {
  test('the script is written for its owner alone, with a warning of the token in it', async () => {
    const made = await cluster.kbs(['join-script', '-f', cluster.file, '--artifacts-url', mirror.url, '--ttl', '1h', '--to', file]);
    expect(made).toMatchObject({ exitCode: 0 });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(made.stderr).toContain('the script holds a bootstrap token');
    const token = /^[a-z0-9]{6}\.([a-z0-9]{16})$/m.exec(await readFile(file, 'utf8'))?.[1] ?? '';
    expect(token).not.toBe('');
    expect(`${made.stdout}${made.stderr}`).not.toContain(token);
  });

  test.each([
    [
      'a CA that has not the pinned hash',
      (text: string) => text.replace(/^ca_hash=.*$/m, `ca_hash=sha256:${'0'.repeat(64)}`),
      '',
      'is damaged',
    ],
    ['an address where another server is', (text: string) => text.replace(/^(server=.*):6443$/m, '$1:10250'), '', 'is not trusted'],
    ['a token that is gone', (text: string) => text.replace(/^token_id=.*$/m, 'token_id=aaaaaa'), '', 'knows no bootstrap token aaaaaa'],
    ['the name of a node that is Ready', (text: string) => text, '--node-name w2', 'has a node w2 already'],
    ['another architecture', (text: string) => text.replace(/^architecture=.*$/m, 'architecture=arm64'), '', 'is for arm64'],
  ])('is told of %s', async (_case, change, args, said) => {
    const run = await runScript(change, args);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(said);
  });

  test('is not changed by any of that', async () => {
    expect(diffSnapshots(before, await snapshotHost(cluster.lab, 'w1', { ignorePaths: [ON_HOST] }))).toEqual([]);
  });

  test('does not take a part with another sha256', async () => {
    const kubelet = (await cluster.program('kubelet')).slice(cluster.bundle.length + 1);
    await mirror.corrupt(kubelet);
    const run = await runScript();
    await mirror.heal();
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(/kubelet 1\.25\.0 amd64 has the wrong digest/);
  });

  test('joins when the script is run again: the node is Ready, with a certificate of its own', async () => {
    expect(await runScript()).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await cluster.kubectl(['get', 'node', 'w1', '--no-headers'])).toMatch(/^w1 +Ready /);
    const socket = ['-o', 'jsonpath={.metadata.annotations.kubeadm\\.alpha\\.kubernetes\\.io/cri-socket}'];
    expect(await cluster.kubectl(['get', 'node', 'w1', ...socket])).toBe(await cluster.kubectl(['get', 'node', 'w2', ...socket]));
    const issuer = await cluster.lab.ssh('w1', 'openssl x509 -noout -subject -in /var/lib/kubelet/pki/kubelet-client-current.pem');
    expect(issuer.stdout).toMatch(/O = system:nodes, CN = system:node:w1/);
  });

  test('keeps no token but in the script itself', async () => {
    const token = /^[a-z0-9]{6}\.([a-z0-9]{16})$/m.exec(await readFile(file, 'utf8'))?.[1] ?? '';
    expect((await cluster.lab.ssh('w1', `grep -rl ${token} /etc /run /var/lib/kubelet /var/lib/kbs /root`)).stdout.trim()).toBe(ON_HOST);
  });

  test('has the files kbs writes over SSH, apart from those that were reviewed', async () => {
    const [byScript, bySsh] = await Promise.all([filesOf('w1'), filesOf('w2')]);
    const paths = [...new Set([...byScript.keys(), ...bySsh.keys()])];
    const different = paths.filter((path) => byScript.get(path) !== bySsh.get(path));
    expect(different.sort()).toEqual(Object.keys(REVIEWED).sort());
  });

  test('downloads and restarts nothing when the script is run once more', async () => {
    const seen = (await mirror.requests()).length;
    const ran = await services();
    expect(await runScript()).toMatchObject({ exitCode: 0 });
    expect((await mirror.requests()).length).toBe(seen);
    expect(await services()).toBe(ran);
  });

  test('is a worker like any other for kbs, which would only name things in its kubeconfig otherwise', async () => {
    await cluster.describe({ hosts: ['cp1', 'w1', 'w2'] });
    const plan = await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file]);
    expect(plan.changes.map(({ host, step }) => `${host} ${step}`)).toEqual(['w1 kubelet/config', 'w1 kubelet/service']);
    expect(plan.changes[0]?.plan).toMatchObject({ summary: 'change /etc/kubernetes/kubelet.conf' });
  });

  test('is as it was before once kbs has reset it', async () => {
    await cluster.kbsJson(['reset', '-f', cluster.file, '--host', 'w1', '--yes']);
    expect(diffSnapshots(before, await snapshotHost(cluster.lab, 'w1', { ignorePaths: [ON_HOST] }))).toEqual([]);
  });
});
