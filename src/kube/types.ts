import type { ClientCredentials } from '../https/index.js';

/** Metadata of an object, as far as kbs looks at it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly resourceVersion?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly [field: string]: unknown;
}

/** Any object of the Kubernetes API, as its JSON is. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A kind of object: what discovery calls a group, version and kind. */
export interface ObjectKind {
  /** `v1`, `apps/v1` … */
  readonly apiVersion: string;
  readonly kind: string;
}

/** One object by its name; `namespace` only for kinds that live in one. */
export interface ObjectRef extends ObjectKind {
  readonly name: string;
  readonly namespace?: string;
}

/** Keys from the root of an object to a field, and names of entries of lists: `['spec', 'containers', { name: 'coredns' }, 'image']`. */
export type FieldPath = readonly (string | { readonly name: string })[];

/** How an object is applied and compared. */
export interface ApplyOptions {
  /** Fields that are left as they are in the cluster when somebody else than kbs has set them there. */
  readonly keep?: readonly FieldPath[];
}

/** What applying an object would change. */
export interface ObjectDiff {
  readonly change: 'none' | 'create' | 'update';
  /** YAML of the object in the cluster, without what only the server writes; values of Secrets are hidden. Absent for `create`. */
  readonly before?: string;
  /** The same of the object as it would be. Absent for `none`. */
  readonly after?: string;
}

/** Which objects of a kind to list; all of the cluster when nothing is said. */
export interface ListOptions {
  readonly namespace?: string;
  /** `k8s-app=kube-proxy` */
  readonly labelSelector?: string;
  /** `spec.nodeName=w1` */
  readonly fieldSelector?: string;
}

/** How an object is deleted. */
export interface DeleteOptions {
  /** 0: at once. Default: what the object says. */
  readonly gracePeriodSeconds?: number;
  /** Default: Background. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

/** Kinds of patches: RFC 7386, Kubernetes' own, RFC 6902. */
export type PatchType = 'merge' | 'strategic' | 'json';

/** A request as it goes over the wire. */
export interface RequestOptions {
  readonly body?: string;
  /** Default: `application/json`. */
  readonly contentType?: string;
  /** For one try; default 30 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What is done with a WebSocket of the API server: exec, attach and port-forward of a pod. */
export interface StreamOptions {
  /** Told of each message: its channel and its bytes. false: that was enough. */
  readonly onData: (channel: number, bytes: Buffer) => boolean;
  /** Sent when the stream is open. */
  readonly send?: { readonly channel: number; readonly text: string };
  /** Default 30 000. */
  readonly timeoutMs?: number;
}

/** An answer of any status. */
export interface KubeResponse {
  readonly status: number;
  readonly body: string;
}

/**
 * The Kubernetes API. Reads and everything that may be repeated without harm are tried again for some seconds when the
 * server is busy, restarts or refuses the connection, over another control plane when there is one.
 * Every method may throw KbsError KUBE_API (the server refused, with its reason), KUBE_UNREACHABLE, CANCELLED.
 */
export interface KubeApi {
  /** Server-side apply as field manager `kbs`, forced. */
  apply(object: KubeObject, options?: ApplyOptions): Promise<'created' | 'changed' | 'unchanged'>;
  /** What {@link KubeApi.apply} would change: a server-side dry run against the object as it is, so defaults are no difference. */
  diff(object: KubeObject, options?: ApplyOptions): Promise<ObjectDiff>;
  /** undefined when there is no such object, or no such kind. */
  read(ref: ObjectRef): Promise<KubeObject | undefined>;
  list(kind: ObjectKind, options?: ListOptions): Promise<readonly KubeObject[]>;
  /** Asks for deletion and does not wait for its end. @returns false when there was no such object */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;
  /** Deletes every object of a kind in a namespace that the selector matches. Does not wait for the end. */
  deleteAll(kind: ObjectKind, options: ListOptions & DeleteOptions & { readonly namespace: string }): Promise<void>;
  /** @throws KbsError KUBE_API; a patch with a `resourceVersion` that is no longer current has `reason` Conflict, see {@link apiReason} */
  patch(ref: ObjectRef, type: PatchType, patch: unknown): Promise<KubeObject>;
  /** A raw request, e.g. `/readyz` or a pod's proxy. Any status is an answer; only GET is tried again, and only when no answer came. */
  request(method: string, path: string, options?: RequestOptions): Promise<KubeResponse>;
  /** Reads a WebSocket until its reader has enough or the server closes it, e.g. `…/pods/a/exec?command=date&stdout=true`. Not tried again. */
  stream(path: string, options: StreamOptions): Promise<void>;
  close(): Promise<void>;
}

/** Who kbs is for the API server. */
export type KubeCredentials = ClientCredentials;

/** The way to the API: one connection is shared by all who ask. */
export interface KubeAccess {
  /** Whether the cluster has been made before: if then no API answers, what is in it is unknown. Absent: it has not. */
  isMade?(): Promise<boolean>;
  /** Connects through the first control plane that answers. @throws KbsError KUBE_UNREACHABLE with what each said, CANCELLED */
  connect(signal: AbortSignal): Promise<KubeApi>;
  /**
   * For plans: undefined when no control plane answers.
   * @throws KbsError KUBE_UNREACHABLE when one answers that has another CA or does not take the certificate
   */
  tryConnect(signal: AbortSignal): Promise<KubeApi | undefined>;
  /** Closes the connection, if there is one. */
  close(): Promise<void>;
}
