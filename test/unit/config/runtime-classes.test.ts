import { describe, expect, test } from 'vitest';
import { OWN_CLASS, runtimeClassLabels, runtimeClassObjects } from '../../../src/phases/runtime-classes/index.js';
import { aClusterFile, parseText, placesIn, thrownBy } from './cluster-files.js';

const refused = (lines: string): readonly string[] => thrownBy(() => parseText(aClusterFile(lines))).details;

describe('runtime classes of a cluster file', () => {
  test('gvisor is an object with the handler of runsc, for nodes that have it', () => {
    const { spec, warnings } = parseText(aClusterFile('  runtimeClasses: [gvisor]\n  gvisor: { platform: ptrace, network: host }'));
    expect(warnings).toEqual([]);
    expect(runtimeClassObjects(spec)).toMatchObject([
      {
        kind: 'RuntimeClass',
        metadata: { name: 'gvisor' },
        handler: 'runsc',
        scheduling: { nodeSelector: runtimeClassLabels(spec, 'containerd') },
      },
    ]);
    expect(runtimeClassObjects(parseText(aClusterFile('')).spec)).toEqual([]);
  });

  test('an unknown one, and one that is there twice, are refused at their place', () => {
    expect(placesIn(thrownBy(() => parseText(aClusterFile('  runtimeClasses: [firecracker]'))))).toEqual([
      expect.stringContaining('spec.runtimeClasses[0]'),
    ]);
    expect(refused('  runtimeClasses: [gvisor, gvisor]')).toEqual([expect.stringContaining('has a class twice')]);
  });

  test('kata is an object with what a virtual machine takes, for the nodes of either runtime that have it', () => {
    const { spec, warnings } = parseText(aClusterFile('  runtimeClasses: [kata]\n  containerRuntime: { type: cri-o }'));
    expect(warnings).toEqual([]);
    expect(runtimeClassObjects(spec)).toEqual([
      {
        apiVersion: 'node.k8s.io/v1',
        kind: 'RuntimeClass',
        metadata: { name: 'kata', labels: { [OWN_CLASS]: '' } },
        handler: 'kata',
        overhead: { podFixed: { cpu: '250m', memory: '160Mi' } },
        scheduling: { nodeSelector: { 'kbs.dev/kata': '' } },
      },
    ]);
    expect(runtimeClassLabels({ runtimeClasses: ['gvisor', 'kata'] }, 'containerd')).toEqual({ 'kbs.dev/gvisor': '', 'kbs.dev/kata': '' });
    expect(runtimeClassLabels({ runtimeClasses: ['gvisor', 'kata'] }, 'cri-o')).toEqual({ 'kbs.dev/kata': '' });
    expect(runtimeClassLabels({ runtimeClasses: ['gvisor', 'kata'] }, 'docker')).toEqual({});
  });

  test('with Docker there are no handlers for them', () => {
    expect(refused('  runtimeClasses: [gvisor, kata]\n  containerRuntime: { type: docker }')).toEqual([
      expect.stringMatching(/spec\.runtimeClasses — gvisor goes with containerd only: cri-dockerd.* has no handlers/),
      expect.stringMatching(/spec\.runtimeClasses — kata goes with containerd or cri-o only: cri-dockerd.* has no handlers/),
    ]);
  });

  test('settings of gVisor without the class are probably not meant', () => {
    expect(parseText(aClusterFile('  gvisor: { platform: kvm }')).warnings).toEqual([expect.stringContaining('runtimeClasses: [gvisor]')]);
  });
});
