import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  keepalivedPassword,
  renderEndpointCheck,
  renderHaproxy,
  renderKeepalived,
  renderKubeVip,
  renderLocalLb,
  type KeepalivedInput,
} from '../../src/render/index.js';
import { Secret } from '../../src/secret/index.js';

const API_SERVERS = [
  { name: 'cp1', address: '192.0.2.11' },
  { name: 'cp2', address: '192.0.2.12' },
  { name: 'cp3', address: '192.0.2.13' },
];

function keepalived(change: Partial<KeepalivedInput> = {}): Secret {
  return renderKeepalived({
    nodeName: 'cp1',
    address: '192.0.2.11',
    peers: ['192.0.2.12', '192.0.2.13'],
    interface: 'eth0',
    virtualAddress: '192.0.2.9',
    virtualRouterId: 51,
    password: new Secret('s3cret08'),
    ...change,
  });
}

const LOCAL_LB = renderLocalLb({ image: 'docker.io/library/haproxy:2.6.12', configDigest: 'ab'.repeat(32) });
const KUBE_VIP = renderKubeVip({ image: 'ghcr.io/kube-vip/kube-vip:v0.5.12', virtualAddress: '192.0.2.9', interface: 'eth0' });

const FILES: Readonly<Record<string, string>> = {
  'haproxy-service.cfg': renderHaproxy({ kind: 'service', port: 8443, apiServers: API_SERVERS, asksReadyz: true }),
  'haproxy-pod.cfg': renderHaproxy({ kind: 'pod', port: 6443, apiServers: API_SERVERS, asksReadyz: true }),
  'haproxy-pod-no-anonymous.cfg': renderHaproxy({ kind: 'pod', port: 6443, apiServers: API_SERVERS.slice(0, 1), asksReadyz: false }),
  'keepalived.conf': keepalived().reveal(),
  'keepalived-alone.conf': keepalived({ peers: [] }).reveal(),
  'check-endpoint': renderEndpointCheck(),
  'local-lb.yaml': LOCAL_LB,
  'kube-vip.yaml': KUBE_VIP,
};

test.each(Object.entries(FILES))('%s is as it was', async (name, text) => {
  await expect(text).toMatchFileSnapshot(`endpoint/${name}`);
});

interface Pod {
  readonly spec: {
    readonly hostNetwork: boolean;
    readonly hostAliases?: readonly unknown[];
    readonly containers: readonly {
      readonly args?: readonly string[];
      readonly env?: readonly { readonly name: string; readonly value: unknown }[];
      readonly imagePullPolicy: string;
      readonly securityContext: { readonly capabilities: unknown };
      readonly volumeMounts: readonly { readonly mountPath: string }[];
    }[];
  };
}

/** What kube-vip 0.5 reads from its environment for an address by ARP. Source: kube-vip v0.5.12 pkg/kubevip/config_envvar.go. */
const KUBE_VIP_ENVIRONMENT = [
  ...['address', 'port', 'vip_interface', 'vip_cidr', 'vip_arp', 'vip_ddns', 'cp_enable', 'cp_namespace', 'svc_enable'],
  ...['vip_leaderelection', 'vip_leaseduration', 'vip_renewdeadline', 'vip_retryperiod'],
];

describe('the static pod of kube-vip', () => {
  const { spec } = parse(KUBE_VIP) as Pod;
  const [container] = spec.containers;

  test('says only what kube-vip documents, each as a text', () => {
    const environment = container?.env ?? [];
    expect(environment.map(({ name }) => name).sort()).toEqual([...KUBE_VIP_ENVIRONMENT].sort());
    expect(environment.filter(({ value }) => typeof value !== 'string')).toEqual([]);
  });

  test('may set addresses, reaches its own API server, and never needs a registry', () => {
    expect(container).toMatchObject({ args: ['manager'], imagePullPolicy: 'IfNotPresent' });
    expect(container?.securityContext.capabilities).toEqual({ add: ['NET_ADMIN', 'NET_RAW'] });
    expect(container?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/etc/kubernetes/admin.conf']);
    expect(spec).toMatchObject({ hostNetwork: true, hostAliases: [{ ip: '127.0.0.1', hostnames: ['kubernetes'] }] });
  });
});

test('another configuration is another pod of the load balancer', () => {
  expect(renderLocalLb({ image: 'docker.io/library/haproxy:2.6.12', configDigest: 'cd'.repeat(32) })).not.toBe(LOCAL_LB);
});

describe('keepalived.conf', () => {
  test('shows its password to nobody but kbs, which finds it again', () => {
    expect(String(keepalived())).not.toContain('s3cret08');
    expect(keepalivedPassword(keepalived())?.reveal()).toBe('s3cret08');
  });

  test('of somebody else gives no password away', () => {
    expect(keepalivedPassword(new Secret('vrrp_instance x {\n authentication {\n auth_pass theirs\n }\n}\n'))).toBeUndefined();
  });

  test('differs in priority between neighbours, so that only one of them takes the address', () => {
    const priorities = ['192.0.2.11', '192.0.2.12'].map((address) => /priority (\d+)/.exec(keepalived({ address }).reveal())?.[1]);
    expect(new Set(priorities).size).toBe(2);
  });
});
