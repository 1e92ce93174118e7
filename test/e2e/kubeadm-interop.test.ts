import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandResult } from '../lab/command.js';
import { waitFor } from '../lab/wait-for.js';
import { IS_EVERYDAY } from '../support/depth.js';
import type { LabCluster } from '../support/lab-cluster.js';
import { createKubeadmJoinCluster, KUBEADM_IGNORE } from '../support/kubeadm-cluster.js';

const LEAVES = [
  ...['admin.conf', 'apiserver', 'apiserver-etcd-client', 'apiserver-kubelet-client', 'controller-manager.conf'],
  ...['etcd-healthcheck-client', 'etcd-peer', 'etcd-server', 'front-proxy-client', 'scheduler.conf'],
];
const AUTHORITIES = ['ca', 'etcd-ca', 'front-proxy-ca'];

let cluster: LabCluster;

beforeAll(async () => {
  cluster = await createKubeadmJoinCluster({ name: 'kinter' });
});

afterAll(async () => {
  await cluster.down();
});

/** Runs a command on a host; fails the test with what it said when it does not succeed. */
async function on(host: string, command: string): Promise<string> {
  const result: CommandResult = await cluster.lab.ssh(host, command);
  expect(result, `${command}\n${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
  return result.stdout;
}

/** Rows of `kubeadm certs check-expiration` by name: the rest of the line. */
async function expirations(): Promise<ReadonlyMap<string, string>> {
  const rows = (await on('cp1', 'kubeadm certs check-expiration')).split('\n').map((line) => line.split(/ {2,}/));
  return new Map(rows.filter((cells) => cells.length > 3).map(([name = '', ...cells]) => [name.trim(), cells.join(' ').trim()]));
}

/** `none`, or what `kbs plan` says. */
async function changesToMake(): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kbs(['plan', '-f', cluster.file, '--exit-code']);
  return exitCode === 0 ? 'none' : `${stdout}\n${stderr}`;
}

describe.skipIf(IS_EVERYDAY).sequential('stock kubeadm v1.25.0 on a cluster made by kbs', () => {
  test('certs check-expiration finds all ten certificates and three authorities, none missing or expired', async () => {
    const rows = await expirations();
    expect([...rows.keys()].filter((name) => !name.startsWith('CERTIFICATE')).sort()).toEqual([...LEAVES, ...AUTHORITIES].sort());
    for (const name of LEAVES) expect(rows.get(name), name).toMatch(/UTC 364d (ca|etcd-ca|front-proxy-ca) no$/);
    for (const name of AUTHORITIES) expect(rows.get(name), name).toMatch(/UTC 9y no$/);
  });

  test('join brings a worker in with a token of kubeadm, and the node is Ready', async () => {
    const join = (await on('cp1', 'kubeadm token create --print-join-command')).trim();
    expect(join).toMatch(
      /^kubeadm join 10\.66\.\d+\.11:6443 --token [a-z0-9]{6}\.[a-z0-9]{16} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}$/,
    );
    await on('w1', `${join} ${KUBEADM_IGNORE}`);
    await cluster.kubectl(['wait', '--for=condition=Ready', 'node/w1', '--timeout=120s']);
  });

  test('a pod on the worker kubeadm joined is reached from the control plane', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'probe', namespace: 'default' },
      spec: {
        nodeName: 'w1',
        terminationGracePeriodSeconds: 0,
        containers: [
          { name: 'probe', image: 'registry.k8s.io/e2e-test-images/agnhost:2.40', args: ['netexec', '--http-port=8080', '--udp-port=-1'] },
        ],
      },
    };
    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(pod));
    await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/probe', '--timeout=120s']);
    expect(await cluster.kubectl(['get', '--raw', '/api/v1/namespaces/default/pods/probe:8080/proxy/hostname'])).toBe('probe');
  });

  test('upgrade node finds its configuration in the cluster and leaves a worker as it is', async () => {
    const before = await on('w1', 'cat /var/lib/kubelet/config.yaml');
    await on('w1', 'kubeadm upgrade node');
    expect(await on('w1', 'cat /var/lib/kubelet/config.yaml')).toBe(before);
  });

  test('upgrade plan and apply find every static pod as kubeadm would write it, and kbs has nothing to set right afterwards', async () => {
    expect(await on('cp1', 'kubeadm upgrade plan v1.25.0')).toContain('Cluster version: v1.25.0');
    const upgrade = await on('cp1', `kubeadm upgrade apply v1.25.0 --yes --force ${KUBEADM_IGNORE}`);
    for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'])
      expect(upgrade).toContain(`Current and new manifests of ${name} are equal, skipping upgrade`);
    // The kubelet's configuration was written anew: the restart is the administrator's, as after every upgrade.
    await on('cp1', 'systemctl restart kubelet');
    expect(await changesToMake()).toBe('none');
  });

  test('certs renew all leaves a cluster that answers and that kbs finds as declared', async () => {
    const serial = 'openssl x509 -noout -serial -in /etc/kubernetes/pki/apiserver.crt';
    const before = await on('cp1', serial);
    await on('cp1', 'kubeadm certs renew all');
    expect(await on('cp1', serial)).not.toBe(before);
    // kubeadm leaves the restart to the administrator. In good order the API server would take a minute to end.
    await on('cp1', 'kill -KILL $(pidof kube-apiserver)');
    const renewed = await on('cp1', serial);
    await waitFor({
      what: 'the API server with its renewed certificate',
      forMs: 120_000,
      everyMs: 500,
      probe: async () => {
        const served = 'echo | openssl s_client -connect 127.0.0.1:6443 2>/dev/null | openssl x509 -noout -serial';
        const { stdout, stderr } = await cluster.lab.ssh('cp1', served);
        return stdout === renewed ? undefined : stdout.trim() || stderr.trim();
      },
    });
    await cluster.kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=120s']);
    expect(await changesToMake()).toBe('none');
  });

  test('reset takes the worker out again', async () => {
    await on('w1', 'kubeadm reset -f');
    expect(await on('w1', 'find /etc/kubernetes /var/lib/kubelet -type f')).toBe('');
    await cluster.kubectl(['delete', 'node', 'w1']);
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/cp1\n');
  });

  test('reset ends the control plane', async () => {
    const said = await on('cp1', 'kubeadm reset -f');
    expect(said).toContain('/var/lib/etcd');
    expect(await on('cp1', 'find /etc/kubernetes /var/lib/kubelet /var/lib/etcd -path /etc/kubernetes/tmp -prune -o -type f -print')).toBe(
      '',
    );
    expect(await on('cp1', 'crictl ps -q')).toBe('');
  });
});
