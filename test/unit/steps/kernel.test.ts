import { describe, expect, test } from 'vitest';
import { kernelAbilityCommand, kernelModulesStep, parseKernelAbilities, sysctlStep } from '../../../src/steps/index.js';
import { memoryHost, stepContext, type MemoryHost } from '../../support/memory-host.js';

const MODULES = [{ name: 'overlay', builtInEvidence: ['/proc/filesystems#overlay'] }, { name: 'br_netfilter' }, { name: 'vxlan' }];
const modulesStep = kernelModulesStep({ id: 'k/m', title: 'Load', path: '/etc/modules-load.d/kbs.conf', modules: MODULES });

/** A kernel whose loadable modules become loaded by modprobe. */
function aKernel(...abilities: string[]): MemoryHost {
  const now = [...abilities];
  return memoryHost({
    files: { '/etc/modules-load.d/': '' },
    answers: [
      ['ability()', () => now.join('\n')],
      [
        'modprobe -a',
        () => {
          now.forEach((ability, index) => (now[index] = ability === 'loadable' ? 'loaded' : ability));
          return '';
        },
      ],
    ],
  });
}

describe('kernelModulesStep', () => {
  test('a kernel that has everything built in needs no modprobe and no file', async () => {
    const host = aKernel('built-in', 'built-in', 'built-in');
    expect((await modulesStep.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
    expect(host.ran.filter((text) => text.includes('modprobe -a'))).toEqual([]);
  });

  test('only what is a module is loaded and written down', async () => {
    const host = aKernel('built-in', 'loadable', 'loaded');
    const prepared = await modulesStep.prepare(host, stepContext());
    expect(prepared.plan).toMatchObject({ change: 'create', summary: 'load br_netfilter, write /etc/modules-load.d/kbs.conf' });
    expect(host.changes).toEqual([]);
    await prepared.apply();
    expect(host.ran.find((text) => text.includes('modprobe -a'))).toMatch(/modprobe -a -- br_netfilter$/);
    expect(host.fs.get('/etc/modules-load.d/kbs.conf')?.content.toString()).toMatch(/\nbr_netfilter\nvxlan\n$/);
    expect(host.journaled).toEqual([
      { kind: 'path', path: '/etc/modules-load.d/kbs.conf', was: 'absent' },
      { kind: 'module', name: 'br_netfilter' },
    ]);
    expect((await modulesStep.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('what the kernel does not have is a warning, not a module to load', async () => {
    const host = aKernel('built-in', 'built-in', 'missing');
    const context = stepContext();
    expect((await modulesStep.prepare(host, context)).plan).toEqual({ change: 'none' });
    expect(context.warnings).toEqual([expect.stringContaining('no vxlan')]);
  });

  test('a module that does not get loaded fails the verification', async () => {
    const host = memoryHost({
      files: { '/etc/modules-load.d/': '' },
      answers: [
        ['ability()', 'loadable\nloaded\nloaded'],
        ['modprobe -a', ''],
      ],
    });
    await expect((await modulesStep.prepare(host, stepContext())).apply()).rejects.toMatchObject({ code: 'VERIFY_FAILED' });
  });

  test('an answer that is cut off leaves the rest unknown', () => {
    expect([...parseKernelAbilities(MODULES, 'loaded\n').values()]).toEqual(['loaded', 'unknown', 'unknown']);
  });

  test('names and evidence reach the shell as quoted values', () => {
    const { text } = kernelAbilityCommand([{ name: "o'x", builtInEvidence: ['/a#b c'] }]);
    expect(text).toContain(`m0_0='o'\\''x'`);
    expect(text).toContain(`m0_1='/a#b c'`);
  });
});

const VALUES = { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.eth0/1.rp_filter': '2' };
const sysctls = sysctlStep({ id: 'k/s', title: 'Set', path: '/etc/sysctl.d/99.conf', values: VALUES });

/** Running values of two keys, as the shell answers; writing makes them what the test says. */
function aSysctlHost(running: string[], afterwards = ['is 1', 'is 2']): MemoryHost {
  const write = (): string => {
    running.splice(0, 2, ...afterwards);
    return '';
  };
  return memoryHost({
    files: { '/etc/sysctl.d/': '' },
    answers: [
      ['echo none', () => running.join('\n')],
      [/^p0=.*set -e/s, write],
    ],
  });
}

describe('sysctlStep', () => {
  test('planning names running and wanted value and writes nothing', async () => {
    const host = aSysctlHost(['is 0', 'none']);
    const { plan } = await sysctls.prepare(host, stepContext());
    expect(plan).toMatchObject({
      change: 'create',
      summary: 'net.ipv4.ip_forward 0 → 1, net.ipv4.conf.eth0/1.rp_filter unset → 2, write /etc/sysctl.d/99.conf',
    });
    expect(host.ran).toHaveLength(1);
    expect(host.ran[0]).toContain('/proc/sys/net/ipv4/conf/eth0.1/rp_filter');
    expect(host.changes).toEqual([]);
  });

  test('applying journals former running values, and the second time nothing is to do', async () => {
    const host = aSysctlHost(['is 0', 'is 2']);
    await (await sysctls.prepare(host, stepContext())).apply();
    expect(host.journaled).toEqual([
      { kind: 'path', path: '/etc/sysctl.d/99.conf', was: 'absent' },
      { kind: 'sysctl', key: 'net.ipv4.ip_forward', was: '0' },
    ]);
    expect(host.fs.get('/etc/sysctl.d/99.conf')?.content.toString()).toContain('net.ipv4.ip_forward = 1\n');
    expect((await sysctls.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('a running value that differs although the file is right is set again', async () => {
    const running = ['is 0', 'is 0'];
    const drifted = aSysctlHost(running);
    await (await sysctls.prepare(drifted, stepContext())).apply();
    running[0] = 'is 0';
    expect((await sysctls.prepare(drifted, stepContext())).plan).toMatchObject({ change: 'update', summary: 'net.ipv4.ip_forward 0 → 1' });
  });

  test('a key the kernel does not have fails the verification with the module that brings it', async () => {
    const host = aSysctlHost(['is 0', 'none'], ['is 1', 'none']);
    const apply = (await sysctls.prepare(host, stepContext())).apply();
    await expect(apply).rejects.toMatchObject({ code: 'VERIFY_FAILED', details: ['net.ipv4.conf.eth0/1.rp_filter is not there, not 2'] });
  });
});
