import { PATHS } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import type { Host } from '../host/index.js';
import type { PkiSource } from '../phases/index.js';
import { createSharedPki, SHARED_PKI_FILES, sharedPkiFromFiles, type SharedPki } from '../pki/index.js';
import type { Secret } from '../secret/index.js';

/** Where shared keys and certificates come from. */
export interface PkiSourceOptions {
  readonly controlPlanes: readonly Host[];
  /** Whether a cluster without authorities gets new ones (init, apply), or is an error (join, status). */
  readonly mayCreate: boolean;
  readonly now: () => Date;
}

interface Found {
  readonly host: Host;
  readonly pki: SharedPki | undefined;
  /** Some of the files are there, and do not make a whole. */
  readonly broken: KbsError | undefined;
}

async function readSharedPki(host: Host): Promise<Found> {
  const files = new Map<string, Secret>();
  await Promise.all(
    SHARED_PKI_FILES.map(async ({ path }) => {
      const content = await host.files.readSecret(`${PATHS.pkiDir}/${path}`);
      if (content !== undefined) files.set(path, content);
    }),
  );
  try {
    return { host, pki: sharedPkiFromFiles(files), broken: undefined };
  } catch (error) {
    if (error instanceof KbsError) return { host, pki: undefined, broken: error };
    throw error;
  }
}

/** Whether a host has ever run a static pod of etcd: then its authorities are in use and must not be replaced. */
async function hasControlPlane(host: Host): Promise<boolean> {
  const manifest = `${PATHS.manifestsDir}/etcd.yaml`;
  return (await host.files.stat([manifest])).get(manifest) !== undefined;
}

function differingAuthorities(found: readonly Found[], first: Found): KbsError | undefined {
  const other = found.find(({ pki }) => pki !== undefined && pki.ca.certificate !== first.pki?.ca.certificate);
  if (other === undefined) return undefined;
  return new KbsError(
    'FILE_READ',
    `${first.host.name} and ${other.host.name} have different cluster CAs: they belong to different clusters`,
    {
      remedy: [`kbs reset -f CLUSTER_FILE --host ${other.host.name}   # if nothing on it is needed`],
    },
  );
}

async function findOrCreate({ controlPlanes, mayCreate, now }: PkiSourceOptions): Promise<SharedPki> {
  const found = await Promise.all(controlPlanes.map(readSharedPki));
  const whole = found.find(({ pki }) => pki !== undefined);
  if (whole?.pki !== undefined) {
    const different = differingAuthorities(found, whole);
    if (different !== undefined) throw different;
    return whole.pki;
  }
  // Half of the files, and no control plane made from them: a run that died while it wrote them. New ones replace them.
  for (const { host, broken } of found) {
    if (broken !== undefined && (!mayCreate || (await hasControlPlane(host)))) throw broken.at({ host: host.name });
  }
  if (!mayCreate) {
    throw new KbsError('STEP_MISSING', 'there is no control plane yet: no authorities were found on the control-plane hosts', {
      remedy: ['kbs init -f CLUSTER_FILE'],
    });
  }
  return createSharedPki(now());
}

/** Reads the shared PKI from the control planes, or makes a new one; once per run, when it is first asked for. */
export function createPkiSource(options: PkiSourceOptions): PkiSource {
  let shared: Promise<SharedPki> | undefined;
  return { shared: () => (shared ??= findOrCreate(options)) };
}
