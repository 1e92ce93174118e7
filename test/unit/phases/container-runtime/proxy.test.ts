import { expect, test } from 'vitest';
import { UNITS } from '../../../../src/constants/index.js';
import { noProxyStep, proxyFiles, proxyInputs } from '../../../../src/phases/container-runtime/proxy.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';

const PATH = '/etc/systemd/system/docker.service.d/50-kbs-proxy.conf';
const proxied = aClusterSpec({
  spec: { containerRuntime: { proxy: { httpsProxy: 'http://proxy.example.org:3128', noProxy: ['.example.org', '10.96.0.0/12'] } } },
});

test('hosts, pods and services are reached without the proxy, each named once', () => {
  const [file] = proxyFiles(proxied, UNITS.docker);
  expect(file?.path).toBe(PATH);
  expect(file?.content).toContain(
    '"NO_PROXY=localhost,127.0.0.0/8,10.0.0.11,10.0.0.21,10.244.0.0/16,10.96.0.0/12,.svc,.cluster.local,.example.org"',
  );
  expect(file?.content).not.toContain('HTTP_PROXY');
  expect(proxyFiles(aClusterSpec(), UNITS.docker)).toEqual([]);
});

test('a service reads its own drop-in only', () => {
  const files = proxyFiles(proxied, UNITS.docker);
  expect(proxyInputs(files, UNITS.docker)).toEqual([PATH]);
  expect(proxyInputs(files, UNITS.containerd)).toEqual([]);
});

test('a drop-in that is no longer wanted is taken away, one that is wanted stays', async () => {
  const host = memoryHost({ files: { [PATH]: 'x' } });
  expect((await noProxyStep(proxyFiles(proxied, UNITS.docker), UNITS.docker).prepare(host, stepContext())).plan).toEqual({
    change: 'none',
  });
  expect((await noProxyStep([], UNITS.docker).prepare(host, stepContext())).plan.change).toBe('remove');
});
