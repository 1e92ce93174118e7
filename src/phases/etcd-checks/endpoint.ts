import { httpStatus, type Host, type HttpAnswer } from '../../host/index.js';
import { jsonFields } from '../../json/index.js';
import type { EtcdClient } from '../../pki/index.js';

/** What an endpoint of an external etcd says of itself. */
export interface EndpointFinding {
  readonly endpoint: string;
  /** Why it cannot be used; undefined when it can. */
  readonly problem: string | undefined;
  /** Absent where etcd's JSON gateway is off. */
  readonly clusterId?: string;
  /** Whether there are keys below the API server's prefix; undefined where it cannot be told. */
  readonly hasData?: boolean;
}

/** Older ones lack what the API server of v1.25 asks for. */
const OLDEST = { major: 3, minor: 4 } as const;
/** Source: kube-apiserver v1.25, default of --etcd-prefix. */
export const DEFAULT_PREFIX = '/registry';
const REFUSED = /^E(CONNRESET|PIPE)$|ALERT/;
/** How OpenSSL words what the other side said, in the midst of places in its own source. */
const ALERT = /(?:tls|ssl)\S* alert [a-z ]+/i;
const OTHER_CA = /UNABLE_TO|SELF_SIGNED|CERT_SIGNATURE/;

/** Why there was no answer, with what is most likely the matter. */
function silence({ reason, code = '' }: Extract<HttpAnswer, { readonly status: undefined }>): string {
  if (OTHER_CA.test(code)) return `its certificate is not signed by caFile (${reason})`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another name (${reason})`;
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired';
  const alert = ALERT.exec(reason)?.[0];
  if (alert !== undefined || REFUSED.test(code) || reason === 'socket hang up') {
    return `it does not accept certFile: etcd trusts another CA (${alert ?? reason})`;
  }
  return `it does not answer (${reason})`;
}

function versionProblem(body: string): string | undefined {
  const version = jsonFields(body)['etcdserver'];
  if (typeof version !== 'string') return `it is no etcd: /version says ${body.slice(0, 100)}`;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
  return isOld ? `it is etcd ${version}: ${OLDEST.major}.${OLDEST.minor} or newer is needed` : undefined;
}

function healthProblem(answer: Extract<HttpAnswer, { readonly status: number }>): string | undefined {
  const { health, reason } = jsonFields(answer.body);
  if (health === 'true' || health === true) return undefined;
  const why = typeof reason === 'string' && reason !== '' ? `: ${reason}` : '';
  return `it is not healthy${why || ` (/health says ${answer.status}: ${answer.body.slice(0, 100)})`}`;
}

/** First key behind all that begin with a prefix, as etcd's ranges want it. */
function rangeEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

function range(prefix: string): string {
  return JSON.stringify({ key: Buffer.from(prefix).toString('base64'), range_end: rangeEnd(prefix).toString('base64'), count_only: true });
}

/** What is below a prefix, through the gateway that serves etcd's API as JSON; nothing where it is off. */
function dataFinding(answer: HttpAnswer): Pick<EndpointFinding, 'problem' | 'clusterId' | 'hasData'> {
  if (answer.status === undefined) return { problem: silence(answer) };
  if (answer.status === 404) return { problem: undefined };
  const { header, count, error } = jsonFields(answer.body);
  if (answer.status !== 200) {
    return { problem: `it does not let the client read: ${typeof error === 'string' ? error : answer.body.slice(0, 100)}` };
  }
  const id = (header as { cluster_id?: unknown } | undefined)?.cluster_id;
  return { problem: undefined, hasData: Number(count ?? 0) > 0, ...(typeof id === 'string' ? { clusterId: id } : {}) };
}

/** Asks one endpoint as an API server on the host would: version, health, and what is below a prefix. Never throws for a bad answer. */
export async function lookAtEndpoint(host: Host, endpoint: string, client: EtcdClient, prefix = DEFAULT_PREFIX): Promise<EndpointFinding> {
  const { hostname, port } = new URL(endpoint);
  const ask = (path: string, body?: string): Promise<HttpAnswer> =>
    httpStatus((address, at) => host.dial(address, at), {
      address: hostname,
      port: Number(port === '' ? 443 : port),
      path,
      ca: client.caCertificate,
      client: client.pair,
      ...(body === undefined ? {} : { body }),
    });
  const version = await ask('/version');
  if (version.status === undefined) return { endpoint, problem: silence(version) };
  const [health, data] = await Promise.all([ask('/health'), ask('/v3/kv/range', range(`${prefix}/`))]);
  const unhealthy = health.status === undefined ? silence(health) : healthProblem(health);
  const found = dataFinding(data);
  return { endpoint, ...found, problem: versionProblem(version.body) ?? unhealthy ?? found.problem };
}
