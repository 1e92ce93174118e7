import { describe, expect, test, vi } from 'vitest';
import type { AnyStep } from '../../../../src/engine/index.js';
import type { ClusterSpec } from '../../../../src/config/index.js';
import { createVrrpPasswordSource } from '../../../../src/operations/vrrp-password.js';
import { joinedNodeObjects } from '../../../../src/phases/endpoint/joined-nodes.js';
import { removeKeepalivedStep } from '../../../../src/phases/endpoint/keepalived-removal.js';
import { keepalivedSteps } from '../../../../src/phases/endpoint/keepalived.js';
import { kubeVipSteps } from '../../../../src/phases/endpoint/kube-vip.js';
import { localLbSteps } from '../../../../src/phases/endpoint/local-lb.js';
import { staleAddressStep } from '../../../../src/phases/endpoint/virtual-address.js';
import type { clusterImages } from '../../../../src/versions/index.js';
import { Secret } from '../../../../src/secret/index.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { memoryHost, stepContext, type MemoryHost } from '../../../support/memory-host.js';

const KEEPALIVED_CONF = '/etc/keepalived/keepalived.conf';
const HAPROXY_CFG = '/etc/haproxy/haproxy.cfg';
const LOCAL_LB_CFG = '/etc/kubernetes/local-lb/haproxy.cfg';
const MANIFEST = '/etc/kubernetes/manifests/local-lb.yaml';

const images = { haproxy: 'docker.io/library/haproxy:2.6.12', kubeVip: 'ghcr.io/kube-vip/kube-vip:v0.5.12' } as ReturnType<
  typeof clusterImages
>;

type Endpoint = NonNullable<Parameters<typeof aClusterSpec>[0]>['spec'];

function aSpec(controlPlaneEndpoint: NonNullable<Endpoint>['controlPlaneEndpoint'], controlPlanes = 3): ClusterSpec {
  return aClusterSpec({ controlPlanes, spec: { controlPlaneEndpoint } });
}

function controlPlane(name = 'cp1', options: Parameters<typeof memoryHost>[0] = {}): MemoryHost {
  const address = `10.0.0.1${name.at(-1) ?? ''}`;
  return memoryHost({
    name,
    address,
    roles: ['control-plane'],
    facts: { interfaces: [{ name: 'ens3', mac: '', mtu: 1500, addresses: [address] }] },
    ...options,
  });
}

/** Applies steps in order and returns what they planned. */
async function apply(host: MemoryHost, steps: readonly AnyStep[]): Promise<readonly (string | undefined)[]> {
  const planned: (string | undefined)[] = [];
  for (const step of steps) {
    const prepared = await step.prepare(host, stepContext());
    planned.push(prepared.plan.change === 'none' ? undefined : prepared.plan.summary);
    if (prepared.plan.change !== 'none') await prepared.apply();
  }
  return planned;
}

describe('the load balancer of a node', () => {
  const worker = () => memoryHost({ name: 'w1', address: '10.0.0.21', roles: ['worker'] });
  const spec = aSpec({ provider: 'local-lb' });

  test('is a static pod over the API servers of all control planes, on loopback', async () => {
    const host = worker();
    await apply(host, localLbSteps({ spec, images }, host));
    const config = host.fs.get(LOCAL_LB_CFG)?.content.toString() ?? '';
    expect(config).toContain('bind 127.0.0.1:6443');
    expect([...config.matchAll(/^ {4}server (\S+ \S+)$/gm)].map((match) => match[1])).toEqual([
      'cp1 10.0.0.11:6443',
      'cp2 10.0.0.12:6443',
      'cp3 10.0.0.13:6443',
    ]);
    expect(host.fs.get(MANIFEST)).toMatchObject({ mode: 0o600 });
  });

  test('is there only where no API server is, and only where it is asked for', () => {
    const cp = controlPlane();
    expect(localLbSteps({ spec, images }, cp)).toEqual([]);
    expect(localLbSteps({ spec: aSpec({ host: 'k8s.example.org' }), images }, worker())).toEqual([]);
  });

  test('changes its manifest only when a kubelet that has just been started knows its pods', async () => {
    const host = worker();
    await apply(host, localLbSteps({ spec, images }, host));
    const start = (ageMs: number): unknown =>
      host.unitStates.set('kubelet.service', { enabled: 'enabled', active: 'active', startedMs: Date.now() - ageMs, needsReload: false });
    start(9_000);
    const before = host.fs.get(MANIFEST)?.content.toString();
    const applied = apply(host, localLbSteps({ spec: aSpec({ provider: 'local-lb' }, 5), images }, host));
    await vi.waitFor(() => expect(host.fs.get(LOCAL_LB_CFG)?.content.toString()).toContain('cp5'));
    expect(host.fs.get(MANIFEST)?.content.toString()).toBe(before);
    start(11_000);
    await applied;
    expect(host.fs.get(MANIFEST)?.content.toString()).not.toBe(before);
  });

  test('starts anew when a control plane comes, and plans nothing when none does', async () => {
    const host = worker();
    await apply(host, localLbSteps({ spec, images }, host));
    expect(await apply(host, localLbSteps({ spec, images }, host))).toEqual([undefined, undefined]);
    const before = host.fs.get(MANIFEST)?.content.toString();
    const more = aSpec({ provider: 'local-lb' }, 5);
    expect(await apply(host, localLbSteps({ spec: more, images }, host))).toEqual([`change ${LOCAL_LB_CFG}`, `change ${MANIFEST}`]);
    expect(host.fs.get(MANIFEST)?.content.toString()).not.toBe(before);
  });
});

