import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { waitFor } from '../lab/wait-for.js';
import { IS_THOROUGH } from '../support/depth.js';
import { createKubeadmJoinCluster, importImage, KUBEADM_IGNORE } from '../support/kubeadm-cluster.js';
import type { LabCluster } from '../support/lab-cluster.js';

let cluster: LabCluster;

beforeAll(async () => {
  cluster = await createKubeadmJoinCluster({ name: 'lbjoin', spec: { controlPlaneEndpoint: { provider: 'local-lb' } } });
});

afterAll(async () => {
  await cluster.down();
});

test.runIf(IS_THOROUGH)('a worker that stock kubeadm joins gets a load balancer, too: kube-proxy looks for the API at home', async () => {
  await importImage(cluster.lab, cluster.bundle, 'haproxy', 'w1');
  const { stdout: join } = await cluster.lab.ssh('cp1', 'kubeadm token create --print-join-command');
  expect(await cluster.lab.ssh('w1', `${join.trim()} ${KUBEADM_IGNORE}`)).toMatchObject({ exitCode: 0 });
  await cluster.kubectl(['wait', '--for=condition=Ready', 'node/w1', '--timeout=120s']);
  await waitFor({
    what: 'the API on loopback of w1',
    forMs: 60_000,
    everyMs: 500,
    probe: async () => {
      const asked = await cluster.lab.ssh('w1', 'curl -s --cacert /etc/kubernetes/pki/ca.crt https://127.0.0.1:6443/readyz');
      return asked.stdout === 'ok' ? undefined : asked.stderr.trim() || asked.stdout;
    },
  });
  const pods = await cluster.kubectl(['-n', 'kube-system', 'get', 'pods', '--field-selector', 'spec.nodeName=w1', '--no-headers']);
  expect(pods).toMatch(/^kube-proxy-\S+ +1\/1 +Running/m);
  expect(pods).toMatch(/^local-lb-\S+ +1\/1 +Running/m);
  await waitFor({
    what: 'a service address on w1',
    forMs: 60_000,
    everyMs: 500,
    probe: async () => {
      const asked = await cluster.lab.ssh('w1', 'curl -sk --max-time 2 https://10.96.0.1/readyz');
      return asked.stdout === 'ok' ? undefined : 'no answer';
    },
  });
  expect((await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file])).changes).toEqual([]);
});
