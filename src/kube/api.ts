import { KbsError } from '../errors/index.js';
import { exchange } from '../https/index.js';
import { ApiRefusal, refusalError } from './api-error.js';
import { isSameDeclared, isSetByOthers, showStates, withoutField } from './comparison.js';
import type { ConnectionPool } from './connection-pool.js';
import type { Discovery } from './discovery.js';
import type * as ObjectApiModule from './object-api.js';
import type { ObjectApi } from './object-api.js';
import { describeRef, refOf } from './object-ref.js';
import { RetryingClient, type Call } from './retrying-client.js';
import type {
  ApplyOptions,
  DeleteOptions,
  KubeApi,
  KubeObject,
  KubeResponse,
  ListOptions,
  ObjectDiff,
  ObjectKind,
  ObjectRef,
  PatchType,
  RequestOptions,
  StreamOptions,
} from './types.js';

/** The namespaces of a new cluster are made a moment after its API says it is ready. */
function isNamespaceToCome({ httpStatus, status }: ApiRefusal): boolean {
  return httpStatus === 404 && status.aboutKind === 'namespaces';
}

/** A concurrent write by a controller; the same apply is right against the new state too. */
function isConflict({ httpStatus }: ApiRefusal): boolean {
  return httpStatus === 409;
}

/**
 * Whether the API server takes an address out of a range for a new object of this kind. An apply that makes the object takes it for good before
 * the object is written: cut off between the two, as when kbs is killed, it leaves an address that nobody gets for ten minutes. What
 * is created gives it back. Source: k8s.io/apiserver v0.25, registry/generic/registry Store.Update and Store.Create; interval and
 * count of repairs: k8s.io/kubernetes v1.25, registry/core/service/ipallocator/controller.
 */
function takesAddress({ apiVersion, kind }: KubeObject): boolean {
  return apiVersion === 'v1' && kind === 'Service';
}

/** What all APIs of one cluster share. */
export interface ApiParts {
  readonly pool: ConnectionPool;
  readonly library: typeof ObjectApiModule;
  readonly discovery: Discovery;
  readonly patienceMs: number | undefined;
}

interface ObjectCall<T> extends Pick<Call<T>, 'what' | 'repeatable' | 'mayPass'> {
  readonly run: (api: ObjectApi) => Promise<T>;
}

/** How often an object that others keep changing is looked at for a difference. */
const DIFF_TRIES = 5;

/** {@link KubeApi} by the library, over a pool of connections; requests end when the signal fires. */
export class PooledKubeApi implements KubeApi {
  readonly #client: RetryingClient;

  constructor(
    private readonly parts: ApiParts,
    private readonly signal: AbortSignal,
  ) {
    this.#client = new RetryingClient(parts.pool, signal, parts.patienceMs);
  }

  async apply(object: KubeObject, options: ApplyOptions = {}): Promise<'created' | 'changed' | 'unchanged'> {
    const live = await this.read(refOf(object));
    if (live === undefined && takesAddress(object)) await this.#create(object);
    const result = await this.#serverSideApply(withoutKept(object, live, options), false);
    if (live === undefined) return 'created';
    return live.metadata.resourceVersion === result.metadata.resourceVersion || isSameDeclared(live, result) ? 'unchanged' : 'changed';
  }

  async diff(object: KubeObject, options: ApplyOptions = {}): Promise<ObjectDiff> {
    for (let tries = 1; ; tries += 1) {
      const live = await this.read(refOf(object));
      if (live === undefined) return { change: 'create', ...showStates(undefined, object) };
      const result = await this.#serverSideApply(withoutKept(object, live, options), true);
      if (isSameDeclared(live, result)) return { change: 'none' };
      // Between the two looks somebody else changed it (a kubelet its node, say): the difference may be theirs.
      const isOfOneMoment = live.metadata.resourceVersion === result.metadata.resourceVersion;
      if (isOfOneMoment || tries === DIFF_TRIES) return { change: 'update', ...showStates(live, result) };
    }
  }

  /** One that has come meanwhile is as good. */
  async #create(object: KubeObject): Promise<void> {
    const ref = refOf(object);
    await this.#mustKnow(ref);
    const run = (api: ObjectApi): Promise<void> => api.createObject(ref, object);
    await unlessRefused([409], this.#call({ what: `create ${describeRef(ref)}`, repeatable: true, mayPass: isNamespaceToCome, run }));
  }

