import { describe, expect, test } from 'vitest';
import { runtimeChoice, runtimeChoices } from '../../../src/constants/index.js';
import { parseText, thrownBy } from './cluster-files.js';

const HEAD = 'apiVersion: kbs.dev/v1alpha1\nkind: Cluster\nspec:\n';

function file(runtime: string, ...hostRuntimes: readonly (string | undefined)[]): string {
  const hosts = hostRuntimes.map((own, index) => {
    const role = index === 0 ? 'control-plane' : 'worker';
    return `    - { name: h${index}, address: 10.0.0.${index + 1}, roles: [${role}]${own === undefined ? '' : `, containerRuntime: ${own}`} }\n`;
  });
  return `${HEAD}  containerRuntime: ${runtime}\n  hosts:\n${hosts.join('')}`;
}

function problemsOf(text: string): readonly string[] {
  return thrownBy(() => parseText(text)).details;
}

describe('the container runtime of a host', () => {
  test('is the cluster’s, or its own where it names one', () => {
    const { spec } = parseText(file('{ cgroupDriver: cgroupfs }', '{ type: docker }', undefined, '{ type: containerd, install: package }'));
    const of = (name?: string) => runtimeChoice(spec, name);
    expect(of('h0')).toEqual({ type: 'docker', install: 'package', cgroupDriver: 'cgroupfs' });
    expect(of('h1')).toEqual({ type: 'containerd', install: 'artifact', cgroupDriver: 'cgroupfs' });
    expect(of('h2')).toMatchObject({ type: 'containerd', install: 'package' });
    expect(of('not-in-the-file')).toEqual(of('h1'));
    expect(runtimeChoices(spec).map(({ type, install }) => `${type} ${install}`)).toEqual([
      'docker package',
      'containerd artifact',
      'containerd package',
    ]);
  });

  test('is written out in full where the file leaves it open', () => {
    expect(parseText(file('{ type: docker }', undefined)).spec.containerRuntime).toMatchObject({ type: 'docker', install: 'package' });
    expect(parseText(file('{}', undefined)).spec.containerRuntime).toMatchObject({ type: 'containerd', install: 'artifact' });
  });
});

describe('what a runtime cannot do', () => {
  test('Docker Engine from an archive is refused, for the cluster and for a host', () => {
    expect(problemsOf(file('{ type: docker, install: artifact }', undefined))).toEqual([
      expect.stringMatching(/^c\.yaml:4:46 spec\.containerRuntime\.install — Docker Engine comes from the distribution’s packages only/),
    ]);
    expect(problemsOf(file('{}', '{ type: docker, install: artifact }'))).toEqual([
      expect.stringMatching(/^c\.yaml:6:\d+ spec\.hosts\[0\]\.containerRuntime\.install — /),
    ]);
  });

  test('CRI-O from packages is refused, for the cluster and for a host', () => {
    expect(problemsOf(file('{ type: cri-o, install: package }', undefined))).toEqual([
      expect.stringMatching(/spec\.containerRuntime\.install — CRI-O comes from its official release archive only/),
    ]);
    expect(problemsOf(file('{}', undefined, '{ type: cri-o, install: package }'))).toEqual([
      expect.stringMatching(/spec\.hosts\[1\]\.containerRuntime\.install — CRI-O/),
    ]);
    expect(parseText(file('{}', undefined, '{ type: cri-o }')).spec.hosts[1]?.containerRuntime).toEqual({
      type: 'cri-o',
      install: 'artifact',
    });
  });

  test('mirrors of any registry go with CRI-O, gVisor does not', () => {
    const registries = 'registries: [{ host: registry.k8s.io, mirrors: ["https://m.example.org"] }]';
    expect(parseText(file(`{ type: cri-o, ${registries} }`, undefined)).spec.containerRuntime.type).toBe('cri-o');
    expect(problemsOf(`${file('{ type: cri-o }', undefined)}  runtimeClasses: [gvisor]\n`)).toEqual([
      expect.stringContaining('gvisor goes with containerd only: cri-o has no handler for it'),
    ]);
  });

  test('a mirror of another registry than Docker’s own is refused as soon as one host has Docker Engine', () => {
    const registries =
      'registries: [{ host: registry.k8s.io, mirrors: ["https://m.example.org"] }, { host: docker.io, mirrors: ["https://m.example.org"] }]';
    expect(problemsOf(file(`{ ${registries} }`, undefined, '{ type: docker }'))).toEqual([
      expect.stringContaining('spec.containerRuntime.registries[0].mirrors — Docker Engine mirrors docker.io only'),
    ]);
    expect(parseText(file(`{ ${registries} }`, undefined)).warnings).not.toContainEqual(expect.stringContaining('mirrors'));
  });

  test('versions without effect are told of', () => {
    const warningsOf = (text: string): string => parseText(text).warnings.join('\n');
    expect(warningsOf(file('{ type: docker, version: 1.6.28 }', undefined))).toContain('has no effect without a host with containerd');
    expect(warningsOf(file('{ install: package, runcVersion: 1.1.12 }', undefined))).toContain('has no effect with install: package');
    expect(warningsOf(file('{ criDockerdVersion: 0.3.4 }', undefined))).toContain('has no effect without a host with type: docker');
    expect(warningsOf(file('{ crioVersion: 1.25.4 }', undefined))).toContain('has no effect without a host with type: cri-o');
    expect(warningsOf(file('{ crioVersion: 1.25.4 }', undefined, '{ type: cri-o }'))).not.toContain('has no effect');
    expect(warningsOf(file('{ version: 1.6.28, criDockerdVersion: 0.3.4 }', '{ type: docker }', undefined))).not.toContain('has no effect');
  });

  test('a proxy with a password in it is refused: cluster files hold no secrets', () => {
    expect(problemsOf(file('{ proxy: { httpsProxy: "http://me:secret@proxy.example.org:3128" } }', undefined))).toEqual([
      expect.stringContaining('spec.containerRuntime.proxy.httpsProxy — has a password in it'),
    ]);
  });
});
