import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VerifyResult } from '../../src/operations/index.js';
import { CHECKS } from '../../src/phases/verify/index.js';
import { IS_EVERYDAY } from '../support/depth.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { preparedHosts } from '../support/prepared-hosts.js';

let cluster: LabCluster;
/** What `kbs apply` printed at its end. */
let proven: string;

beforeAll(async () => {
  cluster = await createLabCluster({ name: 'verify', hosts: await preparedHosts(['cp1', 'w1', 'w2']) });
  const applied = await cluster.kbs(['apply', '-f', cluster.file]);
  expect(applied.stderr).toContain('phase proof done');
  expect(applied.exitCode).toBe(0);
  proven = applied.stdout;
});

afterAll(async () => {
  await cluster.down();
});

async function verify(...args: readonly string[]): Promise<{ readonly result: VerifyResult; readonly exitCode: number | null }> {
  const { stdout, stderr, exitCode } = await cluster.kbs(['verify', '-f', cluster.file, '--output', 'json', ...args]);
  if (stdout === '') throw new Error(stderr);
  return { result: JSON.parse(stdout) as VerifyResult, exitCode };
}

function red({ rows }: VerifyResult): readonly string[] {
  return rows.filter(({ status }) => status === 'failed').map(({ edge }) => edge);
}

/** Everything of verifications that is in the cluster or on its hosts. */
async function leftovers(): Promise<string> {
  const objects = await cluster.kubectl(['get', 'namespaces,crd,pv,clusterroles,clusterrolebindings', '-o', 'name']);
  const folders = await Promise.all(['cp1', 'w1', 'w2'].map((host) => cluster.lab.ssh(host, 'ls /var/tmp')));
  return [...objects.split('\n'), ...folders.flatMap(({ stdout }) => stdout.split('\n'))]
    .filter((line) => line.includes('verify'))
    .join(' ');
}

