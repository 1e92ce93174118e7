import { describe, expect, test } from 'vitest';
import { clusterFileSchema, type ClusterSpec } from '../../../../src/config/index.js';
import {
  parseFindings,
  parseIgnoredChecks,
  preflightInput,
  preflightPhase,
  PREFLIGHT_CHECK_NAMES,
} from '../../../../src/phases/preflight/index.js';
import { memoryHost, stepContext, type MemoryHost, type MemoryHostOptions } from '../../../support/memory-host.js';

function aSpec(more: Record<string, unknown> = {}): ClusterSpec {
  const hosts = [
    { name: 'cp1', address: '10.0.0.11', roles: ['control-plane'] },
    { name: 'w1', address: '10.0.0.21' },
  ];
  const { spec, metadata } = clusterFileSchema.parse({ apiVersion: 'kbs.dev/v1alpha1', kind: 'Cluster', spec: { hosts, ...more } });
  return { ...spec, name: metadata.name };
}

const GOOD = ['uid 0', 'nameserver 10.0.0.53', ...Array.from({ length: 8 }, () => 'ability built-in')].join('\n');

function aHost(answer: string, options: MemoryHostOptions = {}): MemoryHost {
  return memoryHost({ answers: [['uid $(id -u)', answer]], ...options });
}

async function runPreflight(host: MemoryHost, { spec = aSpec(), others = [] as MemoryHost[], ignore = [] as string[] } = {}) {
  const context = stepContext();
  const steps = await preflightPhase.steps(
    { spec, hosts: [host, ...others], ignorePreflight: parseIgnoredChecks(ignore), mayChangeRuntime: false },
    host,
  );
  for (const step of steps) {
    const { plan } = await step.prepare(host, context);
    expect(plan).toEqual({ change: 'none' });
  }
  return context.warnings;
}

describe('preflightPhase', () => {
  test('a good host passes with one remote command and no change', async () => {
    const host = aHost(GOOD);
    expect(await runPreflight(host)).toEqual([]);
    expect(host.ran).toHaveLength(1);
    expect(host.changes).toEqual([]);
    expect(host.journaled).toEqual([]);
  });

  test('all failed checks of a host are one error with a line each, and nothing is changed', async () => {
    const host = aHost(`${GOOD}\nlistener 280A 7 nginx\nmissing conntrack`, { facts: { init: 'openrc' } });
    await expect(runPreflight(host)).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      where: { host: 'w1' },
      details: [
        expect.stringMatching(/^Systemd: process 1 is openrc — /),
        expect.stringMatching(/^Ports: 10250 \(kubelet\) is held by nginx \(pid 7\) — /),
        expect.stringMatching(/^RequiredCommands: conntrack not found — /),
      ],
      remedy: [expect.stringContaining('--ignore-preflight=Systemd,Ports,RequiredCommands')],
    });
    expect(host.changes).toEqual([]);
    expect(host.journaled).toEqual([]);
  });

  test('an ignored check warns instead, others still fail', async () => {
    const host = aHost(`${GOOD}\nmissing conntrack`);
    expect(await runPreflight(host, { ignore: ['requiredcommands'] })).toEqual([
      expect.stringMatching(/^RequiredCommands \(ignored\): conntrack/),
    ]);
    await expect(runPreflight(host, { ignore: ['Swap,Ports'] })).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' });
    expect(await runPreflight(host, { ignore: ['ALL'] })).toHaveLength(1);
  });

  test('warnings do not stop the run', async () => {
    expect(await runPreflight(aHost(`${GOOD}\nfirewall ufw`))).toEqual([expect.stringMatching(/^Firewall: ufw active/)]);
  });

  test('a host without root reports that and what facts tell, without running anything', async () => {
    const host = aHost('', { facts: { privilegeProblem: 'sudo wants a password', init: 'openrc' } });
    await expect(runPreflight(host)).rejects.toMatchObject({
      details: [expect.stringMatching(/^Root: sudo wants/), expect.stringMatching(/^Systemd/)],
    });
    expect(host.ran).toEqual([]);
  });

  test('two hosts with one machine-id are told on both', async () => {
    const [one, two] = [aHost(GOOD), aHost(GOOD, { name: 'cp1', address: '10.0.0.11', roles: ['control-plane'] })];
    await expect(runPreflight(one, { others: [two] })).rejects.toMatchObject({ details: [expect.stringContaining('as cp1')] });
    await expect(runPreflight(two, { others: [one] })).rejects.toMatchObject({ details: [expect.stringContaining('as w1')] });
  });
});

describe('parseIgnoredChecks', () => {
  test('names come in any case, separated by commas or repeated flags', () => {
    expect([...parseIgnoredChecks(['swap, ports', 'MachineID'])]).toEqual(['Swap', 'Ports', 'MachineId']);
  });

  test('an unknown name is a usage error that lists all names', () => {
    expect(() => parseIgnoredChecks(['Swapp'])).toThrowError(expect.objectContaining({ code: 'USAGE' }) as Error);
    expect(PREFLIGHT_CHECK_NAMES).toContain('KernelAbilities');
    try {
      parseIgnoredChecks(['Swapp']);
    } catch (error) {
      expect(error).toMatchObject({
        details: [expect.stringContaining('KernelAbilities, ')],
        remedy: ['--ignore-preflight=Swap', '--ignore-preflight=all'],
      });
    }
  });
});

