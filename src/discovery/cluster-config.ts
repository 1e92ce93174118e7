import { CERTIFICATE_COPIES, CONFIG_MAPS, NAMESPACES } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import type { BootstrapToken } from '../pki/index.js';
import { parseYamlStream } from '../yaml/index.js';
import { askPatiently, dataOf, NEW_TOKEN } from './discover.js';
import type { DiscoveredCluster, Endpoint } from './types.js';

/** Any configuration object, read from a ConfigMap. */
export type ConfigFields = Readonly<Record<string, unknown>>;

/** What a cluster tells its new nodes. */
export interface JoinConfig {
  /** ClusterConfiguration (kubeadm.k8s.io/v1beta3) of ConfigMap kubeadm-config. */
  readonly cluster: ConfigFields;
  /** Annotations of ConfigMap kubeadm-config. */
  readonly annotations: Readonly<Record<string, string>>;
  /** KubeletConfiguration of ConfigMap kubelet-config. */
  readonly kubelet: ConfigFields;
  /** KubeProxyConfiguration of ConfigMap kube-proxy; undefined in a cluster without it. */
  readonly kubeProxy: ConfigFields | undefined;
}

/** How the cluster is asked with a bootstrap token. */
export interface TokenAccess {
  readonly cluster: Pick<DiscoveredCluster, 'server' | 'caCertificate'>;
  readonly token: BootstrapToken;
  readonly signal: AbortSignal;
  /** How long a silent server is asked again; default 20 000. */
  readonly patienceMs?: number;
}

/** Host and port of an `https://host:port` URL; without a port 443. @throws KbsError KUBE_API for anything else */
export function endpointOfServer(server: string): Endpoint {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol !== 'https:') {
    throw new KbsError('KUBE_API', `cluster-info names ${server} as the API, which is no https URL`, {
      remedy: ['kubectl -n kube-public edit configmap cluster-info   # with admin.conf, on a control plane'],
    });
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 443 : Number(url.port) };
}

async function readAs({ cluster, token, signal, patienceMs }: TokenAccess, path: string) {
  const endpoint = endpointOfServer(cluster.server);
  const answer = await askPatiently({ endpoint, path, trust: { ca: cluster.caCertificate }, token: token.token, signal }, patienceMs);
  if (answer.status !== 401) return answer;
  throw new KbsError('TOKEN_REFUSED', `the cluster signs with the bootstrap token ${token.id}, and lets nobody in with it`, {
    details: [answer.body.slice(0, 300)],
    remedy: [
      `kubectl -n kube-system get secret bootstrap-token-${token.id} -o yaml   # usage-bootstrap-authentication and expiration`,
      ...NEW_TOKEN,
    ],
  });
}

async function readConfigMap(access: TokenAccess, name: string) {
  const path = `/api/v1/namespaces/${NAMESPACES.system}/configmaps/${name}`;
  const { status, body } = await readAs(access, path);
  if (status === 200) return body;
  throw new KbsError('KUBE_API', `ConfigMap ${NAMESPACES.system}/${name} cannot be read with the bootstrap token: status ${status}`, {
    details: [body.slice(0, 300)],
    remedy: [
      'kubeadm init phase upload-config all && kubeadm init phase bootstrap-token   # on a control plane: makes it, and who may read it',
    ],
  });
}

/** kube-proxy is an add-on: its ConfigMap may be missing, or be for others than new nodes. */
async function readKubeProxyConfig(access: TokenAccess): Promise<ConfigFields | undefined> {
  const { status, body } = await readAs(access, `/api/v1/namespaces/${NAMESPACES.system}/configmaps/${CONFIG_MAPS.kubeProxy}`);
  return status === 200 ? fieldsIn(body, CONFIG_MAPS.kubeProxy, 'config.conf') : undefined;
}

function fieldsIn(body: string, name: string, key: string): ConfigFields {
  const text = dataOf(body)[key];
  const [fields] = text === undefined ? [] : parseYamlStream(text);
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return fields as ConfigFields;
  throw new KbsError('KUBE_API', `ConfigMap ${NAMESPACES.system}/${name} has no configuration in ${key}`, {
    remedy: ['kubeadm init phase upload-config all   # on a control plane'],
  });
}

function annotationsIn(body: string): Readonly<Record<string, string>> {
  const { metadata } = JSON.parse(body) as { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } };
  return metadata?.annotations ?? {};
}

/**
 * Reads what the cluster tells its new nodes, with the token.
 * @throws KbsError TOKEN_REFUSED, KUBE_API, KUBE_UNREACHABLE, DISCOVERY_UNTRUSTED, CANCELLED
 */
export async function readJoinConfig(access: TokenAccess): Promise<JoinConfig> {
  const [kubeadm, kubelet, kubeProxy] = await Promise.all([
    readConfigMap(access, CONFIG_MAPS.kubeadmConfig),
    readConfigMap(access, CONFIG_MAPS.kubeletConfig),
    readKubeProxyConfig(access),
  ]);
  return {
    cluster: fieldsIn(kubeadm, CONFIG_MAPS.kubeadmConfig, 'ClusterConfiguration'),
    annotations: annotationsIn(kubeadm),
    kubelet: fieldsIn(kubelet, CONFIG_MAPS.kubeletConfig, 'kubelet'),
    kubeProxy,
  };
}

/**
 * Encrypted copies of the cluster's authorities, for whoever becomes a control plane.
 * @returns data of Secret kubeadm-certs, base64
 * @throws KbsError STEP_MISSING when there are none, TOKEN_REFUSED, KUBE_API, KUBE_UNREACHABLE, DISCOVERY_UNTRUSTED, CANCELLED
 */
export async function readUploadedCertificates(access: TokenAccess): Promise<Readonly<Record<string, string | undefined>>> {
  const { status, body } = await readAs(access, `/api/v1/namespaces/${NAMESPACES.system}/secrets/${CERTIFICATE_COPIES.secret}`);
  if (status === 200) return dataOf(body);
  // 403: the right to read them comes with the first upload.
  const isAbsent = status === 404 || status === 403;
  throw new KbsError(
    isAbsent ? 'STEP_MISSING' : 'KUBE_API',
    isAbsent
      ? 'the cluster has no uploaded certificates: they stay for two hours only'
      : `Secret ${CERTIFICATE_COPIES.secret} cannot be read: status ${status}`,
    {
      details: [body.slice(0, 300)],
      remedy: [
        'kbs token create --upload-certs --print-join-command   # on a control plane, or with -f CLUSTER_FILE where that is',
        'kubeadm init phase upload-certs --upload-certs   # on a control plane',
      ],
    },
  );
}

/**
 * Whether the cluster has a Node of this name that is Ready: another machine then.
 * @throws KbsError TOKEN_REFUSED, KUBE_API, KUBE_UNREACHABLE, DISCOVERY_UNTRUSTED, CANCELLED
 */
export async function hasReadyNode(access: TokenAccess, name: string): Promise<boolean> {
  const { status, body } = await readAs(access, `/api/v1/nodes/${encodeURIComponent(name)}`);
  // 403: a cluster whose kubeadm:get-nodes was taken away; then it cannot be known.
  if (status === 404 || status === 403) return false;
  if (status !== 200) throw new KbsError('KUBE_API', `Node ${name} cannot be read with the bootstrap token: status ${status}`);
  const node = JSON.parse(body) as {
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  };
  return node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}
