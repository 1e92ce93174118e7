import { expect, test } from 'vitest';
import { clusterFileSchema, type ClusterSpec } from '../../../../src/config/index.js';
import { parseFindings, preflightInput, runChecks } from '../../../../src/phases/preflight/index.js';
import { memoryHost } from '../../../support/memory-host.js';

function aSpec(more: Readonly<Record<string, unknown>>): ClusterSpec {
  const hosts = [{ name: 'w1', address: '10.0.0.21', roles: ['control-plane'] }];
  const { spec, metadata } = clusterFileSchema.parse({ apiVersion: 'kbs.dev/v1alpha1', kind: 'Cluster', spec: { hosts, ...more } });
  return { ...spec, name: metadata.name };
}

function sandboxes(more: Readonly<Record<string, unknown>>, hasCapSysResource: boolean): readonly string[] {
  const host = memoryHost({ facts: { hasCapSysResource } });
  const input = preflightInput(aSpec(more), host);
  const results = runChecks({ host, input, others: [], mayChangeRuntime: false, findings: parseFindings(input, '') });
  return results.filter(({ name }) => name === 'Sandboxes').map(({ text }) => text);
}

test('gVisor is refused where its shim cannot set its oom score, and only gVisor', () => {
  expect(sandboxes({ runtimeClasses: ['gvisor'] }, false)).toEqual([expect.stringContaining('CAP_SYS_RESOURCE')]);
  expect(sandboxes({ runtimeClasses: ['gvisor'] }, true)).toEqual([]);
  expect(sandboxes({}, false)).toEqual([]);
});

test('platform kvm needs the device itself', () => {
  const names = (platform: string) =>
    preflightInput(aSpec({ runtimeClasses: ['gvisor'], gvisor: { platform } }), memoryHost()).kernelNeeds.flatMap(({ anyOf }) =>
      anyOf.map(({ name }) => name),
    );
  expect(names('kvm')).toContain('/dev/kvm');
  expect(names('systrap')).not.toContain('/dev/kvm');
});