describe('preflightInput', () => {
  const worker = memoryHost();
  const controlPlane = memoryHost({ name: 'cp1', address: '10.0.0.11', roles: ['control-plane'] });

  test('a host of etcd needs etcd’s ports and space, and nothing of a node', () => {
    const hosts = [
      { name: 'cp1', address: '10.0.0.11', roles: ['control-plane'] },
      { name: 'e1', address: '10.0.0.31', roles: ['etcd'] },
    ];
    const input = preflightInput(aSpec({ hosts }), memoryHost({ name: 'e1', address: '10.0.0.31', roles: ['etcd'] }));
    expect(input.ports.map(({ port }) => port)).toEqual([2379, 2380, 2381]);
    expect(input.disks.map(({ path }) => path)).toContain('/var/lib/etcd');
    expect({ isNode: input.isNode, kernelNeeds: input.kernelNeeds }).toEqual({ isNode: false, kernelNeeds: [] });
    const others = preflightInput(aSpec({ hosts }), controlPlane);
    expect(others.ports.map(({ port }) => port)).not.toContain(2379);
    expect(others.disks.map(({ path }) => path)).not.toContain('/var/lib/etcd');
  });

  test('a control plane needs the ports of the API, etcd, controller manager and scheduler too', () => {
    const ports = preflightInput(aSpec(), controlPlane).ports.map(({ port }) => port);
    expect(ports).toEqual(expect.arrayContaining([6443, 2379, 2380, 10250, 10257, 10259]));
    expect(preflightInput(aSpec(), worker).ports.map(({ port }) => port)).not.toContain(6443);
  });

  test('process names fit into the 15 characters the kernel keeps', () => {
    for (const { process } of preflightInput(aSpec(), controlPlane).ports) expect(process.length).toBeLessThanOrEqual(15);
  });

  test('swap may stay when kbs turns it off or the kubelet was told to live with it', () => {
    expect(preflightInput(aSpec(), worker).maySwap).toBe(false);
    expect(preflightInput(aSpec({ preparation: { swap: 'off' } }), worker).maySwap).toBe(true);
    expect(preflightInput(aSpec({ kubelet: { config: { failSwapOn: false } } }), worker).maySwap).toBe(true);
  });

  test('vxlan is needed only for flannel', () => {
    const names = (spec: ClusterSpec) => preflightInput(spec, worker).kernelNeeds.flatMap(({ anyOf }) => anyOf.map(({ name }) => name));
    expect(names(aSpec())).toContain('vxlan');
    expect(names(aSpec({ network: { cni: { type: 'none' } } }))).not.toContain('vxlan');
  });

  test('IPVS needs its modules, the chosen scheduler’s too, and the commands that take it away again', () => {
    const input = preflightInput(aSpec({ network: { kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'lc' } } } }), worker);
    const names = input.kernelNeeds.flatMap(({ anyOf }) => anyOf.map(({ name }) => name));
    expect(names).toEqual(expect.arrayContaining(['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh', 'ip_vs_lc', 'dummy', 'ip_set', 'xt_set']));
    expect(names.filter((name) => name === 'nf_conntrack')).toHaveLength(1);
    expect(input.furtherCommands).toEqual(['ipset', 'ipvsadm']);
    expect(preflightInput(aSpec(), worker)).toMatchObject({ furtherCommands: [] });
    expect(preflightInput(aSpec(), worker).kernelNeeds.flatMap(({ anyOf }) => anyOf.map(({ name }) => name))).not.toContain('ip_vs');
  });

  test('etcd’s space is counted where the file puts it, on control planes only', () => {
    const spec = aSpec({ etcd: { dataDir: '/data/etcd' } });
    expect(preflightInput(spec, controlPlane).disks.map(({ path }) => path)).toContain('/data/etcd');
    expect(preflightInput(spec, worker).disks.map(({ path }) => path)).not.toContain('/data/etcd');
  });
});

describe('parseFindings', () => {
  test('every kind of line is read', () => {
    const input = preflightInput(aSpec(), memoryHost());
    const findings = parseFindings(
      input,
      [
        'uid 0',
        'managed yes',
        'listener 192B 12 kube-apiserver',
        'listener 094B',
        'path /etc/kubernetes/admin.conf',
        'unit kubelet.service',
        'link cni0',
        'missing socat',
        'readonly /usr/bin',
        'disk /var/lib/containerd\t/dev/vda1\t1000\t500',
        'firewall ufw',
        'selinux enforcing',
        'nameserver 1.1.1.1',
        'ability loaded',
        'ability missing',
      ].join('\n'),
    );
    expect(findings).toMatchObject({
      isManaged: true,
      uid: 0,
      listeners: [
        { port: 6443, pid: 12, process: 'kube-apiserver' },
        { port: 2379, pid: undefined, process: undefined },
      ],
      leftoverPaths: ['/etc/kubernetes/admin.conf'],
      units: ['kubelet.service'],
      leftoverLinks: ['cni0'],
      readOnlyFolders: ['/usr/bin'],
      firewalls: ['ufw'],
      isSelinuxEnforcing: true,
      nameservers: ['1.1.1.1'],
    });
    expect(findings.disks.get('/var/lib/containerd')).toEqual({ device: '/dev/vda1', totalBytes: 1_024_000, freeBytes: 512_000 });
    expect([findings.abilities.get('overlay'), findings.abilities.get('br_netfilter'), findings.abilities.get('vxlan')]).toEqual([
      'loaded',
      'missing',
      'unknown',
    ]);
  });

  test('a missing resolv.conf is not the same as an empty one', () => {
    const input = preflightInput(aSpec(), memoryHost());
    expect(parseFindings(input, 'resolver missing').nameservers).toBeUndefined();
    expect(parseFindings(input, 'uid 0').nameservers).toEqual([]);
  });
});
