import writeFileAtomic from 'write-file-atomic';
import { joinScript, partsBaseUrl } from '../phases/index.js';
import { caCertHash } from '../pki/index.js';
import { renderCloudInit } from '../render/index.js';
import type { Secret } from '../secret/index.js';
import { clusterImages, resolveVersions } from '../versions/index.js';
import { openArtifacts, type ClusterInput } from './cluster-run.js';
import { createRegistryCredentialsSource } from './registry-credentials.js';
import { makeToken, readClusterAccess, withApi } from './tokens/index.js';

/** What `kbs join-script` was asked for. */
export interface JoinScriptOptions {
  readonly format: 'sh' | 'cloud-init';
  /** `amd64` or `arm64` */
  readonly architecture: string;
  /** Where a bundle's content is served over HTTP; undefined: what the cluster file says. */
  readonly artifactsUrl: string | undefined;
  /** Milliseconds the token in it is valid; undefined: for ever. */
  readonly ttlMs: number | undefined;
  /** Version of kbs. */
  readonly version: string;
}

/** A script, and what is worth knowing of it. */
export interface JoinScript {
  readonly format: 'sh' | 'cloud-init';
  readonly architecture: string;
  /** `https://host:port` of the cluster. */
  readonly server: string;
  readonly caCertHash: string;
  /** Identifier of the token in it, to delete it before its time. */
  readonly tokenId: string;
  /** ISO 8601; absent: never. */
  readonly expires?: string;
}

const DESCRIPTION = 'Made by kbs join-script';

/**
 * Makes a bootstrap token, and a script or user-data with which any number of machines join as workers, with no SSH from anybody.
 * @throws KbsError USAGE for a bundle nobody serves, ARTIFACT_MISSING and the like, KUBE_UNREACHABLE, WAIT_TIMEOUT
 */
export async function makeJoinScript(
  input: ClusterInput,
  options: JoinScriptOptions,
): Promise<{ readonly script: Secret; readonly told: JoinScript }> {
  const { spec, bus, signal } = input;
  const { architecture, artifactsUrl, version, format } = options;
  // Told before anything is made in the cluster.
  partsBaseUrl(spec, artifactsUrl);
  const registryCredentials = createRegistryCredentialsSource(spec, bus);
  await registryCredentials();
  const artifacts = await openArtifacts(input, spec.name);
  const versions = resolveVersions(spec, artifacts.catalogue);
  const parts = { spec, artifacts, versions, images: clusterImages(spec, versions), architecture, artifactsUrl, registryCredentials };
  return withApi({ kind: 'file', input }, async (api) => {
    const { server, caCertificate } = await readClusterAccess(api);
    const { token, expires } = await makeToken(api, { token: undefined, ttlMs: options.ttlMs, description: DESCRIPTION }, { bus, signal });
    const script = await joinScript({ ...parts, server, caCertificate, token, expires, version });
    const told = { format, architecture, server, caCertHash: caCertHash(caCertificate), tokenId: token.id };
    return { script: format === 'sh' ? script : renderCloudInit(script), told: { ...told, ...(expires === undefined ? {} : { expires }) } };
  });
}

/** Writes a script for its owner's eyes only, whatever was there before. */
export async function writeJoinScript(path: string, script: Secret): Promise<void> {
  await writeFileAtomic(path, script.reveal(), { mode: 0o600 });
}
