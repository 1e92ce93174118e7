import { FIELD_MANAGER } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import { parseStatus, refusalError } from './api-error.js';
import { isSameDeclared, isSetByOthers, showStates, withoutField } from './comparison.js';
import type { ConnectionPool } from './connection-pool.js';
import { collectionPath, describeRef, groupPath, knownResource, listQuery, objectPath, refOf, type Resource } from './resource-path.js';
import { RetryingClient, type ClientRequest } from './retrying-client.js';
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
} from './types.js';

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};

interface ObjectList {
  readonly items: readonly Omit<KubeObject, 'apiVersion' | 'kind'>[];
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** The namespaces of a new cluster are made a moment after its API says it is ready. */
function isNamespaceToCome(response: KubeResponse): boolean {
  return response.status === 404 && parseStatus(response).aboutKind === 'namespaces';
}

/** A concurrent write by a controller; the same apply is right against the new state too. */
function isConflict(response: KubeResponse): boolean {
  return response.status === 409;
}

/** {@link KubeApi} over a pool of connections; requests end when the signal fires. */
export class PooledKubeApi implements KubeApi {
  readonly #client: RetryingClient;
  readonly #discovered = new Map<string, Promise<Resource | undefined>>();

  constructor(
    private readonly pool: ConnectionPool,
    private readonly signal: AbortSignal,
    patienceMs?: number,
  ) {
    this.#client = new RetryingClient(pool, signal, patienceMs);
  }

  async apply(object: KubeObject, options: ApplyOptions = {}): Promise<'created' | 'changed' | 'unchanged'> {
    const live = await this.read(refOf(object));
    const result = await this.#serverSideApply(withoutKept(object, live, options), false);
    if (live === undefined) return 'created';
    return live.metadata.resourceVersion === result.metadata.resourceVersion || isSameDeclared(live, result) ? 'unchanged' : 'changed';
  }

  async diff(object: KubeObject, options: ApplyOptions = {}): Promise<ObjectDiff> {
    const live = await this.read(refOf(object));
    if (live === undefined) return { change: 'create', ...showStates(undefined, object) };
    const result = await this.#serverSideApply(withoutKept(object, live, options), true);
    return isSameDeclared(live, result) ? { change: 'none' } : { change: 'update', ...showStates(live, result) };
  }

  async #serverSideApply(object: KubeObject, dryRun: boolean): Promise<KubeObject> {
    const ref = refOf(object);
    const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, force: 'true', ...(dryRun ? { dryRun: 'All' } : {}) });
    return this.#json(`${dryRun ? 'try out' : 'apply'} ${describeRef(ref)}`, {
      method: 'PATCH',
      path: `${await this.#objectPath(ref)}?${query.toString()}`,
      body: JSON.stringify(object),
      contentType: 'application/apply-patch+yaml',
      repeatable: true,
      mayPass: (response) => isNamespaceToCome(response) || isConflict(response),
    });
  }

  async read(ref: ObjectRef): Promise<KubeObject | undefined> {
    const resource = await this.#resource(ref);
    if (resource === undefined) return undefined;
    const response = await this.#client.send({ method: 'GET', path: objectPath(ref, resource), repeatable: true });
    if (response.status === 404) return undefined;
    return parsed(`read ${describeRef(ref)}`, response);
  }

  async list(kind: ObjectKind, options: ListOptions = {}): Promise<readonly KubeObject[]> {
    const resource = await this.#knownOrThrow(kind);
    const path = `${collectionPath(kind, resource, options.namespace)}${listQuery(options)}`;
    const { items } = await this.#json<ObjectList>(`list objects of kind ${kind.kind}`, { method: 'GET', path, repeatable: true });
    return items.map((item) => ({ apiVersion: kind.apiVersion, kind: kind.kind, ...item }) as KubeObject);
  }

  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const response = await this.#client.send({
      method: 'DELETE',
      path: await this.#objectPath(ref),
      body: deleteBody(options),
      repeatable: true,
    });
    // 409: it is being deleted already, as namespaces say.
    if (response.status === 404 || response.status === 409) return false;
    parsed(`delete ${describeRef(ref)}`, response);
    return true;
  }

  async deleteAll(kind: ObjectKind, options: ListOptions & DeleteOptions & { readonly namespace: string }): Promise<void> {
    const resource = await this.#knownOrThrow(kind);
    const path = `${collectionPath(kind, resource, options.namespace)}${listQuery(options)}`;
    await this.#json(`delete objects of kind ${kind.kind} in ${options.namespace}`, {
      method: 'DELETE',
      path,
      body: deleteBody(options),
      repeatable: true,
    });
  }

  async patch(ref: ObjectRef, type: PatchType, patch: unknown): Promise<KubeObject> {
    return this.#json(`patch ${describeRef(ref)}`, {
      method: 'PATCH',
      path: `${await this.#objectPath(ref)}?fieldManager=${FIELD_MANAGER}`,
      body: JSON.stringify(patch),
      contentType: PATCH_TYPES[type],
      // A second JSON patch may add the same list entry again; the other two say how things shall be.
      repeatable: type !== 'json',
    });
  }

  async request(method: string, path: string, { body, contentType, timeoutMs, signal }: RequestOptions = {}): Promise<KubeResponse> {
    const client = signal === undefined ? this.#client : new RetryingClient(this.pool, AbortSignal.any([this.signal, signal]));
    return client.sendOnce({ method, path, body, contentType, timeoutMs, repeatable: method === 'GET' });
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  async #json<T = KubeObject>(action: string, request: ClientRequest): Promise<T> {
    return parsed(action, await this.#client.send(request));
  }

  async #objectPath(ref: ObjectRef): Promise<string> {
    return objectPath(ref, await this.#knownOrThrow(ref));
  }

  async #knownOrThrow(kind: ObjectKind): Promise<Resource> {
    const resource = await this.#resource(kind);
    if (resource !== undefined) return resource;
    throw new KbsError('KUBE_API', `the API server knows no kind ${kind.kind} in ${kind.apiVersion}`, {
      remedy: ['kubectl --kubeconfig /etc/kubernetes/admin.conf api-resources   # on a control plane'],
    });
  }

  /** From the table, else from the API itself, once per kind. */
  async #resource(kind: ObjectKind): Promise<Resource | undefined> {
    const known = knownResource(kind);
    if (known !== undefined) return known;
    const key = `${kind.apiVersion} ${kind.kind}`;
    const found = await (this.#discovered.get(key) ?? this.#discover(kind));
    // What is not there yet may come with a CustomResourceDefinition.
    if (found !== undefined) this.#discovered.set(key, Promise.resolve(found));
    return found;
  }

  async #discover({ apiVersion, kind }: ObjectKind): Promise<Resource | undefined> {
    const response = await this.#client.send({ method: 'GET', path: groupPath(apiVersion), repeatable: true });
    if (response.status === 404) return undefined;
    const { resources } = parsed<ResourceList>(`list the kinds of ${apiVersion}`, response);
    const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
    return found && { plural: found.name, namespaced: found.namespaced };
  }
}

function withoutKept(object: KubeObject, live: KubeObject | undefined, { keep = [] }: ApplyOptions): KubeObject {
  if (live === undefined) return object;
  return keep.filter((path) => isSetByOthers(live, path)).reduce(withoutField, object);
}

function deleteBody({ gracePeriodSeconds, propagation = 'Background' }: DeleteOptions): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: propagation,
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  });
}

function parsed<T = KubeObject>(action: string, response: KubeResponse): T {
  if (response.status >= 400) throw refusalError(action, response);
  return JSON.parse(response.body) as T;
}