describe('the load balancer of nodes that join by themselves', () => {
  interface DaemonSet {
    readonly spec: {
      readonly template: {
        readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
        readonly spec: {
          readonly affinity: unknown;
          readonly volumes: readonly { readonly name: string }[];
          readonly containers: readonly { readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[] }[];
        };
      };
    };
  }
  const objects = (controlPlanes = 3) => joinedNodeObjects({ spec: aSpec({ provider: 'local-lb' }, controlPlanes), images });

  test('keeps away from control planes and from nodes that have one of kbs', () => {
    const [, daemonSet] = objects() as unknown as [unknown, DaemonSet];
    const keys = ['node-role.kubernetes.io/control-plane', 'kbs.dev/local-lb'];
    expect(daemonSet.spec.template.spec.affinity).toEqual({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: keys.map((key) => ({ key, operator: 'DoesNotExist' })) }],
        },
      },
    });
  });

  test('reads the configuration of the static pod from a ConfigMap, and starts anew with another one', () => {
    const [config, daemonSet] = objects() as unknown as [{ data: Record<string, string> }, DaemonSet];
    expect(config.data['haproxy.cfg']).toContain('server cp3 10.0.0.13:6443');
    const { containers, volumes } = daemonSet.spec.template.spec;
    expect(containers[0]?.volumeMounts).toContainEqual({ name: 'config', mountPath: '/etc/kubernetes/local-lb', readOnly: true });
    expect(volumes).toContainEqual({
      name: 'config',
      configMap: { name: 'local-lb', items: [{ key: 'haproxy.cfg', path: 'haproxy.cfg' }] },
    });
    const [, other] = objects(5) as unknown as [unknown, DaemonSet];
    expect(other.spec.template.metadata.annotations).not.toEqual(daemonSet.spec.template.metadata.annotations);
  });
});

