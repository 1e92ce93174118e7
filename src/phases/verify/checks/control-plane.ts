import { PORTS } from '../../../constants/index.js';
import type { KubeObject } from '../../../kube/index.js';
import { hostRow } from '../dial.js';
import { EDGE_PATIENCE_MS, notYet, row, seen, until } from '../row.js';
import type { Check, Stage, VerifyHost, VerifyRow } from '../types.js';

/** Paths everybody who runs a cluster relies on. */
const PATHS = ['/healthz', '/livez', '/readyz', '/version', '/api', '/apis', '/openapi/v2', '/openapi/v3', '/metrics'] as const;

function reach(
  stage: Stage,
  check: string,
  from: VerifyHost,
  place: { readonly name: string; readonly address: string; readonly port: number },
) {
  return hostRow(stage, check, `${from.name} host → ${place.name}`, {
    from,
    request: { address: place.address, port: place.port, path: '/readyz', ca: stage.cluster.ca },
    // Without anonymous access it says who may not ask, which only an API server can.
    isRight: (body) => body === 'ok' || body.includes('Unauthorized') || body.includes('Forbidden'),
  });
}

/** The API by every way there is to it, and its paths. */
export const apiPaths: Check = {
  name: 'API',
  title: 'Every host reaches every API server, the endpoint and the API’s service; the API serves its paths',
  profile: 'full',
  async run(stage) {
    const { cluster, hosts } = stage;
    const places = [
      ...hosts
        .filter(({ roles }) => roles.has('control-plane'))
        .map(({ name, address }) => ({ name: `API server on ${name}`, address, port: PORTS.apiServer })),
      { name: 'control-plane endpoint', address: cluster.endpoint.host, port: cluster.endpoint.port },
      { name: 'service kubernetes', address: cluster.apiServiceAddress, port: 443 },
    ];
    const paths = PATHS.map((path) =>
      row(stage, this.name, path, () =>
        until(stage, path, EDGE_PATIENCE_MS, async () => {
          const { status, body } = await stage.api.request('GET', path);
          return status === 200 ? seen(`${body.length} bytes`) : notYet(`${status} ${body.trim().slice(0, 200)}`);
        }),
      ),
    );
    return Promise.all([...hosts.flatMap((from) => places.map((place) => reach(stage, this.name, from, place))), ...paths]);
  },
};

/** The API server to the kubelet of every node, with certificates checked or not as it is configured. */
export const kubelets: Check = {
  name: 'kubelet',
  title: 'The API reaches every kubelet',
  profile: 'quick',
  run(stage) {
    return Promise.all(
      stage.hosts.map(({ name }) =>
        row(stage, this.name, `API → ${name} kubelet`, () =>
          until(stage, 'the kubelet to answer', stage.patience.systemMs, async () => {
            const { status, body } = await stage.api.request('GET', `/api/v1/nodes/${name}/proxy/healthz`, { timeoutMs: 8_000 });
            return status === 200 ? seen(body.trim()) : notYet(`${status} ${body.trim().slice(0, 200)}`);
          }),
        ),
      ),
    );
  },
};

interface ApiServiceFields {
  readonly spec?: { readonly group?: string; readonly version?: string; readonly service?: object | null };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}

async function aggregated(stage: Stage, check: string, service: KubeObject & ApiServiceFields): Promise<VerifyRow> {
  const { name } = service.metadata;
  return row(stage, check, `API → ${name}`, async () => {
    const { status, body } = await stage.api.request('GET', `/apis/${service.spec?.group ?? ''}/${service.spec?.version ?? ''}`);
    if (status !== 200) throw new Error(`${status} ${body.trim().slice(0, 200)}`);
    return 'answers through the API';
  });
}

/**
 * API aggregation as it is in the cluster. No API server of our own is registered for a try: one that is left behind would keep every
 * namespace of the cluster from being deleted.
 */
export const aggregation: Check = {
  name: 'API aggregation',
  title: 'The aggregation layer is set up, and every registered API answers',
  profile: 'full',
  async run(stage) {
    const services: readonly (KubeObject & ApiServiceFields)[] = await stage.api.list({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
    });
    const foreign = services.filter(({ spec }) => spec?.service !== undefined && spec.service !== null);
    return Promise.all([
      row(stage, this.name, 'front proxy authority', async () => {
        const name = 'extension-apiserver-authentication';
        const map = await stage.api.read({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name });
        const data = (map?.['data'] ?? {}) as Readonly<Record<string, string>>;
        if (!(data['requestheader-client-ca-file'] ?? '').includes('BEGIN CERTIFICATE')) throw new Error(`ConfigMap ${name} has none`);
        return 'published for extension API servers';
      }),
      row(stage, this.name, 'APIServices', async () => {
        const bad = services.filter(({ status }) => !status?.conditions?.some((one) => one.type === 'Available' && one.status === 'True'));
        if (bad.length > 0) throw new Error(`not available: ${bad.map(({ metadata }) => metadata.name).join(', ')}`);
        return `${services.length} available`;
      }),
      ...foreign.map((service) => aggregated(stage, this.name, service)),
    ]);
  },
};
