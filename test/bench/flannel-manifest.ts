import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { clusterSpecOf } from '../../src/config/index.js';
import { flannelInput, flannelObjects } from '../../src/phases/pod-network/index.js';
import { clusterImages, parseCatalogue, resolveVersions } from '../../src/versions/index.js';

/**
 * The flannel manifest for `kubectl apply -f`, as a person would have downloaded it: the same objects and images kbs deploys, and the API
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
  return objects.map((object) => stringify(object)).join('---\n');
}
