import type { EtcdTopology } from '../constants/index.js';
import { PATHS } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import type { Host } from '../host/index.js';
import type { PkiSource } from '../phases/index.js';
import {
  createControlPlanePki,
  createEtcdAuthority,
  createSharedPki,
  ETCD_AUTHORITY_FILES,
  ETCD_CLIENT_FILES,
  etcdAuthorityFromFiles,
  SHARED_PKI_FILES,
  sharedPkiFiles,
  sharedPkiFromFiles,
  type EtcdClient,
  type KeyPair,
  type SharedPki,
} from '../pki/index.js';
import type { Secret } from '../secret/index.js';

/** Where shared keys and certificates come from. */
export interface PkiSourceOptions {
  readonly controlPlanes: readonly Host[];
  /** Hosts with role etcd that are connected: they have the key of etcd's CA. */
  readonly etcdHosts?: readonly Host[];
  /** Default: what the files of the control planes look like; what is made anew is for etcd on the control planes then. */
  readonly etcd?: EtcdTopology;
  /** What the cluster file names for an external etcd. */
  readonly externalEtcd?: () => Promise<EtcdClient>;
  /** Whether a cluster without authorities gets new ones (init, apply), or is an error (join, status). */
  readonly mayCreate: boolean;
  readonly now: () => Date;
}

interface Found<Pki> {
  readonly host: Host;
  readonly pki: Pki | undefined;
  /** Some of the files are there, and do not make a whole. */
  readonly broken: KbsError | undefined;
}

type Files = ReadonlyMap<string, Secret>;

async function readPki<Pki>(host: Host, paths: readonly string[], parse: (files: Files) => Pki | undefined): Promise<Found<Pki>> {
  const files = new Map<string, Secret>();
  await Promise.all(
    paths.map(async (path) => {
      const content = await host.files.readSecret(`${PATHS.pkiDir}/${path}`);
      if (content !== undefined) files.set(path, content);
    }),
  );
  try {
    return { host, pki: parse(files), broken: undefined };
  } catch (error) {
    if (error instanceof KbsError) return { host, pki: undefined, broken: error };
    throw error;
  }
}

/** Everything a control plane may have that {@link sharedPkiFromFiles} reads. */
function pathsOf(etcd: EtcdTopology | undefined): readonly string[] {
  const files = etcd === 'stacked' ? SHARED_PKI_FILES : [...sharedPkiFiles(etcd ?? 'stacked'), ...ETCD_CLIENT_FILES];
  return [...new Set(files.map(({ path }) => path))];
}

/** Whether a host has ever run a static pod of the API: then its authorities are in use and must not be replaced. */
async function hasControlPlane(host: Host): Promise<boolean> {
  const manifests = ['etcd', 'kube-apiserver'].map((name) => `${PATHS.manifestsDir}/${name}.yaml`);
  return [...(await host.files.stat(manifests)).values()].some((stat) => stat !== undefined);
}

function differingAuthorities<Pki>(
  found: readonly Found<Pki>[],
  first: Found<Pki>,
  what: { readonly name: string; readonly certificateOf: (pki: Pki) => string },
): KbsError | undefined {
  const certificate = (pki: Pki | undefined): string | undefined => (pki === undefined ? undefined : what.certificateOf(pki));
  const other = found.find(({ pki }) => pki !== undefined && certificate(pki) !== certificate(first.pki));
  if (other === undefined) return undefined;
  return new KbsError(
    'FILE_READ',
    `${first.host.name} and ${other.host.name} have different ${what.name} CAs: they belong to different clusters`,
    {
      remedy: [`kbs reset -f CLUSTER_FILE --host ${other.host.name}   # if nothing on it is needed`],
    },
  );
}

/** Authorities of the control planes; undefined when there are none. */
async function findShared({ controlPlanes, etcd, mayCreate }: PkiSourceOptions): Promise<SharedPki | undefined> {
  const found = await Promise.all(controlPlanes.map((host) => readPki(host, pathsOf(etcd), (files) => sharedPkiFromFiles(files, etcd))));
  const whole = found.find(({ pki }) => pki !== undefined);
  if (whole?.pki !== undefined) {
    const different = differingAuthorities(found, whole, { name: 'cluster', certificateOf: ({ ca }) => ca.certificate });
    if (different !== undefined) throw different;
    // Any control plane's way to etcd is as good as any other's.
    const etcdClient = found.find(({ pki }) => pki?.etcdClient !== undefined)?.pki?.etcdClient;
    return etcdClient === undefined ? whole.pki : { ...whole.pki, etcdClient };
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
  return undefined;
}

/** etcd's CA from its own hosts; undefined when none of them is asked. */
async function findEtcdAuthority({ etcdHosts = [], mayCreate, now }: PkiSourceOptions): Promise<KeyPair | undefined> {
  if (etcdHosts.length === 0) return undefined;
  const paths = ETCD_AUTHORITY_FILES.map(({ path }) => path);
  const found = await Promise.all(etcdHosts.map((host) => readPki(host, paths, etcdAuthorityFromFiles)));
  const whole = found.find(({ pki }) => pki !== undefined);
  if (whole?.pki !== undefined) {
    const different = differingAuthorities(found, whole, { name: 'etcd', certificateOf: ({ certificate }) => certificate });
    if (different !== undefined) throw different;
    return whole.pki;
  }
  // What is incomplete was being written by a run that died: no member has started from it.
  return mayCreate ? createEtcdAuthority(now()) : undefined;
}

interface Origin {
  readonly pki: SharedPki;
  readonly isNew: boolean;
}

async function findOrCreate(options: PkiSourceOptions): Promise<Origin> {
  const { etcd = 'stacked', now } = options;
  const [found, etcdCa] = await Promise.all([findShared(options), etcd === 'hosts' ? findEtcdAuthority(options) : undefined]);
  const pki = found ?? (await (etcd === 'stacked' ? createSharedPki(now()) : createControlPlanePki(now())));
  return { pki: etcd === 'hosts' ? { ...pki, etcdCa } : pki, isNew: found === undefined };
}

/** Reads the shared PKI from the control planes, or makes a new one; once per run, when it is first asked for. */
export function createPkiSource(options: PkiSourceOptions): PkiSource {
  let origin: Promise<Origin> | undefined;
  const find = (): Promise<Origin> => (origin ??= findOrCreate(options));
  let external: Promise<EtcdClient> | undefined;
  const readExternal = options.externalEtcd ?? (() => Promise.reject(new KbsError('INTERNAL', 'this operation knows of no external etcd')));
  return {
    shared: async () => (await find()).pki,
    isNew: async () => (await find()).isNew,
    externalEtcd: () => (external ??= readExternal()),
  };
}
