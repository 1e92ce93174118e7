import { hostname } from 'node:os';
import { PATHS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import type { EventBus } from '../../events/index.js';
import { createHost, type Host } from '../../host/index.js';
import type { KubeAccess, KubeApi } from '../../kube/index.js';
import { parseKubeconfig } from '../../kubeconfig/index.js';
import { createLocalTransport } from '../../local/index.js';
import type { PkiSource } from '../../phases/index.js';
import type { Secret } from '../../secret/index.js';
import { openClusterApi, openServerApi } from '../cluster-api.js';
import { connectHelpers, disconnect, type ClusterInput } from '../cluster-run.js';
import { createPkiSource } from '../pki-source.js';

/** This machine, a control plane. */
export interface OwnControlPlane {
  readonly bus: EventBus;
  readonly signal: AbortSignal;
  /** Asked when kbs does not run as root and sudo wants a password. */
  readonly sudoPassword: (user: string) => Promise<Secret | undefined>;
}

/** Where the API of a cluster is found: through the control planes of a cluster file, or on this machine. */
export type ApiPlace = { readonly kind: 'file'; readonly input: ClusterInput } | ({ readonly kind: 'here' } & OwnControlPlane);

/** What is done with the API; the shared PKI is read only when it is asked for. */
export type ApiWork<T> = (api: KubeApi, pki: PkiSource) => Promise<T>;

/** Does something with a cluster's API as its administrator. @throws KbsError KUBE_UNREACHABLE, STEP_MISSING without a control plane */
export function withApi<T>(place: ApiPlace, work: ApiWork<T>): Promise<T> {
  return place.kind === 'file' ? throughFile(place.input, work) : throughThisMachine(place, work);
}

async function throughFile<T>(input: ClusterInput, work: ApiWork<T>): Promise<T> {
  const helpers = await connectHelpers(input);
  try {
    const pki = createPkiSource({ controlPlanes: helpers, mayCreate: false, now: input.now });
    return await closing(openClusterApi(helpers, pki, input.now), input.signal, (api) => work(api, pki));
  } finally {
    await disconnect({ targets: [], helpers });
  }
}

async function throughThisMachine<T>({ sudoPassword, signal }: OwnControlPlane, work: ApiWork<T>): Promise<T> {
  const transport = createLocalTransport({ sudoPassword });
  // Only its files and its way to the API are asked for.
  const host = await createHost({ name: hostname(), address: '127.0.0.1', roles: [], transport, signal });
  const pki = createPkiSource({ controlPlanes: [host], mayCreate: false, now: () => new Date() });
  return withControlPlane(host, signal, (api) => work(api, pki));
}

/**
 * Does something with a cluster's API as its administrator, through a control plane and with its admin.conf.
 * @throws KbsError STEP_MISSING when the host has none, KUBE_UNREACHABLE
 */
export async function withControlPlane<T>(host: Host, signal: AbortSignal, work: (api: KubeApi) => Promise<T>): Promise<T> {
  return closing(await adminAccess(host), signal, work);
}

/** @throws KbsError STEP_MISSING when the host has no admin.conf */
async function adminAccess(host: Host): Promise<KubeAccess> {
  const text = await host.files.readSecret(PATHS.adminKubeconfig);
  if (text === undefined) {
    throw new KbsError('STEP_MISSING', `${host.name} is no control plane: there is no ${PATHS.adminKubeconfig}`, {
      remedy: ['run it on a control plane', 'add -f CLUSTER_FILE'],
    });
  }
  const { server, caCertificate, clientCertificate, clientKey } = parseKubeconfig(text);
  if (caCertificate === undefined || clientCertificate === undefined || clientKey === undefined) {
    throw new KbsError('FILE_READ', `${PATHS.adminKubeconfig} does not hold CA, client certificate and key`, {
      remedy: ['kubeadm init phase kubeconfig admin   # makes it anew when the old one is moved away'],
    });
  }
  return openServerApi(host, server, async () => ({ ca: caCertificate, certificate: clientCertificate, privateKey: clientKey }));
}

async function closing<T>(kube: KubeAccess, signal: AbortSignal, work: (api: KubeApi) => Promise<T>): Promise<T> {
  try {
    return await work(await kube.connect(signal));
  } finally {
    await kube.close();
  }
}