/** Starts a verification and ends it in the middle of its checks. */
async function cutOff(signal: 'SIGINT' | 'SIGKILL'): Promise<number | null> {
  const [program = '', ...args] = [...cluster.command, 'verify', '-f', cluster.file];
  const child = spawn(program, args, { cwd: cluster.directory, env: { ...process.env, ...cluster.environment }, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  // In its midst: what does not go away with a namespace is there. Asked on the host itself, which takes a moment only.
  const kinds = 'kubectl --kubeconfig /etc/kubernetes/admin.conf get crd -o name';
  while (child.exitCode === null && (await cluster.lab.ssh('cp1', kinds)).stdout === '') await sleep(100);
  child.kill(signal);
  return ended;
}

describe.skipIf(IS_EVERYDAY)('a verification of a sound cluster', () => {
  test('has a row for everything, all green, skips only with a reason, and leaves nothing', async () => {
    const file = join(cluster.directory, 'verify.xml');
    const { result, exitCode } = await verify('--junit', file);
    expect(red(result)).toEqual([]);
    expect(exitCode).toBe(0);
    expect(result.durationMs).toBeLessThan(90_000);
    expect([...new Set(result.rows.map(({ check }) => check))]).toEqual(CHECKS.map(({ name }) => name));
    const skipped = result.rows.filter(({ status }) => status === 'skipped');
    expect(skipped.map(({ check }) => check)).toEqual(['external name', 'network policy', 'runtime class', 'autoscaling']);
    expect(skipped.every(({ detail }) => detail !== '')).toBe(true);
    const edges = result.rows.map(({ edge }) => edge);
    for (const from of ['cp1', 'w1', 'w2'])
      for (const to of ['cp1', 'w1', 'w2']) {
        expect(edges).toContain(from === to ? `${from} → ${to} pod on the same host` : `${from} → ${to} pod`);
        expect(edges).toContain(`${from} → ${to} NodePort`);
        if (from !== to) expect(edges).toContain(`${from} → ${to} pod, packets of 1450 bytes`);
      }
    expect(await readFile(file, 'utf8')).toContain(`tests="${result.rows.length}" failures="0"`);
    expect(await leftovers()).toBe('');
  });

  test('leaves nothing after Ctrl-C', async () => {
    expect(await cutOff('SIGINT')).toBe(130);
    expect(await leftovers()).toBe('');
  });

  test('takes away what a killed one has left', async () => {
    await cutOff('SIGKILL');
    expect(await leftovers()).not.toBe('');
    const { exitCode } = await verify('--profile', 'quick');
    expect(exitCode).toBe(0);
    expect(await leftovers()).toBe('');
  });
});

/** A way to break the data plane of a host, how it is healed, and the edges that have to be named. */
interface Fault {
  readonly what: string;
  readonly host: string;
  readonly break: string;
  readonly heal: string;
  readonly named: readonly string[];
  /** Edges that have nothing to do with it. */
  readonly sound: readonly string[];
  /** The smallest profile that looks at what is broken; default quick. */
  readonly profile?: 'full';
}

const MANIFEST = '/var/lib/kubelet/config.yaml';

const FAULTS: readonly Fault[] = [
  {
    what: 'a host that forwards nothing',
    host: 'w1',
    break: 'iptables -I FORWARD 1 -j DROP',
    heal: 'iptables -D FORWARD -j DROP',
    named: ['w1 → w2 pod', 'w2 → w1 pod', 'w1 → service', 'w1 → cluster DNS service name'],
    sound: ['cp1 → w2 pod', 'w2 → cp1 pod'],
  },
  {
    what: 'one host’s vxlan port blocked',
    host: 'w2',
    break: 'iptables -I INPUT 1 -p udp --dport 8472 -j DROP',
    heal: 'iptables -D INPUT -p udp --dport 8472 -j DROP',
    named: ['cp1 → w2 pod', 'w1 → w2 pod', 'w2 → w1 pod', 'w2 → cp1 pod'],
    sound: ['cp1 → w1 pod', 'w1 → cp1 pod'],
  },
  {
    what: 'an MTU 100 larger than what the path carries',
    host: 'w1',
    // The path drops, without a word, what is longer than 1400 bytes on the wire; the hosts take it for 1500.
    break: 'iptables -I INPUT 1 -p udp --dport 8472 -m length --length 1401:65535 -j DROP',
    heal: 'iptables -D INPUT -p udp --dport 8472 -m length --length 1401:65535 -j DROP',
    named: ['cp1 → w1 pod, packets of 1450 bytes', 'w2 → w1 pod, packets of 1450 bytes'],
    sound: ['cp1 → w1 pod', 'w1 → w2 pod', 'w2 → cp1 pod, packets of 1450 bytes'],
  },
  {
    what: 'a wrong resolv.conf of the pods of one host',
    host: 'w1',
    break: `sed -i 's/- 10.96.0.10$/- 10.96.0.99/' ${MANIFEST} && systemctl restart kubelet`,
    heal: `sed -i 's/- 10.96.0.99$/- 10.96.0.10/' ${MANIFEST} && systemctl restart kubelet`,
    profile: 'full',
    named: ['w1 resolv.conf of pods', 'w1 → cluster DNS service name', 'w1 → cluster DNS short name by the search path'],
    sound: ['w2 → cluster DNS service name', 'w1 → w2 pod', 'w1 → service'],
  },
];

/** The same with kubectl: faults of what runs in the cluster. */
async function withFault(
  fault: Pick<Fault, 'named' | 'sound' | 'profile'>,
  wreck: () => Promise<unknown>,
  heal: () => Promise<unknown>,
): Promise<void> {
  await wreck();
  try {
    const { result, exitCode } = await verify('--profile', fault.profile ?? 'quick');
    expect(exitCode).toBe(7);
    expect(red(result)).toEqual(expect.arrayContaining([...fault.named]));
    for (const edge of fault.sound) expect(red(result)).not.toContain(edge);
    expect(result.error).toMatchObject({ code: 'PROOF_FAILED' });
    for (const edge of fault.named) expect(result.error?.details.join('\n')).toContain(`${edge} (`);
  } finally {
    await heal();
  }
}

describe.skipIf(IS_EVERYDAY)('a broken data plane is found, and its edges are named', () => {
  test.each(FAULTS)('$what', async (fault) => {
    await withFault(
      fault,
      () => cluster.lab.ssh(fault.host, fault.break),
      () => cluster.lab.ssh(fault.host, fault.heal),
    );
  });

  test('kube-proxy stopped on one host', async () => {
    const only = (affinity: object | null): Promise<string> =>
      cluster.kubectl([
        ...['-n', 'kube-system', 'patch', 'daemonset', 'kube-proxy', '--type', 'merge', '-p'],
        JSON.stringify({ spec: { template: { spec: { affinity } } } }),
      ]);
    const notOnW2 = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: ['w2'] }] }];
    await withFault(
      { named: ['w2 → service', 'w2'], sound: ['w1 → service', 'cp1 → service', 'w1 → w2 pod'] },
      async () => {
        await only({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: notOnW2 } } });
        await cluster.kubectl(['-n', 'kube-system', 'rollout', 'status', 'daemonset/kube-proxy', '--timeout=120s']);
      },
      async () => {
        await only(null);
        await cluster.kubectl(['-n', 'kube-system', 'rollout', 'status', 'daemonset/kube-proxy', '--timeout=120s']);
      },
    );
  });

  test('CoreDNS down', async () => {
    const scale = (replicas: number): Promise<string> =>
      cluster.kubectl(['-n', 'kube-system', 'scale', 'deployment', 'coredns', `--replicas=${replicas}`]);
    await withFault(
      {
        named: ['cp1 → cluster DNS service name', 'w1 → cluster DNS service name', 'w2 → cluster DNS service name'],
        sound: ['w1 → service', 'w1 → w2 pod'],
      },
      () => scale(0),
      async () => {
        await scale(2);
        await cluster.kubectl(['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout=120s']);
      },
    );
  });

  test('and when all is healed, nothing is red in the quick one, whose rows are part of the full one’s', async () => {
    const { result, exitCode } = await verify('--profile', 'quick');
    expect(red(result)).toEqual([]);
    expect(exitCode).toBe(0);
    expect([...new Set(result.rows.map(({ check }) => check))]).toEqual(
      CHECKS.filter(({ profile }) => profile === 'quick').map(({ name }) => name),
    );
    // Every operation that makes or changes a cluster ends with the same rows.
    for (const { check, edge } of result.rows) expect(proven).toMatch(new RegExp(`^${check} +${edge} +ok `, 'm'));
    expect(await leftovers()).toBe('');
  });
});
