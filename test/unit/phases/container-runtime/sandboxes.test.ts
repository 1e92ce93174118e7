import { describe, expect, test } from 'vitest';
import { locateFile } from '../../../../src/bundle/index.js';
import { containerRuntimeFiles, runtimeOf } from '../../../../src/phases/container-runtime/index.js';
import { clusterImages, loadBuiltInCatalogue, resolveVersions } from '../../../../src/versions/index.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';

type RuntimeType = 'containerd' | 'cri-o' | 'docker';

/** One worker has a runtime of its own. */
function aSpec(type: RuntimeType, runtimeClasses: readonly ('gvisor' | 'kata')[] = ['kata']) {
  const spec = aClusterSpec({ spec: { runtimeClasses: [...runtimeClasses] } });
  return { ...spec, hosts: spec.hosts.map((host) => (host.name === 'w1' ? { ...host, containerRuntime: { type } } : host)) } as typeof spec;
}

function artifactsOf(type: RuntimeType, runtimeClasses?: readonly ('gvisor' | 'kata')[]) {
  const spec = aSpec(type, runtimeClasses);
  return runtimeOf(spec, { name: 'w1' }).artifacts(resolveVersions(spec, loadBuiltInCatalogue()));
}

describe('Kata', () => {
  test.each(['containerd', 'cri-o'] as const)('comes to a host with %s as one tree, with its shim where the runtime looks', (type) => {
    expect(artifactsOf(type).find(({ name }) => name === 'kata-containers')).toEqual({
      name: 'kata-containers',
      version: '3.1.3',
      target: {
        path: '/opt/kata',
        member: 'opt/kata',
        links: [{ path: '/usr/local/bin/containerd-shim-kata-v2', to: '/opt/kata/bin/containerd-shim-kata-v2' }],
        stateTrees: ['/run/vc', '/run/kata', '/run/kata-containers'],
      },
    });
    expect(runtimeOf(aSpec(type), { name: 'w1' }).leftovers).toContain('/opt/kata');
  });

  test('comes to no host with Docker Engine, nor where nobody asks for it', () => {
    expect(artifactsOf('docker').map(({ name }) => name)).toEqual(['cri-dockerd']);
    expect(artifactsOf('containerd', ['gvisor']).map(({ name }) => name)).not.toContain('kata-containers');
    expect(runtimeOf(aSpec('containerd', []), { name: 'w1' }).leftovers).toEqual([]);
  });

  test('is in the configuration of its runtime, and gVisor only in that of containerd', async () => {
    const textOf = async (type: RuntimeType): Promise<string> => {
      const spec = aSpec(type, ['gvisor', 'kata']);
      const images = clusterImages(spec, resolveVersions(spec, loadBuiltInCatalogue()));
      const context = { spec, images, registryCredentials: async () => [] };
      const files = await containerRuntimeFiles(context, runtimeOf(spec, { name: 'w1' }), { hasCapSysResource: true });
      return files.map(({ path, content }) => `${path}\n${String(content)}`).join('\n');
    };
    expect(await textOf('containerd')).toMatch(/runsc\.toml[\s\S]*containerd\.runtimes\.kata\]/);
    expect(await textOf('cri-o')).toContain('[crio.runtime.runtimes.kata]');
    expect(await textOf('cri-o')).not.toContain('runsc');
    expect(await textOf('docker')).not.toMatch(/kata|runsc/);
  });

  test('has an official address', () => {
    const request = { kind: 'file', name: 'kata-containers', version: '3.1.3', architecture: 'amd64' } as const;
    expect(locateFile(loadBuiltInCatalogue(), request).officialUrl).toBe(
      'https://github.com/kata-containers/kata-containers/releases/download/3.1.3/kata-static-3.1.3-x86_64.tar.xz',
    );
  });
});
