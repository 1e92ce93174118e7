import { PORTS } from '../../../constants/index.js';
import { accountObject, namespaceObject } from '../stage.js';
import { podSpec, post } from '../pod.js';
import { EDGE_PATIENCE_MS, notYet, row, seen, until } from '../row.js';
import type { Check, Stage } from '../types.js';

const ACCOUNT = 'verify';

/** A token for the run's account. */
async function newToken(stage: Stage, audiences?: readonly string[]): Promise<string> {
  const path = `/api/v1/namespaces/${stage.namespace}/serviceaccounts/${ACCOUNT}/token`;
  const spec = { expirationSeconds: 600, ...(audiences === undefined ? {} : { audiences }) };
  const { status, json } = await post(stage, path, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
  const { token } = (json['status'] ?? {}) as { readonly token?: string };
  if (token === undefined) throw new Error(`no token was given: ${status}`);
  return token;
}

/** What an API server says to somebody with that token. */
async function asAccount(stage: Stage, token: string, path: string): Promise<number> {
  const host = stage.hosts.find(({ roles }) => roles.has('control-plane'));
  if (host === undefined) throw new Error('no control plane is connected');
  const answer = await host.http({
    address: host.address,
    port: PORTS.apiServer,
    path,
    ca: stage.cluster.ca,
    headers: { authorization: `Bearer ${token}` },
  });
  if (answer.status === undefined) throw new Error(answer.reason);
  return answer.status;
}

function right(stage: Stage) {
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: ACCOUNT };
  const subjects = [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: stage.namespace }];
  const metadata = { name: ACCOUNT, namespace: stage.namespace };
  return [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata, roleRef, subjects },
  ];
}

/** Who may do what, asked for real with a token. */
export const accessControl: Check = {
  name: 'access control',
  title: 'Tokens of service accounts work, are bound to their audience, and may do what RBAC says and no more',
  profile: 'full',
  async run(stage) {
    const token = await newToken(stage);
    const own = `/api/v1/namespaces/${stage.namespace}/configmaps`;
    const expectStatus = (what: string, path: string, wanted: number): Promise<string> =>
      until(stage, what, EDGE_PATIENCE_MS, async () => {
        const status = await asAccount(stage, token, path);
        return status === wanted ? seen(`${wanted}`) : notYet(`the API says ${status}`);
      });
    return [
      await row(stage, this.name, 'RBAC denies by default', () => expectStatus('a refusal', own, 403)),
      await row(stage, this.name, 'RBAC allows what a Role says', async () => {
        for (const object of right(stage)) await stage.api.apply(object);
        return expectStatus('the right to work', own, 200);
      }),
      await row(stage, this.name, 'RBAC denies everything else', () =>
        expectStatus('a refusal', '/api/v1/namespaces/kube-system/secrets', 403),
      ),
      await row(stage, this.name, 'ServiceAccount token is bound to its audience', async () => {
        const foreign = await newToken(stage, ['somebody-else']);
        const status = await asAccount(stage, foreign, own);
        if (status !== 401) throw new Error(`a token for somebody else is taken: ${status}`);
        return 'a token for somebody else is refused: 401';
      }),
    ];
  },
};

/** Levels of Pod Security. Nothing is made but a namespace: the pods are dry runs. */
export const podSecurity: Check = {
  name: 'pod security',
  title: 'Pod Security refuses what the level of a namespace forbids',
  profile: 'full',
  async run(stage) {
    const namespace = `${stage.run}-restricted`;
    await stage.api.apply(namespaceObject(stage.run, namespace, 'restricted'));
    await stage.api.apply(accountObject(namespace));
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const container = { args: ['pause'], securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } };
    const safe = { securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } } };
    const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tried' }, spec });
    return Promise.all([
      row(stage, this.name, 'restricted level refuses a privileged pod', async () => {
        const spec = podSpec(stage, [{ args: ['pause'], securityContext: { privileged: true } }]);
        const { status, json } = await post(stage, path, pod(spec));
        const message = String(json['message']);
        if (status !== 403 || !message.includes('PodSecurity')) throw new Error(`it was not refused: ${status} ${message.slice(0, 150)}`);
        return 'refused';
      }),
      row(stage, this.name, 'restricted level takes a modest pod', async () => {
        const { status, json } = await post(stage, path, pod(podSpec(stage, [container], safe)));
        if (status !== 201) throw new Error(`${status} ${String(json['message']).slice(0, 200)}`);
        return 'taken';
      }),
    ]);
  },
};
