import { PORTS } from '../constants/index.js';
import { endpointOfServer } from '../discovery/index.js';
import { createEtcdAccess, type EtcdAccess } from '../etcd/index.js';
import type { Host } from '../host/index.js';
import { createKubeAccess, type KubeAccess, type KubeAccessOptions, type KubeCredentials } from '../kube/index.js';
import type { PkiSource } from '../phases/index.js';
import { authorityOf, issueClientCertificate, type SharedPki } from '../pki/index.js';

/** What an administrator of the cluster shows to its API: whoever has the CA's key can make it. */
export async function adminCredentials(ca: SharedPki['ca'], now: Date): Promise<KubeCredentials> {
  const pair = await issueClientCertificate({ commonName: 'kubernetes-admin', organization: 'system:masters', keyType: 'ec', ca, now });
  return { ca: ca.certificate, certificate: pair.certificate, privateKey: pair.privateKey };
}

/** Way to the API of a server URL as a host reaches it. Nothing is contacted yet. @throws KbsError KUBE_API for what is no https URL */
export function openServerApi(host: Pick<Host, 'dial'>, server: string, credentials: KubeAccessOptions['credentials']): KubeAccess {
  const endpoint = endpointOfServer(server);
  return createKubeAccess({
    controlPlanes: [{ name: server, address: endpoint.host, dial: (address, port) => host.dial(address, port) }],
    port: endpoint.port,
    credentials,
  });
}

/** Way to the API through control planes that are connected, as the cluster's administrator. Nothing is contacted yet. */
export function openClusterApi(controlPlanes: readonly Host[], pki: PkiSource, now: () => Date): KubeAccess {
  const access = createKubeAccess({
    controlPlanes,
    port: PORTS.apiServer,
    credentials: async () => adminCredentials((await pki.shared()).ca, now()),
  });
  return { ...access, isMade: async () => !(await pki.isNew()) };
}

/** A name every certificate of etcd that kbs or kubeadm made holds, whoever made it. Source: kubeadm v1.25 pkiutil (GetEtcdAltNames). */
const ETCD_SERVER_NAME = 'localhost';

/** A machine as etcd is found there. */
export type EtcdHost = Pick<Host, 'name' | 'address' | 'dial'>;

/** Way to the members of etcd through the hosts they run on, as far as these are connected. Nothing is contacted yet. */
export function openClusterEtcd(hosts: readonly EtcdHost[], pki: PkiSource, now: () => Date): EtcdAccess {
  return createEtcdAccess({
    places: hosts.map((host) => ({
      name: host.name,
      address: host.address,
      port: PORTS.etcdClient,
      dial: (address, port) => host.dial(address, port),
    })),
    serverName: ETCD_SERVER_NAME,
    credentials: async () => {
      const ca = authorityOf(await pki.shared(), 'etcdCa');
      const pair = await issueClientCertificate({ commonName: 'kbs', keyType: 'ec', ca, now: now() });
      return { ca: ca.certificate, certificate: pair.certificate, privateKey: pair.privateKey };
    },
  });
}
