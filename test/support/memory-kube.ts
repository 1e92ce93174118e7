import type { KubeAccess, KubeApi, KubeObject, KubeResponse, ObjectRef, StreamOptions } from '../../src/kube/index.js';

/** A cluster's objects in memory: no defaults, no controllers but those a test plays. */
export interface MemoryKube extends KubeAccess {
  readonly api: KubeApi;
  readonly objects: Map<string, KubeObject>;
  /** Everything that changed the cluster, in order: `apply Pod a/b`, `delete …`, `delete all …`, `patch …`. */
  readonly changes: string[];
  put(...objects: readonly KubeObject[]): void;
  /** Called after every change. */
  onChange: (change: string) => void;
  /** Answers raw requests; the default refuses all. */
  answer: (method: string, path: string) => KubeResponse | Promise<KubeResponse>;
  /** Plays WebSockets; the default refuses all. */
  streams: (path: string, options: StreamOptions) => Promise<void>;
  isUp: boolean;
}

function keyOf({ kind, namespace, name }: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function objectKey({ kind, metadata: { name, namespace } }: KubeObject): string {
  return keyOf({ kind, name, ...(namespace === undefined ? {} : { namespace }) });
}

function matches(object: KubeObject, selector = ''): boolean {
  return selector
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [key = '', value] = part.split('=');
      const label = object.metadata.labels?.[key];
      return value === undefined ? label !== undefined : label === value;
    });
}

/** A {@link KubeAccess} to a cluster in memory. */
export function memoryKube(): MemoryKube {
  const objects = new Map<string, KubeObject>();
  const changes: string[] = [];
  const note = (change: string): void => {
    changes.push(change);
    kube.onChange(change);
  };
  const isSame = (object: KubeObject): boolean => JSON.stringify(objects.get(objectKey(object))) === JSON.stringify(object);
  const api: KubeApi = {
    async apply(object) {
      const result = isSame(object) ? 'unchanged' : objects.has(objectKey(object)) ? 'changed' : 'created';
      objects.set(objectKey(object), object);
      note(`apply ${objectKey(object)}`);
      return result;
    },
    async diff(object) {
      if (isSame(object)) return { change: 'none' };
      return { change: objects.has(objectKey(object)) ? 'update' : 'create', after: JSON.stringify(object) };
    },
    read: async (ref) => objects.get(keyOf(ref)),
    list: async ({ kind }, { namespace, labelSelector } = {}) =>
      [...objects.values()].filter(
        (object) =>
          object.kind === kind && (namespace === undefined || object.metadata.namespace === namespace) && matches(object, labelSelector),
      ),
    async delete(ref) {
      const wasThere = objects.delete(keyOf(ref));
      note(`delete ${keyOf(ref)}`);
      return wasThere;
    },
    async deleteAll({ kind }, { namespace }) {
      for (const [key, object] of objects) if (object.kind === kind && object.metadata.namespace === namespace) objects.delete(key);
      note(`delete all ${kind} ${namespace}`);
    },
    async patch(ref) {
      note(`patch ${keyOf(ref)}`);
      throw new Error('a memory cluster cannot be patched');
    },
    request: async (method, path) => kube.answer(method, path),
    stream: (path, options) => kube.streams(path, options),
    close: async () => undefined,
  };
  const kube: MemoryKube = {
    api,
    objects,
    changes,
    put: (...more) => more.forEach((object) => objects.set(objectKey(object), object)),
    onChange: () => undefined,
    answer: () => ({ status: 404, body: '' }),
    streams: async (path) => Promise.reject(new Error(`no stream ${path}`)),
    isUp: true,
    async connect() {
      if (!kube.isUp) throw new Error('the memory cluster is down');
      return api;
    },
    tryConnect: async () => (kube.isUp ? api : undefined),
    close: async () => undefined,
  };
  return kube;
}
