import type { KubeObject } from '../../../kube/index.js';
import { FILE_SERVER, named, podObject, podReady, readFileOf } from '../pod.js';
import { notYet, row, seen, until } from '../row.js';
import type { Check, Stage, VerifyRow } from '../types.js';

const POD = 'files';
const UPDATE_MS = 30_000;
const TOKEN_AUDIENCE = 'kbs-verify';
const FILES = { configMap: '/etc/verify/config/key', secret: '/etc/verify/secret/key', downward: '/etc/verify/pod' } as const;

function keeper(stage: Stage, kind: 'ConfigMap' | 'Secret', value: string): KubeObject {
  const metadata = named(stage, 'kept');
  return kind === 'ConfigMap'
    ? { apiVersion: 'v1', kind, metadata, data: { key: value } }
    : { apiVersion: 'v1', kind, metadata, stringData: { key: value } };
}

function filesPod(stage: Stage): KubeObject {
  const field = (path: string, fieldPath: string) => ({ path, fieldRef: { fieldPath } });
  const container = {
    ...FILE_SERVER,
    volumeMounts: [
      { name: 'config', mountPath: '/etc/verify/config' },
      { name: 'secret', mountPath: '/etc/verify/secret' },
      { name: 'pod', mountPath: FILES.downward },
      { name: 'token', mountPath: '/etc/verify/token' },
    ],
  };
  return podObject(stage, POD, [container], {
    volumes: [
      { name: 'config', configMap: { name: 'kept' } },
      { name: 'secret', secret: { secretName: 'kept' } },
      {
        name: 'pod',
        downwardAPI: {
          items: [
            field('name', 'metadata.name'),
            field('labels', 'metadata.labels'),
            { path: 'memory', resourceFieldRef: { containerName: 'c0', resource: 'requests.memory' } },
          ],
        },
      },
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: TOKEN_AUDIENCE } }] } },
    ],
  });
}

function expectFile(stage: Stage, file: string, isRight: (text: string) => boolean, forMs = UPDATE_MS): Promise<string> {
  return until(stage, `the right content of ${file}`, forMs, async () => {
    const text = await readFileOf(stage, POD, file);
    return isRight(text) ? seen(text.trim()) : notYet(text.trim().slice(0, 100));
  });
}

/** Mounted, read, changed, read again. */
async function mountAndUpdate(stage: Stage, check: string, kind: 'ConfigMap' | 'Secret', file: string): Promise<readonly VerifyRow[]> {
  const mount = await row(stage, check, `${kind} mount`, () => expectFile(stage, file, (text) => text === 'first'));
  const update = await row(stage, check, `${kind} update`, async () => {
    await stage.api.apply(keeper(stage, kind, 'second'));
    // The kubelet looks at a pod's volumes about once a minute, and at once when something about the pod changes.
    const annotations = { [`kbs.dev/${kind.toLowerCase()}`]: 'second' };
    await stage.api.patch({ apiVersion: 'v1', kind: 'Pod', namespace: stage.namespace, name: POD }, 'merge', { metadata: { annotations } });
    return `the pod sees ${await expectFile(stage, file, (text) => text === 'second')}`;
  });
  return [mount, update];
}

/** A JSON Web Token's claims; nobody's signature is checked here. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const [, body = ''] = token.split('.');
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as Readonly<Record<string, unknown>>;
}

/** What pods are given as files. */
export const files: Check = {
  name: 'mounted files',
  title: 'ConfigMaps, Secrets, the Downward API and projected tokens are mounted and kept up to date',
  profile: 'full',
  async run(stage) {
    await Promise.all([stage.api.apply(keeper(stage, 'ConfigMap', 'first')), stage.api.apply(keeper(stage, 'Secret', 'first'))]);
    await stage.api.apply(filesPod(stage));
    await podReady(stage, POD);
    const rows = await Promise.all([
      mountAndUpdate(stage, this.name, 'ConfigMap', FILES.configMap),
      mountAndUpdate(stage, this.name, 'Secret', FILES.secret),
      row(stage, this.name, 'Downward API', async () => {
        await expectFile(stage, `${FILES.downward}/name`, (text) => text === POD);
        await expectFile(stage, `${FILES.downward}/labels`, (text) => text.includes(`app="${POD}"`));
        await expectFile(stage, `${FILES.downward}/memory`, (text) => text === String(8 * 1024 ** 2));
        return 'name, labels and requests are those of the pod';
      }),
      row(stage, this.name, 'projected token', async () => {
        const token = await until(stage, 'a token', UPDATE_MS, async () => seen(await readFileOf(stage, POD, '/etc/verify/token/token')));
        const { aud, sub } = claimsOf(token);
        if (JSON.stringify(aud) !== `["${TOKEN_AUDIENCE}"]`) throw new Error(`it is for ${JSON.stringify(aud)}, not for ${TOKEN_AUDIENCE}`);
        return `for ${String(sub)}`;
      }),
    ]);
    return rows.flat();
  },
};
