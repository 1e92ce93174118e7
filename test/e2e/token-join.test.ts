import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult, CreatedToken, InitHereResult } from '../../src/operations/index.js';
import { ensureArtifacts } from '../lab/artifacts.js';
import type { CommandResult } from '../lab/command.js';
import { createLab, type Lab } from '../lab/lab.js';
import { diffSnapshots, snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { startMirror, type Mirror } from '../lab/mirror.js';
import { IS_EVERYDAY } from '../support/depth.js';
import { KUBEADM_IGNORE, prepareForKubeadm } from '../support/kubeadm-cluster.js';
import { installKbs, kbsOn, ON_HOST } from '../support/own-host.js';

/** What lab hosts need: their disk is the machine's own, and the number of connections they track too. */
const FRAGMENT = `spec:
  network: { kubeProxy: { config: { conntrack: { maxPerCore: 0 } } } }
  kubelet:
    config:
      evictionHard: { memory.available: 100Mi, nodefs.available: 1Gi, nodefs.inodesFree: 1%, imagefs.available: 1Gi }
      imageGCHighThresholdPercent: 100
      imageGCLowThresholdPercent: 99
`;
const WRONG_HASH = `sha256:${'0'.repeat(64)}`;

/** A machine that stock kubeadm joins as a control plane. */
const STOCK = IS_EVERYDAY ? [] : ['cp3'];

/** The parts of a joining machine come from here, over the network. */
const MIRRORED = '/root/mirrored.yaml';

let lab: Lab;
let mirror: Mirror | undefined;

beforeAll(async () => {
  const bundle = (await ensureArtifacts()).directory;
  lab = await createLab({ name: 'token', hosts: ['cp1', 'cp2', ...STOCK, 'w1'].map((name) => ({ name })) });
  mirror = await startMirror({ directory: bundle, address: lab.gateway, netns: lab.netns });
  const mirrored = `spec: { artifacts: { source: mirror, url: "${mirror.url}", checksums: "${mirror.url}/checksums.json" } }\n`;
  const made = await Promise.allSettled([
    installKbs(lab, 'cp1', bundle),
    ...['cp2', 'w1'].map(async (host) => {
      await installKbs(lab, host);
      await lab.ssh(host, `cat > ${MIRRORED}`, { input: mirrored });
    }),
    ...STOCK.map((host) => prepareForKubeadm(lab, bundle, host, 'control-plane')),
  ]);
  for (const result of made) if (result.status === 'rejected') throw result.reason;
});

afterAll(async () => {
  await mirror?.stop();
  await lab?.down();
});

/** The result of a command that has to succeed. */
function resultOf<T>(run: CommandResult): T {
  if (run.exitCode !== 0) throw new Error(`ended with ${run.exitCode}:\n${run.stderr}`);
  return JSON.parse(run.stdout) as T;
}

async function kubectl(args: string): Promise<string> {
  const run = await lab.ssh('cp1', `kubectl --kubeconfig /etc/kubernetes/admin.conf ${args}`);
  if (run.exitCode !== 0) throw new Error(run.stderr);
  return run.stdout.trim();
}

/** Process ids of what must not be restarted. */
async function services(host: string): Promise<string> {
  return (await lab.ssh(host, 'systemctl show -p MainPID -p ExecMainStartTimestampMonotonic kubelet containerd')).stdout;
}

describe.sequential('kubeadm’s way, on the machines themselves', () => {
  let join: Required<NonNullable<InitHereResult['join']>>;

  test('init without a cluster file makes this machine a control plane that is proven, and tells how to join', async () => {
    await lab.ssh('cp1', 'cat > /tmp/fragment.yaml', { input: FRAGMENT });
    const flags = `--bundle ${ON_HOST.bundle} --kubernetes-version v1.25.0 --config-fragment /tmp/fragment.yaml`;
    const result = resultOf<InitHereResult>(await kbsOn(lab, 'cp1', `kbs init ${flags} --output json`));
    expect(result.hosts).toEqual(['cp1']);
    expect(result.proof.length).toBeGreaterThan(0);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    join = result.join as typeof join;
    expect(join.command).toBe(
      `kbs join ${lab.host('cp1').address}:6443 --token ${join.token} --discovery-token-ca-cert-hash ${join.caCertHashes.join()}`,
    );
    const stored = await lab.ssh('cp1', `grep -rl ${join.token.split('.')[1]} ${ON_HOST.scratch} /etc/kbs`);
    expect(stored.stdout).toBe('');
  });

  describe('on a machine that does not get in', () => {
    const ignorePaths = [...Object.values(ON_HOST), MIRRORED];
    let before: Snapshot;

    beforeAll(async () => {
      before = await snapshotHost(lab, 'cp2', { ignorePaths });
    });

    test.each([
      ['a hash of another CA', () => ({ token: join.token, hash: WRONG_HASH }), 'DISCOVERY_UNTRUSTED'],
      ['a token nobody knows', () => ({ token: 'abcdef.0123456789abcdef', hash: join.caCertHashes.join() }), 'TOKEN_REFUSED'],
      [
        'a wrong secret half',
        () => ({ token: `${join.token.slice(0, 7)}0123456789abcdef`, hash: join.caCertHashes.join() }),
        'TOKEN_REFUSED',
      ],
    ])('join with %s says so', async (_case, given, code) => {
      const { token, hash } = given();
      const command = `KBS_TOKEN=${token} kbs join ${join.endpoint} --discovery-token-ca-cert-hash ${hash}`;
      const run = await kbsOn(lab, 'cp2', `${command} --config-fragment ${MIRRORED} --output json`);
      expect(run.exitCode).toBe(5);
      expect(JSON.parse(run.stdout)).toMatchObject({ errors: [{ code }] });
      expect(run.stdout + run.stderr).not.toContain(token.slice(7));
    });

    test('join tells of failed preflight checks', async () => {
      const listen = `${ON_HOST.node}/node -e 'net.createServer().listen(10250)'`;
      await lab.ssh('cp2', `systemd-run --unit squatter --setenv LD_LIBRARY_PATH=${ON_HOST.node}/lib ${listen}; sleep 1`);
      const run = await kbsOn(lab, 'cp2', `${join.command} --config-fragment ${MIRRORED} --output json`);
      await lab.ssh('cp2', 'systemctl stop squatter');
      expect(run.exitCode).toBe(4);
      expect(run.stdout).toContain('10250 (kubelet) is held by node');
    });

    test('nothing is changed', async () => {
      expect(diffSnapshots(before, await snapshotHost(lab, 'cp2', { ignorePaths }))).toEqual([]);
    });
  });

  test('the printed command joins a machine, which is Ready then and keeps no token', async () => {
    const result = resultOf<ConvergeResult>(await kbsOn(lab, 'w1', `${join.command} --config-fragment ${MIRRORED} --output json`));
    expect(result).toMatchObject({ operation: 'join', hosts: ['w1'] });
    expect(await kubectl('get node w1 --no-headers')).toMatch(/^w1 +Ready /);
    expect(await kubectl("get node w1 -o jsonpath='{.metadata.annotations.kubeadm\\.alpha\\.kubernetes\\.io/cri-socket}'")).toBe(
      await kubectl("get node cp1 -o jsonpath='{.metadata.annotations.kubeadm\\.alpha\\.kubernetes\\.io/cri-socket}'"),
    );
    const secret = join.token.split('.')[1] ?? '';
    expect((await lab.ssh('w1', `grep -rl ${secret} /etc /var/lib/kubelet /var/lib/kbs ${ON_HOST.scratch}`)).stdout).toBe('');
    expect((await lab.ssh('w1', 'ls /etc/kubernetes')).stdout.trim().split('\n')).toEqual(['kubelet.conf', 'manifests', 'pki']);
  });

  test('the same command again changes nothing and restarts nothing', async () => {
    const before = await services('w1');
    const result = resultOf<ConvergeResult>(await kbsOn(lab, 'w1', `${join.command} --config-fragment ${MIRRORED} --output json`));
    expect(result.changes).toEqual([]);
    expect(await services('w1')).toBe(before);
  });

  test('a machine with the name of a node that is Ready is turned away', async () => {
    const run = await kbsOn(lab, 'cp2', `${join.command} --node-name w1 --config-fragment ${MIRRORED} --output json`);
    expect(run.exitCode).toBe(4);
    expect(JSON.parse(run.stdout)).toMatchObject({ errors: [{ code: 'PREFLIGHT_FAILED' }] });
  });

  test('tokens are made, listed and deleted on the control plane', async () => {
    const { token, command } = resultOf<{ token: string; command: string }>(
      await kbsOn(lab, 'cp1', 'kbs token create --ttl 1h --output json'),
    );
    expect(command).toContain(`kbs join ${join.endpoint} --token ${token} `);
    const list = await kbsOn(lab, 'cp1', 'kbs token list');
    expect(list.stdout).toContain(token.slice(0, 6));
    expect(list.stdout).not.toContain(token);
    expect((await kbsOn(lab, 'cp1', `kbs token delete ${token.slice(0, 6)}`)).exitCode).toBe(0);
    expect((await kbsOn(lab, 'cp1', 'kbs token list')).stdout).not.toContain(token.slice(0, 6));
  });

  describe('control planes', () => {
    let created: CreatedToken;
    const upload = 'kbs token create --upload-certs --output json';

    /** Names of the members of etcd that vote. */
    async function voters(): Promise<readonly string[]> {
      const etcdctl =
        'etcdctl --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/peer.crt --key /etc/kubernetes/pki/etcd/peer.key';
      const members = await kubectl(`-n kube-system exec etcd-cp1 -- ${etcdctl} member list`);
      const rows = members.split('\n').map((line) => line.split(', '));
      return rows.filter((cells) => cells[1] === 'started' && cells[5] === 'false').map((cells) => cells[2] ?? '');
    }

    test('are told their command with the key of certificates that were uploaded, and that go after two hours', async () => {
      created = resultOf<CreatedToken>(await kbsOn(lab, 'cp1', upload));
      expect(created.controlPlaneCommand).toBe(`${created.command} --control-plane --certificate-key ${created.certificateKey ?? ''}`);
      const leftMs = Date.parse(created.certificatesExpire ?? '') - Date.now();
      expect(leftMs).toBeGreaterThan(6_600_000);
      expect(leftMs).toBeLessThanOrEqual(7_200_000);
      const owner = await kubectl("-n kube-system get secret kubeadm-certs -o jsonpath='{.metadata.ownerReferences[0].name}'");
      expect(owner).toMatch(/^bootstrap-token-[a-z0-9]{6}$/);
      expect((await lab.ssh('cp1', `grep -rl ${created.certificateKey ?? ''} ${ON_HOST.scratch} /etc/kubernetes /etc/kbs`)).stdout).toBe(
        '',
      );
    });

    test('do not get in with a key that opens nothing, and nothing is changed', async () => {
      const key = '0'.repeat(64);
      const command = `KBS_CERTIFICATE_KEY=${key} ${created.command} --control-plane --config-fragment ${MIRRORED} --output json`;
      const run = await kbsOn(lab, 'cp2', command);
      expect(run.exitCode).toBe(5);
      expect(JSON.parse(run.stdout)).toMatchObject({ errors: [{ code: 'CERTIFICATE_KEY_REFUSED' }] });
      expect((await lab.ssh('cp2', 'ls -d /etc/kubernetes /etc/kbs')).stdout).toBe('');
    });

    test('join with kbs on the machine itself: etcd votes with two, and the key stays nowhere', async () => {
      const command = `KBS_CERTIFICATE_KEY=${created.certificateKey ?? ''} ${created.command} --control-plane --config-fragment ${MIRRORED}`;
      const result = resultOf<ConvergeResult>(await kbsOn(lab, 'cp2', `${command} --output json`));
      expect(result).toMatchObject({ operation: 'join', hosts: ['cp2'] });
      expect((await voters()).toSorted()).toEqual(['cp1', 'cp2']);
      expect(await kubectl('get node cp2 --no-headers')).toMatch(/^cp2 +Ready +control-plane /);
      expect((await lab.ssh('cp2', `grep -rl ${created.certificateKey ?? ''} ${ON_HOST.scratch} /etc /var/lib/kbs /run`)).stdout).toBe('');
      expect(resultOf<ConvergeResult>(await kbsOn(lab, 'cp2', `${command} --output json`)).changes).toEqual([]);
    });

    test.skipIf(IS_EVERYDAY)('join with stock kubeadm by the same command: etcd votes with three', async () => {
      const command = (created.controlPlaneCommand ?? '').replace(/^kbs/, 'kubeadm');
      const address = lab.host('cp3').address;
      const run = await lab.ssh('cp3', `${command} --apiserver-advertise-address ${address} ${KUBEADM_IGNORE}`, { timeoutMs: 300_000 });
      expect(run, run.stderr).toMatchObject({ exitCode: 0 });
      await kubectl('wait --for=condition=Ready node --all --timeout=180s');
      expect((await kubectl('get nodes -o name')).split('\n')).toEqual(['node/cp1', 'node/cp2', 'node/cp3', 'node/w1']);
      expect((await voters()).toSorted()).toEqual(['cp1', 'cp2', 'cp3']);
    });
  });
});
