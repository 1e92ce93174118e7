import { beforeAll, describe, expect, test, vi } from 'vitest';
import { renderBootstrapKubeconfig, renderKubeletKubeconfig } from '../../../../src/kubeconfig/index.js';
import { kubeletBootstrapStep } from '../../../../src/phases/kubelet/bootstrap-step.js';
import { tokenNodeSource } from '../../../../src/phases/index.js';
import { createSharedPki, issueClientCertificate, type SharedPki } from '../../../../src/pki/index.js';
import { Secret } from '../../../../src/secret/index.js';
import { memoryHost, stepContext, type MemoryHost } from '../../../support/memory-host.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const BOOTSTRAP = '/etc/kubernetes/bootstrap-kubelet.conf';
const KUBELET_CONF = '/etc/kubernetes/kubelet.conf';
const PEM = '/var/lib/kubelet/pki/kubelet-client-current.pem';
const token = new Secret('abcdef.0123456789abcdef');
const now = new Date();

let pki: SharedPki;
let other: SharedPki;

beforeAll(async () => {
  [pki, other] = await Promise.all([createSharedPki(now), createSharedPki(now)]);
});

function access(shared = pki, server = 'https://10.0.0.11:6443') {
  return { clusterName: 'kubernetes', server, caCertificate: shared.ca.certificate };
}

/** A host whose kubelet got its certificate from a cluster. */
async function joinedHost(shared: SharedPki, server?: string): Promise<MemoryHost> {
  const pair = await issueClientCertificate({ commonName: 'system:node:w1', organization: 'system:nodes', ca: shared.ca, now });
  return memoryHost({
    files: {
      [KUBELET_CONF]: renderKubeletKubeconfig(access(shared, server), 'w1').reveal(),
      [PEM]: `${pair.certificate}${pair.privateKey.reveal()}`,
    },
  });
}

function prepare(host: MemoryHost) {
  return kubeletBootstrapStep({ nodeName: 'w1', access: access(), token, now: () => now }).prepare(host, stepContext());
}

describe('the bootstrap token of a kubelet', () => {
  test('is written for its eyes only, and no plan shows it', async () => {
    const host = memoryHost({ files: { '/etc/kubernetes/': '', '/var/lib/kubelet/pki/': '' } });
    const prepared = await prepare(host);
    expect(prepared.plan).toMatchObject({ change: 'create' });
    expect(JSON.stringify(prepared.plan)).not.toContain('0123456789abcdef');
    await prepared.apply();
    expect(host.fs.get(BOOTSTRAP)).toMatchObject({ mode: 0o600 });
    expect(host.fs.get(BOOTSTRAP)?.content.toString()).toBe(renderBootstrapKubeconfig(access(), token).reveal());
    expect(host.journaled).toContainEqual({ kind: 'path', path: BOOTSTRAP, was: 'absent' });
    expect(host.journaled).toContainEqual({ kind: 'path', path: KUBELET_CONF, was: 'absent' });
  });

  test('is not written again once the kubelet has its certificate', async () => {
    const host = await joinedHost(pki);
    expect((await prepare(host)).plan).toEqual({ change: 'none' });
  });

  test.each([
    ['of another cluster', () => joinedHost(other)],
    ['for another endpoint', () => joinedHost(pki, 'https://10.9.9.9:6443')],
  ])('takes the place of a kubeconfig %s, which a kubelet would go on using', async (_case, make) => {
    const host = await make();
    await (await prepare(host)).apply();
    expect(host.fs.has(KUBELET_CONF)).toBe(false);
    expect(host.fs.has(PEM)).toBe(false);
    expect(host.fs.has(BOOTSTRAP)).toBe(true);
  });
});

describe('the kubelet’s configuration from a cluster', () => {
  const source = (kubeletConfig: object, overrides = {}) =>
    tokenNodeSource({ server: 's', caCertificate: 'c', token, kubeletConfig: { ...kubeletConfig }, overrides });

  test('is that of the ConfigMap', () => {
    expect(source({ maxPods: 40, clusterDNS: ['10.96.0.10'] }).kubeletConfig(memoryHost())).toBe(
      'clusterDNS:\n- 10.96.0.10\nmaxPods: 40\n',
    );
  });

  test('names the resolver of a host with systemd-resolved, unless the cluster does', () => {
    const host = memoryHost({ facts: { usesSystemdResolved: true } });
    expect(source({}).kubeletConfig(host)).toBe('resolvConf: /run/systemd/resolve/resolv.conf\n');
    expect(source({ resolvConf: '/etc/resolv.conf' }).kubeletConfig(host)).toBe('resolvConf: /etc/resolv.conf\n');
  });

  test('takes what is other on this node', () => {
    expect(source({ maxPods: 40 }, { maxPods: 10 }).kubeletConfig(memoryHost())).toBe('maxPods: 10\n');
  });
});
