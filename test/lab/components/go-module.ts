import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from '../command.js';
import { ensureCacheEntry } from './cache-entry.js';
import { COMPONENTS_DIRECTORY, DEFAULT_KUBERNETES } from './go-sets.js';

// Staging modules that came after v1.25; those it lost have no say, as `replace` of an unused module does nothing.
const NEWER_STAGING_MODULES: readonly (readonly [name: string, sinceMinor: number])[] = [
  ['dynamic-resource-allocation', 26],
  ['kms', 26],
];

/** Environment of every call of the Go command; what the caller's own GOFLAGS say must not change the result. */
export const GO_ENVIRONMENT = { GOFLAGS: '-buildvcs=false', GOWORK: 'off', CGO_ENABLED: '0' };

/** All Go files of a module with its go.mod and go.sum, sorted, as path and text in turn. */
export async function readModule(directory: string): Promise<string[]> {
  const files = (await readdir(directory, { recursive: true })).filter((file) => /(\.go|^go\.(mod|sum))$/.test(file)).sort();
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(join(directory, file), 'utf8')]));
  return texts.flat();
}

/** The module that a Kubernetes version is compiled from: the committed one, or one made from it with another version. */
export async function ensureKubernetesModule(version: string, goVersion: string): Promise<string> {
  const committed = join(COMPONENTS_DIRECTORY, 'kubernetes');
  if (version === DEFAULT_KUBERNETES) return committed;
  return ensureCacheEntry({
    name: `module-kubernetes-${version}`,
    inputs: [...(await readModule(committed)), goVersion, version],
    build: async (directory) => {
      await cp(committed, directory, { recursive: true, filter: (file) => !/go\.(mod|sum)$/.test(file) });
      const template = await readFile(join(committed, 'go.mod'), 'utf8');
      await writeFile(join(directory, 'go.mod'), renderGoMod(template, version));
      await output(['go', 'mod', 'tidy'], { cwd: directory, env: { ...GO_ENVIRONMENT, GOFLAGS: '-mod=mod' } });
    },
  });
}

/** The default version's go.mod for another version; all other requirements are left to Kubernetes' own go.mod. */
export function renderGoMod(template: string, version: string): string {
  const minor = Number(version.split('.')[1]);
  const staging = version.replace(/^v1/, 'v0');
  const kept = template
    .replaceAll(/^require \([^)]*\)\n/gm, '')
    .replaceAll(/^require .*\n/gm, '')
    .replaceAll(DEFAULT_KUBERNETES.replace(/^v1/, 'v0'), staging);
  const newer = NEWER_STAGING_MODULES.filter(([, sinceMinor]) => minor >= sinceMinor).map(
    ([name]) => `replace k8s.io/${name} => k8s.io/${name} ${staging}\n`,
  );
  return `${kept}\nrequire k8s.io/kubernetes ${version}\n\n${newer.join('')}`;
}
