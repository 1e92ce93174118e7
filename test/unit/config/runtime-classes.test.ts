import { describe, expect, test } from 'vitest';
import { runtimeClassLabels, runtimeClassObjects } from '../../../src/phases/runtime-classes/index.js';
import { aClusterFile, parseText, placesIn, thrownBy } from './cluster-files.js';

const refused = (lines: string): readonly string[] => thrownBy(() => parseText(aClusterFile(lines))).details;

describe('runtime classes of a cluster file', () => {
  test('gvisor is an object with the handler of runsc, for nodes that have it', () => {
    const { spec, warnings } = parseText(aClusterFile('  runtimeClasses: [gvisor]\n  gvisor: { platform: ptrace, network: host }'));
    expect(warnings).toEqual([]);
    expect(runtimeClassObjects(spec)).toMatchObject([
      { kind: 'RuntimeClass', metadata: { name: 'gvisor' }, handler: 'runsc', scheduling: { nodeSelector: runtimeClassLabels(spec) } },
    ]);
    expect(runtimeClassObjects(parseText(aClusterFile('')).spec)).toEqual([]);
  });

  test('an unknown one, and one that is there twice, are refused at their place', () => {
    expect(placesIn(thrownBy(() => parseText(aClusterFile('  runtimeClasses: [firecracker]'))))).toEqual([
      expect.stringContaining('spec.runtimeClasses[0]'),
    ]);
    expect(refused('  runtimeClasses: [gvisor, gvisor]')).toEqual([expect.stringContaining('has a class twice')]);
  });

  test('with Docker there are no handlers for them', () => {
    expect(refused('  runtimeClasses: [gvisor]\n  containerRuntime: { type: docker }')).toEqual([
      expect.stringMatching(/spec\.runtimeClasses — go with containerd only: docker/),
    ]);
  });

  test('settings of gVisor without the class are probably not meant', () => {
    expect(parseText(aClusterFile('  gvisor: { platform: kvm }')).warnings).toEqual([expect.stringContaining('runtimeClasses: [gvisor]')]);
  });
});
