import { describe, expect, test } from 'vitest';
import { clusterFileSchema, type ClusterSpec } from '../../../../src/config/index.js';
import { hostLines, kernelModulesFor, NODE_SYSCTLS, prepareHostPhase, undoPreparationSteps } from '../../../../src/phases/prepare/index.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';

function aSpec(more: Record<string, unknown> = {}): ClusterSpec {
  const hosts = [
    { name: 'cp1.example.org', address: '10.0.0.11', roles: ['control-plane'] },
    { name: 'w1', address: '10.0.0.21' },
  ];
  const { spec, metadata } = clusterFileSchema.parse({ apiVersion: 'kbs.dev/v1alpha1', kind: 'Cluster', spec: { hosts, ...more } });
  return { ...spec, name: metadata.name };
}

async function stepIds(spec: ClusterSpec): Promise<readonly string[]> {
  return (await prepareHostPhase.steps({ spec }, memoryHost())).map(({ id }) => id);
}

describe('prepareHostPhase', () => {
  test('modules come before the settings that exist only with them', async () => {
    const ids = await stepIds(aSpec());
    expect(ids.indexOf('prepare/kernel-modules')).toBeLessThan(ids.indexOf('prepare/sysctls'));
    expect(Object.keys(NODE_SYSCTLS)).toContain('net.bridge.bridge-nf-call-iptables');
  });

  test.each(['rr', 'lc', 'dh', 'sh', 'sed', 'nq'] as const)(
    'IPVS with %s: its module is loaded and stays loaded over a boot',
    async (scheduler) => {
      const spec = aSpec({ network: { kubeProxy: { mode: 'ipvs', ipvs: { scheduler } } } });
      const modules = kernelModulesFor(spec).map(({ name }) => name);
      expect(modules).toEqual(expect.arrayContaining(['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh', `ip_vs_${scheduler}`, 'nf_conntrack']));
      expect(new Set(modules).size).toBe(modules.length);
      const host = memoryHost({
        files: { '/etc/modules-load.d/': '' },
        answers: [
          [/ability\(\)/, modules.map(() => 'loadable').join('\n')],
          [/modprobe -a/, ''],
        ],
      });
      const [load] = await prepareHostPhase.steps({ spec }, host);
      await (await load?.prepare(host, stepContext()))?.apply().catch(() => undefined);
      expect(host.fs.get('/etc/modules-load.d/kbs.conf')?.content.toString()).toContain(`\nip_vs_${scheduler}\n`);
      expect(host.ran.find((text) => text.includes('modprobe -a'))).toContain(`ip_vs_${scheduler}`);
    },
  );

  test('swap and /etc/hosts are touched only where the file asks for it', async () => {
    expect(await stepIds(aSpec())).toEqual(['prepare/kernel-modules', 'prepare/sysctls']);
    expect(await stepIds(aSpec({ preparation: { swap: 'off', hostsFile: true } }))).toEqual(
      expect.arrayContaining(['prepare/swap', 'prepare/hosts-file']),
    );
  });

  test('a host with a dot in its name is known by its short name too', () => {
    expect(hostLines(aSpec())).toEqual(['10.0.0.11 cp1.example.org cp1', '10.0.0.21 w1']);
  });

  test('undoing takes the block out of /etc/hosts again and leaves what others added', async () => {
    const host = memoryHost({ files: { '/etc/hosts': '127.0.0.1 localhost\n', '/etc/fstab': '' }, answers: [['/proc/swaps', '']] });
    const steps = await prepareHostPhase.steps({ spec: aSpec({ preparation: { hostsFile: true } }) }, host);
    const write = steps.find(({ id }) => id === 'prepare/hosts-file');
    await (await write?.prepare(host, stepContext()))?.apply();
    expect(host.fs.get('/etc/hosts')?.content.toString()).toContain('10.0.0.21 w1\n');
    host.put('/etc/hosts', `${host.fs.get('/etc/hosts')?.content.toString() ?? ''}192.0.2.9 printer\n`, 0o644);
    for (const step of undoPreparationSteps()) {
      const prepared = await step.prepare(host, stepContext());
      if (prepared.plan.change !== 'none') await prepared.apply();
    }
    expect(host.fs.get('/etc/hosts')?.content.toString()).toBe('127.0.0.1 localhost\n192.0.2.9 printer\n');
  });
});
