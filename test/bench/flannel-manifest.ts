import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { KubeObject } from '../../src/kube/index.js';
import { clusterSpecOf } from '../../src/config/index.js';
import { flannelInput, flannelObjects } from '../../src/phases/pod-network/index.js';
import { clusterImages, parseCatalogue, resolveVersions } from '../../src/versions/index.js';

interface InitContainer {
  readonly name: string;
  readonly image: string;
  readonly volumeMounts: readonly { readonly name: string }[];
}

interface Pods {
  readonly initContainers: readonly InitContainer[];
  readonly containers: readonly { readonly image: string }[];
}

function withPods(daemonSet: KubeObject, change: (pods: Pods) => object): KubeObject {
  const spec = daemonSet['spec'] as { readonly template: { readonly spec: Pods } };
  return { ...daemonSet, spec: { ...spec, template: { ...spec.template, spec: change(spec.template.spec) } } };
}

/** In flannel's own words: plugin and configuration by a container each, no port where it is the usual one. */
function asPublished(object: KubeObject): KubeObject {
  if (object.kind === 'ConfigMap') {
    const data = object['data'] as Readonly<Record<string, string>>;
    const { Network, Backend } = JSON.parse(data['net-conf.json'] ?? '{}') as {
      readonly Network: string;
      readonly Backend: { Type: string };
    };
    return { ...object, data: { ...data, 'net-conf.json': JSON.stringify({ Network, Backend: { Type: Backend.Type } }) } };
  }
  if (object.kind !== 'DaemonSet') return object;
  return withPods(object, (pods) => {
    const [both] = pods.initContainers;
    const copy = (name: string, image: string | undefined, from: string, to: string, volumes: readonly string[]) => ({
      name,
      image,
      command: ['cp'],
      args: ['-f', from, to],
      volumeMounts: both?.volumeMounts.filter((mount) => volumes.includes(mount.name)),
    });
    const config = ['/etc/kube-flannel/cni-conf.json', '/etc/cni/net.d/10-flannel.conflist'] as const;
    return {
      ...pods,
      initContainers: [
        copy('install-cni-plugin', both?.image, '/flannel', '/opt/cni/bin/flannel', ['cni-plugin']),
        copy('install-cni', pods.containers[0]?.image, ...config, ['cni', 'flannel-cfg']),
      ],
    };
  });
}

/**
 * The flannel manifest for `kubectl apply -f`, as a person would have downloaded it: what kbs deploys, in flannel's own words, and the API
 * asked by its service.
 */
export async function flannelManifest(bundle: string): Promise<string> {
  const catalogue = parseCatalogue(JSON.parse(await readFile(join(bundle, 'checksums.json'), 'utf8')), bundle);
  const spec = clusterSpecOf(
    {
      apiVersion: 'kbs.dev/v1alpha1',
      kind: 'Cluster',
      spec: { kubernetesVersion: 'v1.25.0', hosts: [{ name: 'cp1', address: '10.0.0.11', roles: ['control-plane'] }] },
    },
    { baseDirectory: bundle },
  );
  const versions = resolveVersions(spec, catalogue);
  const objects = flannelObjects({ ...flannelInput({ spec, images: clusterImages(spec, versions), versions }), api: undefined });
  return objects.map((object) => stringify(asPublished(object))).join('---\n');
}
