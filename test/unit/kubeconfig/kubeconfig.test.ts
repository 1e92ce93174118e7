import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import {
  issueKubeconfig,
  kubeconfigProblem,
  KUBECONFIGS,
  parseClusterInfo,
  parseKubeconfig,
  renderBootstrapKubeconfig,
  renderClusterInfo,
  renderKubeletKubeconfig,
  type ClusterAccess,
  type ExpectedKubeconfig,
  type KubeconfigName,
  type KubeconfigSpec,
} from '../../../src/kubeconfig/index.js';
import { createSharedPki, inspectCertificate, type SharedPki } from '../../../src/pki/index.js';
import { Secret } from '../../../src/secret/index.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const now = new Date('2026-11-21T00:00:00Z');
let shared: SharedPki;
let access: ClusterAccess;
let admin: Secret;

beforeAll(async () => {
  shared = await createSharedPki(now);
  access = { clusterName: 'kubernetes', server: 'https://api.example.org:6443', caCertificate: shared.ca.certificate };
  admin = await issued('admin');
});

function specOf(name: KubeconfigName): KubeconfigSpec {
  const found = KUBECONFIGS.find((spec) => spec.name === name);
  if (found === undefined) throw new Error(`no kubeconfig ${name}`);
  return found;
}

function issued(name: KubeconfigName): Promise<Secret> {
  return issueKubeconfig(specOf(name), { access, nodeName: 'cp1', ca: shared.ca, now });
}

/** The text with embedded data replaced by what it is. */
function shown(text: string | Secret): string {
  const plain = typeof text === 'string' ? text : text.reveal();
  return plain.replace(/(-data: )(\S+)/g, (_, key: string, data: string) => {
    const [first = ''] = Buffer.from(data, 'base64').toString('utf8').split('\n');
    return `${key}<${first.replace(/-----(BEGIN )?/g, '')}>`;
  });
}

describe('kubeconfigs', () => {
  test.each([
    ['admin', '/etc/kubernetes/admin.conf', 'kubernetes-admin', ['system:masters'], 'endpoint'],
    ['kubelet', '/etc/kubernetes/kubelet.conf', 'system:node:cp1', ['system:nodes'], 'endpoint'],
    ['controller-manager', '/etc/kubernetes/controller-manager.conf', 'system:kube-controller-manager', [], 'local'],
    ['scheduler', '/etc/kubernetes/scheduler.conf', 'system:kube-scheduler', [], 'local'],
  ] as const)('%s lies at %s and logs in as %s', async (name, path, commonName, organizations, server) => {
    const content = parseKubeconfig(await issued(name));
    const info = inspectCertificate(content.clientCertificate ?? '');
    expect(specOf(name)).toMatchObject({ path, server });
    expect(content).toMatchObject({ userName: commonName, contextName: `${commonName}@kubernetes`, server: access.server });
    expect(info).toMatchObject({ commonName, organizations, usages: ['clientAuth'] });
  });

  test('are laid out as kubeadm does', () => {
    expect(shown(admin)).toBe(
      `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: <CERTIFICATE>
    server: https://api.example.org:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
preferences: {}
users:
- name: kubernetes-admin
  user:
    client-certificate-data: <CERTIFICATE>
    client-key-data: <RSA PRIVATE KEY>
`,
    );
  });

  test('hold a certificate that the CA signed and the key that belongs to it', () => {
    const { clientCertificate, caCertificate } = parseKubeconfig(admin);
    const certificate = new X509Certificate(clientCertificate ?? '');
    expect(certificate.verify(new X509Certificate(caCertificate ?? '').publicKey)).toBe(true);
  });

  test('of the kubelet name the file that the kubelet renews', () => {
    const text = renderKubeletKubeconfig(access, 'w1');
    const pem = '/var/lib/kubelet/pki/kubelet-client-current.pem';
    expect(text.reveal()).toContain(`    client-certificate: ${pem}\n    client-key: ${pem}\n`);
    expect(parseKubeconfig(text)).toMatchObject({ userName: 'system:node:w1', clientCertificateFile: pem });
  });

  test('for bootstrapping carry the token', () => {
    const content = parseKubeconfig(renderBootstrapKubeconfig(access, new Secret('abcdef.0123456789abcdef')));
    expect(content.userName).toBe('tls-bootstrap-token-user');
    expect(content.token?.reveal()).toBe('abcdef.0123456789abcdef');
  });

  test('of cluster-info have a cluster without a name and nobody to log in as', () => {
    const text = renderClusterInfo(access);
    expect(shown(text)).toBe(
      `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: <CERTIFICATE>
    server: https://api.example.org:6443
  name: ""
contexts: null
current-context: ""
kind: Config
preferences: {}
users: null
`,
    );
    expect(parseClusterInfo(text)).toEqual({ server: access.server, caCertificate: access.caCertificate });
  });

  test.each([
    ['no YAML', 'users: [\n- client-key-data: c2VjcmV0', 'FILE_READ'],
    ['a list', '- a', 'FILE_READ'],
    ['nothing', '', 'FILE_READ'],
    ['a context that is not there', 'current-context: x\ncontexts: []', 'FILE_READ'],
    ['a context without a user', 'current-context: x\ncontexts: [{name: x, context: {cluster: c}}]', 'FILE_READ'],
  ])('with %s are refused, without showing what is in them', (_, text, code) => {
    expect(() => parseKubeconfig(text)).toThrow(
      expect.objectContaining({ code, message: expect.not.stringContaining('c2VjcmV0') as string }),
    );
  });
});

describe('an existing kubeconfig', () => {
  function problem(text: string | Secret | undefined, change: Partial<ExpectedKubeconfig> = {}): string | undefined {
    const expected = { access, commonName: 'kubernetes-admin', organization: 'system:masters', ca: shared.ca, now };
    return kubeconfigProblem(text, { ...expected, ...change });
  }

  test('that was issued for this cluster is fit', () => {
    expect(problem(admin)).toBeUndefined();
  });

  test('is not fit when it is missing or torn', () => {
    expect(problem(undefined)).toBe('missing');
    expect(problem(admin.reveal().slice(0, 40))).toMatch(/^not a usable kubeconfig: /);
  });

  test('is not fit for another server or CA', async () => {
    const other = await createSharedPki(now);
    const moved = { ...access, server: 'https://10.0.0.9:6443' };
    expect(problem(admin, { access: moved })).toBe('its server is https://api.example.org:6443, not https://10.0.0.9:6443');
    expect(problem(admin, { access: { ...access, caCertificate: other.ca.certificate }, ca: other.ca })).toBe('it trusts another CA');
  });

  test('is not fit when its certificate ends soon or is somebody else’s', () => {
    expect(problem(admin, { now: new Date('2027-11-01T00:00:00Z') })).toBe('client certificate: expires in 20 days');
    expect(problem(admin, { commonName: 'jane' })).toBe('client certificate: its common name is kubernetes-admin, not jane');
    expect(problem(renderBootstrapKubeconfig(access, new Secret('x')))).toBe('client certificate: missing');
  });

  test('may name the certificate file that is expected, and no other', () => {
    const text = renderKubeletKubeconfig(access, 'w1');
    expect(problem(text, { clientCertificateFile: '/var/lib/kubelet/pki/kubelet-client-current.pem' })).toBeUndefined();
    expect(problem(text)).toBe('its client certificate is the file /var/lib/kubelet/pki/kubelet-client-current.pem');
  });
});
