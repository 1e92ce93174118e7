import { expect, test } from 'vitest';
import { clusterFileSchema, type ClusterSpec } from '../../../../src/config/index.js';
import { parseFindings, preflightInput, runChecks } from '../../../../src/phases/preflight/index.js';
import type { HostFacts } from '../../../../src/host/index.js';
import { memoryHost } from '../../../support/memory-host.js';

function aSpec(more: Readonly<Record<string, unknown>>): ClusterSpec {
  const hosts = [{ name: 'w1', address: '10.0.0.21', roles: ['control-plane'] }];
  const { spec, metadata } = clusterFileSchema.parse({ apiVersion: 'kbs.dev/v1alpha1', kind: 'Cluster', spec: { hosts, ...more } });
  return { ...spec, name: metadata.name };
}

function results(more: Readonly<Record<string, unknown>>, facts: Partial<HostFacts>, answer: string) {
  const host = memoryHost({ facts });
  const input = preflightInput(aSpec(more), host);
  return runChecks({ host, input, others: [], mayChangeRuntime: false, findings: parseFindings(input, answer) });
}

function sandboxes(more: Readonly<Record<string, unknown>>, facts: Partial<HostFacts>, answer = ''): readonly string[] {
  return results(more, facts, answer)
    .filter(({ name }) => name === 'Sandboxes')
    .map(({ text }) => text);
}

test('gVisor is refused where its shim cannot set its oom score, and only gVisor', () => {
  expect(sandboxes({ runtimeClasses: ['gvisor'] }, { hasCapSysResource: false })).toEqual([expect.stringContaining('CAP_SYS_RESOURCE')]);
  expect(sandboxes({ runtimeClasses: ['gvisor'] }, { hasCapSysResource: true })).toEqual([]);
  expect(sandboxes({}, { hasCapSysResource: false })).toEqual([]);
});

const KATA = { runtimeClasses: ['kata'] };

test('platform kvm needs the device itself', () => {
  const refusals = (platform: string) => sandboxes({ runtimeClasses: ['gvisor'], gvisor: { platform } }, {}, 'nodevice /dev/kvm');
  expect(refusals('kvm')).toEqual([expect.stringContaining('gVisor on platform kvm needs /dev/kvm')]);
  expect(preflightInput(aSpec({ runtimeClasses: ['gvisor'] }), memoryHost()).sandboxes.flatMap(({ devices }) => devices)).toEqual([]);
});

test('Kata is refused with all that the host lacks of it', () => {
  expect(sandboxes(KATA, {})).toEqual([]);
  expect(sandboxes(KATA, {}, 'nodevice /dev/kvm')).toEqual([
    expect.stringMatching(/^Kata needs \/dev\/kvm that can be opened — .*kvm_intel or kvm_amd, or leave kata out of runtimeClasses$/),
  ]);
  expect(sandboxes(KATA, { architecture: 'arm64' }, 'nodevice /dev/kvm\nnoflag vmx\nnoflag svm')).toEqual([
    expect.stringMatching(/^Kata needs \/dev\/kvm that can be opened, and CPU flag vmx or svm, and amd64 \(the machine is arm64\) — /),
  ]);
});

test('either CPU flag will do for Kata', () => {
  expect(sandboxes(KATA, {}, 'noflag svm')).toEqual([]);
  expect(sandboxes(KATA, {}, 'noflag vmx')).toEqual([]);
});

test('Kata needs xz to be unpacked, room, and a kernel with vhost', () => {
  const abilities = 'ability loaded\nability loaded\nability loadable\nability missing\nability missing';
  const texts = results(KATA, {}, `missing xz\n${abilities}`).map(({ name, text }) => `${name} ${text}`);
  expect(texts).toContainEqual(expect.stringMatching(/^RequiredCommands xz not found/));
  expect(texts).toContainEqual(expect.stringMatching(/^KernelAbilities the kernel has no vhost_net .*vhost_vsock/));
  expect(preflightInput(aSpec(KATA), memoryHost()).disks).toContainEqual(expect.objectContaining({ path: '/opt/kata' }));
  expect(preflightInput(aSpec({}), memoryHost()).furtherCommands).not.toContain('xz');
});

test('a host without handlers for Kata need have nothing of it', () => {
  const hosts = [{ name: 'w1', address: '10.0.0.21', roles: ['control-plane'], containerRuntime: { type: 'docker' } }];
  const { sandboxes: needs, furtherCommands, kernelNeeds, disks } = preflightInput(aSpec({ ...KATA, hosts }), memoryHost());
  expect(needs).toEqual([]);
  expect(furtherCommands).not.toContain('xz');
  expect(JSON.stringify([kernelNeeds, disks])).not.toMatch(/vhost|kata/);
});