describe('keepalived', () => {
  const spec = aSpec({ provider: 'keepalived', host: '10.0.0.9', port: 8443 });
  const vrrp = { password: () => Promise.resolve(new Secret('s3cret08')) };

  test('shows its password in no plan, and writes it for root only', async () => {
    const host = controlPlane('cp2', { files: { '/etc/': '' } });
    const [, config] = await keepalivedSteps({ spec, vrrp }, host);
    const prepared = await config?.prepare(host, stepContext());
    expect(JSON.stringify(prepared?.plan)).not.toContain('s3cret08');
    await prepared?.apply();
    expect(host.fs.get(KEEPALIVED_CONF)).toMatchObject({ mode: 0o600, owner: 'root' });
    const text = host.fs.get(KEEPALIVED_CONF)?.content.toString() ?? '';
    expect(text).toContain('auth_pass s3cret08');
    expect(text).toMatch(/unicast_src_ip 10\.0\.0\.12\n {4}unicast_peer \{\n {8}10\.0\.0\.11\n {8}10\.0\.0\.13\n/);
    expect(text).toContain('10.0.0.9/32 dev ens3');
    expect(host.ran.join('\n')).not.toContain('s3cret08');
  });

  test('has the password of the control planes, and a new one only where there is none', async () => {
    const host = controlPlane('cp1', { files: { '/etc/': '' } });
    const first = await createVrrpPasswordSource([host]).password();
    expect(first.reveal()).toMatch(/^[A-Za-z0-9]{8}$/);
    const [, config] = await keepalivedSteps({ spec, vrrp: { password: async () => first } }, host);
    await apply(host, config === undefined ? [] : [config]);
    const again = await createVrrpPasswordSource([controlPlane('cp2'), host]).password();
    expect(again.reveal()).toBe(first.reveal());
  });

  test('goes with its packages and files; those kbs did not bring stay', async () => {
    let installed = ['keepalived', 'haproxy'];
    const host = controlPlane('cp1', {
      files: {
        [KEEPALIVED_CONF]: '# Written by kbs; kbs reset takes it away.\n',
        [HAPROXY_CFG]: '# Written by kbs; kbs reset takes it away.\n',
      },
      units: { 'keepalived.service': {}, 'haproxy.service': {} },
      journal: ['keepalived', 'haproxy', 'libsnmp40', 'containerd'].map((name) => ({ kind: 'package', name })),
      answers: [
        ['grep -lF', (_text, { fs }) => [KEEPALIVED_CONF, HAPROXY_CFG].filter((path) => fs.has(path)).join('\n')],
        ['dpkg-query', () => installed.join('\n')],
        ['--simulate --auto-remove', 'Purg keepalived [1]\nPurg haproxy [1]\nPurg libsnmp40 [1]\nPurg libtheirs [1]\n'],
        ['--simulate', 'Purg keepalived [1]\nPurg haproxy [1]\nPurg libsnmp40 [1]\n'],
        [
          'purge -q -y keepalived haproxy libsnmp40',
          () => {
            installed = [];
            return '';
          },
        ],
      ],
    });
    const [planned] = await apply(host, [removeKeepalivedStep()]);
    expect(planned).toMatch(/^stop keepalived\.service, haproxy\.service, purge packages haproxy, keepalived, remove /);
    expect(host.fs.has(KEEPALIVED_CONF) || host.fs.has(HAPROXY_CFG)).toBe(false);
    expect(host.unitStates.get('keepalived.service')).toMatchObject({ active: 'inactive', enabled: 'disabled' });
    expect(await apply(host, [removeKeepalivedStep()])).toEqual([undefined]);
  });

  test('of somebody else is left alone', async () => {
    const host = controlPlane('cp1', {
      files: { [KEEPALIVED_CONF]: 'vrrp_instance theirs {}\n' },
      units: { 'keepalived.service': {} },
      answers: [['grep -lF', '']],
    });
    expect(await apply(host, [removeKeepalivedStep()])).toEqual([undefined]);
    expect(host.changes).toEqual([]);
  });
});

describe('a virtual address', () => {
  test('is noted before the host may get it, and taken off when another one is used', async () => {
    const host = controlPlane('cp1', { files: { '/etc/kubernetes/manifests/': '' } });
    const spec = aSpec({ provider: 'kube-vip', host: '10.0.0.9' });
    const [note] = kubeVipSteps({ spec, images }, host);
    await apply(host, note === undefined ? [] : [note]);
    expect(host.journaled).toEqual([{ kind: 'note', name: 'virtual address 10.0.0.9', value: 'ens3' }]);

    let line = '2: ens3    inet 10.0.0.9/32 scope global ens3\\       valid_lft forever preferred_lft forever';
    const later = controlPlane('cp1', {
      journal: host.journaled,
      answers: [
        ['ip -4 -o addr show to 10.0.0.9/32', () => line],
        [
          'ip addr del 10.0.0.9/32 dev ens3',
          () => {
            line = '';
            return '';
          },
        ],
      ],
    });
    expect(await apply(later, [staleAddressStep('endpoint/stale-address', '10.0.0.9')])).toEqual([undefined]);
    expect(await apply(later, [staleAddressStep('endpoint/stale-address', '10.0.0.8')])).toEqual(['take 10.0.0.9 off ens3']);
    expect(await apply(later, [staleAddressStep('reset/addresses', undefined)])).toEqual([undefined]);
  });
});
