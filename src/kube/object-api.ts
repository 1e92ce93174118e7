import type { Agent } from 'node:https';
import {
  AbortError,
  ApiException,
  createConfiguration,
  FetchError,
  HttpMethod,
  KubernetesObjectApi,
  PatchStrategy,
  ServerConfiguration,
  type Configuration,
  type KubernetesObject,
  type RequestContext,
  type ResponseContext,
  type V1APIResource,
  type V1DeleteOptions,
} from '@kubernetes/client-node';
import { FIELD_MANAGER } from '../constants/index.js';
import { NoAnswer } from '../https/index.js';
import { ApiRefusal } from './api-error.js';
import type { Discovery } from './discovery.js';
import { SERVER_NAME } from './server-name.js';
import type { DeleteOptions, KubeObject, ListOptions, ObjectKind, ObjectRef, PatchType } from './types.js';

// Loading @kubernetes/client-node takes half a second: this file is imported dynamically only.

const PATCH_TYPES = {
  merge: PatchStrategy.MergePatch,
  strategic: PatchStrategy.StrategicMergePatch,
  json: PatchStrategy.JsonPatch,
} as const satisfies Record<PatchType, string>;

/** How requests of one call get to the API server. */
export interface ApiWay {
  readonly agent: Agent;
  readonly signal: AbortSignal;
  readonly discovery: Discovery;
}

type Action = 'create' | 'delete' | 'patch' | 'read' | 'list' | 'replace';
type Header = Required<Pick<KubernetesObject, 'apiVersion' | 'kind'>> & { metadata: { name: string; namespace?: string } };

/** A copy each time: the library writes into what it is given. */
function headerOf({ apiVersion, kind, name, namespace }: ObjectRef): Header {
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

/** JSON to send instead of what the library made of it. */
interface Outgoing {
  body: unknown;
}

const METHODS_WITH_OUTGOING: readonly string[] = [HttpMethod.PATCH, HttpMethod.POST];

function configurationOf({ agent, signal }: ApiWay, outgoing: Outgoing): Configuration {
  const applySecurityAuthentication = (context: RequestContext): void => {
    context.setAgent(agent);
    context.setSignal(signal);
    context.setHeaderParam('User-Agent', 'kbs');
    if (METHODS_WITH_OUTGOING.includes(context.getHttpMethod())) context.setBody(JSON.stringify(outgoing.body));
  };
  return createConfiguration({
    baseServer: new ServerConfiguration(`https://${SERVER_NAME}`, {}),
    authMethods: { default: { getName: () => 'client certificate', applySecurityAuthentication } },
  });
}

/**
 * The library's client for objects of any kind, except that JSON goes out and comes in as it is: the library would pass it
 * through its models of another Kubernetes version, which drop fields they do not know and make Dates of times.
 */
export class ObjectApi extends KubernetesObjectApi {
  readonly #discovery: Discovery;
  readonly #outgoing: Outgoing;

  constructor(way: ApiWay) {
    const outgoing: Outgoing = { body: undefined };
    super(configurationOf(way, outgoing));
    this.#outgoing = outgoing;
    this.#discovery = way.discovery;
    this.apiVersionResourceCache = way.discovery.groups;
  }

  /** What the API server calls a kind; undefined when it does not know it. */
  async find({ apiVersion, kind }: ObjectKind): Promise<V1APIResource | undefined> {
    try {
      return await this.resource(apiVersion, kind);
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) return undefined;
      throw error;
    }
  }

  async readObject(ref: ObjectRef): Promise<KubeObject> {
    return (await this.read(headerOf(ref))) as unknown as KubeObject;
  }

  async listObjects({ apiVersion, kind }: ObjectKind, { namespace, fieldSelector, labelSelector }: ListOptions) {
    const { items } = await this.list(apiVersion, kind, namespace, undefined, undefined, undefined, fieldSelector, labelSelector);
    return items.map((item) => ({ ...item, apiVersion, kind }) as unknown as KubeObject);
  }

  async applyObject(ref: ObjectRef, object: KubeObject, isDryRun: boolean): Promise<KubeObject> {
    this.#outgoing.body = object;
    const dryRun = isDryRun ? 'All' : undefined;
    const applied = await this.patch(headerOf(ref), undefined, dryRun, FIELD_MANAGER, true, PatchStrategy.ServerSideApply);
    return applied;
  }

  async createObject(ref: ObjectRef, object: KubeObject): Promise<void> {
    this.#outgoing.body = object;
    await this.create(headerOf(ref), undefined, undefined, FIELD_MANAGER);
  }

  async patchObject(ref: ObjectRef, type: PatchType, patch: unknown): Promise<KubeObject> {
    this.#outgoing.body = patch;
    return await this.patch(headerOf(ref), undefined, undefined, FIELD_MANAGER, undefined, PATCH_TYPES[type]);
  }

  async deleteObject(ref: ObjectRef, options: DeleteOptions): Promise<void> {
    await this.delete(headerOf(ref), undefined, undefined, undefined, undefined, undefined, deleteBody(options));
  }

  /** The library deletes collections only of kinds it has models of; the path and the rest are its own. */
  async deleteObjects(
    kind: ObjectKind,
    { namespace, labelSelector, fieldSelector, ...options }: ListOptions & DeleteOptions,
  ): Promise<void> {
    const path = await this.specUriPath({ ...kind, metadata: namespace === undefined ? {} : { namespace } }, 'list');
    const context = this.configuration.baseServer.makeRequestContext(path, HttpMethod.DELETE);
    if (labelSelector !== undefined) context.setQueryParam('labelSelector', labelSelector);
    if (fieldSelector !== undefined) context.setQueryParam('fieldSelector', fieldSelector);
    context.setHeaderParam('Content-Type', 'application/json');
    context.setBody(JSON.stringify(deleteBody(options)));
    await this.requestPromise(context);
  }

  /** Those who want to know the same at the same time wait for one answer. */
  protected override resource(apiVersion: string, kind: string, options?: Configuration): Promise<V1APIResource | undefined> {
    return this.#discovery.inTurn(apiVersion, () => super.resource(apiVersion, kind, options));
  }

  /** The library writes whole paths in lower case, but names of roles may have capitals: the name is put back. */
  protected override async specUriPath(spec: KubernetesObject, action: Action): Promise<string> {
    const path = await super.specUriPath(spec, action);
    if (action === 'create' || action === 'list') return path;
    return `${path.slice(0, path.lastIndexOf('/'))}/${encodeURIComponent(spec.metadata?.name ?? '')}`;
  }

  protected override async processResponse<T extends KubernetesObject>(response: ResponseContext, type?: string): Promise<T> {
    if (type === 'V1APIResourceList' || response.httpStatusCode >= 300) return super.processResponse<T>(response, type);
    return JSON.parse(await response.body.text()) as T;
  }
}

function deleteBody({ gracePeriodSeconds, propagation = 'Background' }: DeleteOptions): V1DeleteOptions {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: propagation,
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  };
}

/** One call of the library. @throws ApiRefusal, NoAnswer instead of the library's own errors */
export async function callObjectApi<T>(way: ApiWay, work: (api: ObjectApi) => Promise<T>): Promise<T> {
  try {
    return await work(new ObjectApi(way));
  } catch (error) {
    if (error instanceof ApiException) throw ApiRefusal.of({ status: error.code, body: String(error.body) });
    if (error instanceof FetchError || error instanceof AbortError) throw NoAnswer.from(error);
    throw error;
  }
}
