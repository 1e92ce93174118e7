import type { ClusterSpec } from '../config/index.js';
import { PATHS, PORTS, type EtcdTopology } from '../constants/index.js';
import { httpStatus, type Host, type HttpProbe } from '../host/index.js';
import { KUBECONFIGS, parseKubeconfig } from '../kubeconfig/index.js';
import { isEtcdHost, lookAtEndpoint, type RunContext } from '../phases/index.js';
import { controlPlaneLeaves, ETCD_LEAF_CERTS, inspectCertificate } from '../pki/index.js';

/** One component on one host. */
export interface ComponentHealth {
  readonly host: string;
  readonly component: string;
  readonly healthy: boolean;
  /** Why not. */
  readonly problem?: string;
}

/** When a certificate ends. */
export interface CertificateHealth {
  readonly host: string;
  /** As `kubeadm certs check-expiration` calls it. */
  readonly name: string;
  /** ISO 8601, UTC; absent when there is no such certificate. */
  readonly notAfter?: string;
  readonly daysLeft?: number;
}

const LOOPBACK = '127.0.0.1';
const DAY_MS = 86_400_000;

function probesFor(host: Host, ca: string, topology: EtcdTopology): readonly (HttpProbe & { readonly component: string })[] {
  const etcd = { component: 'etcd', address: LOOPBACK, port: PORTS.etcdMetrics, path: '/health' };
  if (isEtcdHost(host)) return [etcd];
  const kubelet = { component: 'kubelet', address: LOOPBACK, port: PORTS.kubeletHealth, path: '/healthz' };
  if (!host.roles.has('control-plane')) return [kubelet];
  return [
    kubelet,
    ...(topology === 'stacked' ? [etcd] : []),
    { component: 'kube-apiserver', address: host.address, port: PORTS.apiServer, path: '/readyz', ca },
    { component: 'kube-controller-manager', address: LOOPBACK, port: PORTS.controllerManager, path: '/healthz', isSelfSigned: true },
    { component: 'kube-scheduler', address: LOOPBACK, port: PORTS.scheduler, path: '/healthz', isSelfSigned: true },
  ];
}

/** Asks every component of a host for its health, all at once. Never throws for a component that does not answer. */
export async function componentHealth(host: Host, ca: string, etcd: EtcdTopology): Promise<readonly ComponentHealth[]> {
  return Promise.all(
    probesFor(host, ca, etcd).map(async ({ component, ...probe }): Promise<ComponentHealth> => {
      const answer = await httpStatus((address, port) => host.dial(address, port), probe);
      if (answer.status === 200) return { host: host.name, component, healthy: true };
      const problem = answer.status === undefined ? answer.reason : `${probe.path} says ${answer.status}`;
      return { host: host.name, component, healthy: false, problem };
    }),
  );
}

/** Every endpoint of an external etcd, as the API server of the first control plane that was reached sees it. */
export async function externalEtcdHealth(
  spec: ClusterSpec,
  { pki }: Pick<RunContext, 'pki'>,
  controlPlanes: readonly Host[],
): Promise<readonly ComponentHealth[]> {
  const [host] = controlPlanes;
  const { etcdClient } = await pki.shared();
  if (spec.etcd.external === undefined || host === undefined || etcdClient === undefined) return [];
  return Promise.all(
    spec.etcd.external.endpoints.map(async (endpoint): Promise<ComponentHealth> => {
      const { problem } = await lookAtEndpoint(host, endpoint, etcdClient);
      const row = { host: new URL(endpoint).host, component: 'etcd', healthy: problem === undefined };
      return problem === undefined ? row : { ...row, problem };
    }),
  );
}

function expiry(host: Host, name: string, pem: string | undefined, now: Date): CertificateHealth {
  if (pem === undefined) return { host: host.name, name };
  const { notAfter } = inspectCertificate(pem);
  return { host: host.name, name, notAfter: notAfter.toISOString(), daysLeft: Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS) };
}

const ETCD_CA = ['etcd-ca', 'etcd/ca.crt'] as const;
const AUTHORITIES = [['ca', 'ca.crt'], ETCD_CA, ['front-proxy-ca', 'front-proxy-ca.crt']] as const;
const EXTERNAL_CLIENT = ['apiserver-etcd-client', 'apiserver-etcd-client.crt'] as const;

function certificateFiles(host: Host, etcd: EtcdTopology): readonly (readonly [string, string])[] {
  const leaves = isEtcdHost(host) ? ETCD_LEAF_CERTS : controlPlaneLeaves(etcd);
  const files = leaves.map(({ name, file }) => [name, `${file}.crt`] as const);
  if (isEtcdHost(host)) return [ETCD_CA, ...files];
  return [...AUTHORITIES, ...files, ...(etcd === 'external' ? [EXTERNAL_CLIENT] : [])];
}

/** Every certificate of a control plane, or of a host of etcd, with its end, read from its files. */
export async function certificateHealth(host: Host, etcd: EtcdTopology, now: Date): Promise<readonly CertificateHealth[]> {
  const certificates = certificateFiles(host, etcd).map(async ([name, file]) =>
    expiry(host, name, await host.files.read(`${PATHS.pkiDir}/${file}`), now),
  );
  if (isEtcdHost(host)) return Promise.all(certificates);
  const kubeconfigs = KUBECONFIGS.filter(({ name }) => name !== 'kubelet').map(async ({ name, path }) => {
    const text = await host.files.readSecret(path);
    return expiry(host, `${name}.conf`, text === undefined ? undefined : parseKubeconfig(text).clientCertificate, now);
  });
  const kubelet = host.files.readSecret(PATHS.kubeletClientCertificate).then((pem) => expiry(host, 'kubelet-client', pem?.reveal(), now));
  return Promise.all([...certificates, ...kubeconfigs, kubelet]);
}
