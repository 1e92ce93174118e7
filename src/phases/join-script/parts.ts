import { locateFile, locateImage, type ArtifactStore, type LocatedArtifact } from '../../bundle/index.js';
import type { ClusterSpec } from '../../config/index.js';
import { PATHS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import { imagesFor, type ArtifactName, type ClusterImages, type ComponentVersions } from '../../versions/index.js';
import { cniPluginTarget, crictlTarget } from '../binaries/index.js';
import { runtimeOf, type RuntimeArtifact } from '../container-runtime/index.js';
import type { RegistryCredentialsSource } from '../context.js';
import { archiveCall, imagesCall, programCall, type Download, type PlacedEntry } from './shell.js';

/** What the calls that bring programs and images are made from. */
export interface PartsInput {
  readonly spec: ClusterSpec;
  readonly artifacts: ArtifactStore;
  readonly versions: ComponentVersions;
  readonly images: ClusterImages;
  readonly registryCredentials: RegistryCredentialsSource;
  /** `amd64` or `arm64` */
  readonly architecture: string;
  /** Where the machine finds what lies in a mirror or a bundle; undefined: what `spec.artifacts` says. */
  readonly artifactsUrl: string | undefined;
}

/** Where a machine gets parts from by itself. @throws KbsError USAGE for a bundle that nobody serves */
export function partsBaseUrl({ artifacts }: Pick<ClusterSpec, 'artifacts'>, artifactsUrl: string | undefined): string | undefined {
  if (artifactsUrl !== undefined) return artifactsUrl.replace(/\/+$/, '');
  if (artifacts.source === 'upstream') return undefined;
  if (artifacts.source === 'mirror') return artifacts.url.replace(/\/+$/, '');
  throw new KbsError('USAGE', 'the cluster file takes its parts from a bundle, a folder that the machine cannot reach', {
    remedy: [
      `add --artifacts-url URL, where the content of ${artifacts.path} is served over HTTP`,
      `python3 -m http.server --directory ${artifacts.path} 8080   # serves it, for example`,
    ],
  });
}

function downloadOf(input: PartsInput, { name, sha256, path, officialUrl }: LocatedArtifact): Download {
  const base = partsBaseUrl(input.spec, input.artifactsUrl);
  const url = base === undefined ? officialUrl : `${base}/${path}`;
  if (url === undefined) throw new KbsError('ARTIFACT_MISSING', `there is no official URL of the image archive ${path}`);
  return { name, sha256, url };
}

function fileOf(input: PartsInput, name: ArtifactName, version: string): Download {
  return downloadOf(input, locateFile(input.artifacts.catalogue, { kind: 'file', name, version, architecture: input.architecture }));
}

async function archiveOf(
  input: PartsInput,
  name: ArtifactName,
  version: string,
  target: (name: string) => string | undefined,
): Promise<string> {
  const entries = await input.artifacts.entries(await input.artifacts.file(name, version, input.architecture));
  const placed = entries.flatMap((entry): PlacedEntry[] => {
    const path = target(entry.name);
    return path === undefined ? [] : [{ name: entry.name, mode: entry.mode, sha256: entry.sha256, path }];
  });
  return archiveCall(fileOf(input, name, version), placed);
}

function runtimeCall(input: PartsInput, { name, version, target }: RuntimeArtifact): Promise<string> {
  if (typeof target === 'object') {
    throw new KbsError('USAGE', `a join script does not bring ${name}, which spec.runtimeClasses asks for`, {
      remedy: ['kbs join -f CLUSTER_FILE --host NAME   # over SSH', 'kbs join ENDPOINT --token …   # on the machine itself'],
    });
  }
  if (typeof target !== 'string') return archiveOf(input, name, version, target);
  return Promise.resolve(programCall(fileOf(input, name, version), target));
}

/** Calls that install the programs of a worker. Archives are looked into for the digests of what is in them. */
export async function programCalls(input: PartsInput): Promise<string> {
  const { versions } = input;
  const ofRuntime = await Promise.all(
    runtimeOf(input.spec)
      .artifacts(versions)
      .map((artifact) => runtimeCall(input, artifact)),
  );
  return [
    await archiveOf(input, 'cni-plugins', versions.cniPlugins, cniPluginTarget),
    await archiveOf(input, 'crictl', versions.crictl, crictlTarget),
    programCall(fileOf(input, 'kubelet', versions.kubernetes), PATHS.kubeletBinary),
    ...ofRuntime,
  ].join('\n');
}

/** Calls that load the images of a worker; empty where nodes pull them from registries. */
export function imageCalls(input: PartsInput): string {
  const { spec, architecture, artifacts } = input;
  const byDigest = new Map<string, { readonly download: Download; readonly references: string[] }>();
  for (const reference of imagesFor('worker', spec, input.images)) {
    const located = locateImage(artifacts.catalogue, { kind: 'images', reference, architecture });
    if (located === undefined) continue;
    const known = byDigest.get(located.sha256) ?? { download: downloadOf(input, located), references: [] };
    known.references.push(reference);
    byDigest.set(located.sha256, known);
  }
  return [...byDigest.values()].map(({ download, references }) => imagesCall(download, references)).join('\n');
}