  async #serverSideApply(object: KubeObject, dryRun: boolean): Promise<KubeObject> {
    const ref = refOf(object);
    await this.#mustKnow(ref);
    return this.#call({
      what: `${dryRun ? 'try out' : 'apply'} ${describeRef(ref)}`,
      repeatable: true,
      mayPass: (refusal) => isNamespaceToCome(refusal) || isConflict(refusal),
      run: (api) => api.applyObject(ref, object, dryRun),
    });
  }

  async read(ref: ObjectRef): Promise<KubeObject | undefined> {
    if (!(await this.#knows(ref))) return undefined;
    const what = `read ${describeRef(ref)}`;
    return unlessRefused([404], this.#call({ what, repeatable: true, run: (api) => api.readObject(ref) }));
  }

  async list(kind: ObjectKind, options: ListOptions = {}): Promise<readonly KubeObject[]> {
    await this.#mustKnow(kind);
    return this.#call({
      what: `list objects of kind ${kind.kind}`,
      repeatable: true,
      run: (api) => api.listObjects(kind, options),
    });
  }

  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    await this.#mustKnow(ref);
    const run = async (api: ObjectApi): Promise<true> => {
      await api.deleteObject(ref, options);
      return true;
    };
    // 409: it is being deleted already, as namespaces say.
    return (await unlessRefused([404, 409], this.#call({ what: `delete ${describeRef(ref)}`, repeatable: true, run }))) ?? false;
  }

  async deleteAll(kind: ObjectKind, options: ListOptions & DeleteOptions & { readonly namespace: string }): Promise<void> {
    await this.#mustKnow(kind);
    await this.#call({
      what: `delete objects of kind ${kind.kind} in ${options.namespace}`,
      repeatable: true,
      run: (api) => api.deleteObjects(kind, options),
    });
  }

  async patch(ref: ObjectRef, type: PatchType, patch: unknown): Promise<KubeObject> {
    await this.#mustKnow(ref);
    return this.#call({
      what: `patch ${describeRef(ref)}`,
      // A second JSON patch may add the same list entry again; the other two say how things shall be.
      repeatable: type !== 'json',
      run: (api) => api.patchObject(ref, type, patch),
    });
  }

  async request(method: string, path: string, { body, contentType, timeoutMs, signal }: RequestOptions = {}): Promise<KubeResponse> {
    const client = signal === undefined ? this.#client : new RetryingClient(this.parts.pool, AbortSignal.any([this.signal, signal]));
    return client.call({
      what: `${method} ${path}`,
      timeoutMs,
      repeatable: method === 'GET',
      run: (agent, own) => exchange({ method, path, body, contentType }, agent, own),
    });
  }

  async stream(path: string, options: StreamOptions): Promise<void> {
    const { readPodStream } = await import('./pod-stream.js');
    await this.#client.call({
      what: `open ${path}`,
      timeoutMs: options.timeoutMs,
      repeatable: false,
      run: (agent, own) => readPodStream(path, options, agent, own),
    });
  }

  async close(): Promise<void> {
    this.parts.pool.close();
  }

  async #call<T>({ what, repeatable, mayPass, run }: ObjectCall<T>): Promise<T> {
    const { library, discovery } = this.parts;
    try {
      return await this.#client.call({
        what,
        repeatable,
        mayPass,
        run: (agent, signal) => library.callObjectApi({ agent, signal, discovery }, run),
      });
    } catch (error) {
      throw error instanceof ApiRefusal ? refusalError(what, error) : error;
    }
  }

  /** Asked of the API server once for each kind that it has; what is not there yet may come with a CustomResourceDefinition. */
  async #knows(kind: ObjectKind | ObjectRef): Promise<boolean> {
    const what = `list the kinds of ${kind.apiVersion}`;
    const found = this.parts.discovery.known(kind) ?? (await this.#call({ what, repeatable: true, run: (api) => api.find(kind) }));
    // The library would take the namespace "default".
    if (found?.namespaced === true && 'name' in kind && kind.namespace === undefined) {
      throw new KbsError('INTERNAL', `${kind.kind} ${kind.name} needs a namespace`);
    }
    return found !== undefined;
  }

  async #mustKnow(kind: ObjectKind | ObjectRef): Promise<void> {
    if (await this.#knows(kind)) return;
    throw new KbsError('KUBE_API', `the API server knows no kind ${kind.kind} in ${kind.apiVersion}`, {
      remedy: ['kubectl --kubeconfig /etc/kubernetes/admin.conf api-resources   # on a control plane'],
    });
  }
}

function withoutKept(object: KubeObject, live: KubeObject | undefined, { keep = [] }: ApplyOptions): KubeObject {
  if (live === undefined) return object;
  return keep.filter((path) => isSetByOthers(live, path)).reduce(withoutField, object);
}

/** undefined when the API server refused with one of some statuses. */
async function unlessRefused<T>(statuses: readonly number[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof KbsError && error.cause instanceof ApiRefusal && statuses.includes(error.cause.httpStatus)) return undefined;
    throw error;
  }
}
