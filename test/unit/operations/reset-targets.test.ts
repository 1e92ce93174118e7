import { describe, expect, test } from 'vitest';
import { clusterFileSchema } from '../../../src/config/index.js';
import { resetTargets } from '../../../src/operations/index.js';

function hosts(controlPlanes: number) {
  const cps = Array.from({ length: controlPlanes }, (_, index) => ({
    name: `cp${index + 1}`,
    address: `10.0.0.1${index}`,
    roles: ['control-plane'],
  }));
  const { spec } = clusterFileSchema.parse({
    apiVersion: 'kbs.dev/v1alpha1',
    kind: 'Cluster',
    spec: { controlPlaneEndpoint: { host: 'api.example.org' }, hosts: [...cps, { name: 'w1', address: '10.0.0.21' }] },
  });
  return spec;
}

const names = (spec: ReturnType<typeof hosts>, ...wanted: readonly string[]): readonly string[] =>
  resetTargets(spec, wanted).map(({ name }) => name);

describe('hosts of a reset', () => {
  test('are all of the file, or those named', () => {
    expect(names(hosts(1))).toEqual(['cp1', 'w1']);
    expect(names(hosts(3), 'w1')).toEqual(['w1']);
  });

  test('a name that is not in the file is an error that lists those that are', () => {
    expect(() => names(hosts(1), 'w9')).toThrow(expect.objectContaining({ code: 'USAGE', remedy: ['hosts: cp1 w1'] }));
  });

  test('one control plane of several cannot be reset alone: it is a member of etcd', () => {
    expect(() => names(hosts(3), 'cp2')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(() => names(hosts(3), 'cp1', 'cp2')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test('a host of etcd goes with all control planes and the other hosts of etcd only; control planes beside it are no members', () => {
    const spec = hosts(2);
    const apart = {
      ...spec,
      hosts: [
        ...spec.hosts,
        ...hosts(1)
          .hosts.slice(0, 1)
          .map((host) => ({ ...host, name: 'e1', roles: ['etcd' as const] })),
      ],
    };
    const chosen = (...wanted: readonly string[]): readonly string[] => resetTargets(apart, wanted).map(({ name }) => name);
    expect(() => chosen('e1')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(() => chosen('e1', 'cp1')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(chosen('e1', 'cp1', 'cp2')).toEqual(['cp1', 'cp2', 'e1']);
    expect(chosen('cp2')).toEqual(['cp2']);
  });

  test('the only control plane, or all of them together, can be', () => {
    expect(names(hosts(1), 'cp1')).toEqual(['cp1']);
    expect(names(hosts(3), 'cp1', 'cp2', 'cp3')).toEqual(['cp1', 'cp2', 'cp3']);
  });
});
