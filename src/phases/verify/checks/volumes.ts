import type { KubeObject } from '../../../kube/index.js';
import { VERIFY_LABEL, VOLUME_ROOT } from '../leftovers.js';
import { filePath, FILE_SERVER, named, NETEXEC, podObject, podReady, readFileOf } from '../pod.js';
import { notYet, row, seen, until, WORKLOAD_PATIENCE_MS } from '../row.js';
import type { Check, Stage } from '../types.js';

const CLAIM = 'kept-volume';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const READER_PORT = 8082;
const BOUNDARY = 'kbs-verify';

async function defaultClass({ api }: Stage): Promise<string | undefined> {
  const classes = await api.list({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' });
  return classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true')?.metadata.name;
}

function claim(stage: Stage, storageClass: string | undefined): KubeObject {
  const spec = {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Mi' } },
    storageClassName: storageClass ?? '',
    ...(storageClass === undefined ? { volumeName: stage.run } : {}),
  };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: named(stage, CLAIM), spec };
}

/** Where there is no storage: a folder of one host, taken away at the end. */
function hostVolume({ run, namespace }: Stage, node: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: run, labels: { [VERIFY_LABEL]: run } },
    spec: {
      capacity: { storage: '1Mi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: '',
      claimRef: { namespace, name: CLAIM },
      hostPath: { path: `${VOLUME_ROOT}/${run}`, type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }] },
      },
    },
  };
}

/** One container writes to the volume, the other serves what is there. */
function volumePod(stage: Stage, name: string): KubeObject {
  const volumeMounts = [{ name: 'volume', mountPath: '/uploads' }];
  const containers = [
    { ...NETEXEC, volumeMounts },
    { ...FILE_SERVER, args: ['test-webserver', `--port=${READER_PORT}`], volumeMounts },
  ];
  return podObject(stage, name, containers, {
    tolerations: [{ operator: 'Exists' }],
    volumes: [{ name: 'volume', persistentVolumeClaim: { claimName: CLAIM } }],
  });
}

/** @returns path of the new file in the pod */
async function upload(stage: Stage, pod: string, text: string): Promise<string> {
  const body = [
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="file"; filename="file"',
    'Content-Type: application/octet-stream',
    '',
    text,
    `--${BOUNDARY}--`,
    '',
  ].join('\r\n');
  const answer = await stage.api.request('POST', filePath(stage, pod, '/upload'), {
    body,
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
  });
  const file = /"output":\s*"([^"]+)"/.exec(answer.body)?.[1];
  if (file === undefined) throw new Error(`the pod could not write: ${answer.status} ${answer.body.trim().slice(0, 200)}`);
  return file;
}

async function gone(stage: Stage, name: string): Promise<void> {
  const pod = { apiVersion: 'v1', kind: 'Pod', namespace: stage.namespace, name };
  await stage.api.delete(pod, { gracePeriodSeconds: 0 });
  await until(stage, `pod ${name} to be gone`, WORKLOAD_PATIENCE_MS, async () =>
    (await stage.api.read(pod)) === undefined ? seen(true) : notYet('it is still there'),
  );
}

/** What is written to a volume outlives its pod. */
export const volumes: Check = {
  name: 'volumes',
  title: 'A claim gets a volume, and what is written there outlives the pod',
  profile: 'full',
  async run(stage) {
    const storageClass = await defaultClass(stage);
    const node = stage.hosts.at(-1)?.name ?? '';
    let file = '';
    const bound = await row(stage, this.name, 'PersistentVolumeClaim', async () => {
      if (storageClass === undefined) await stage.api.apply(hostVolume(stage, node));
      await stage.api.apply(claim(stage, storageClass));
      await stage.api.apply(volumePod(stage, 'writer'));
      await podReady(stage, 'writer');
      return storageClass === undefined ? `no default StorageClass: a folder of ${node} by hostPath` : `StorageClass ${storageClass}`;
    });
    if (bound.status === 'failed') return [bound];
    const kept = await row(stage, this.name, 'volume outlives its pod', async () => {
      file = await upload(stage, 'writer', stage.run);
      await gone(stage, 'writer');
      await stage.api.apply(volumePod(stage, 'reader'));
      await podReady(stage, 'reader');
      const text = await until(stage, 'the file', WORKLOAD_PATIENCE_MS, async () =>
        seen(await readFileOf(stage, 'reader', file, READER_PORT)),
      );
      if (text !== stage.run) throw new Error(`the file holds something else: ${text.slice(0, 100)}`);
      return 'another pod read what the first one wrote';
    });
    return [bound, kept];
  },
};
