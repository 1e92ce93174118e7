import { KbsError } from '../errors/index.js';
import { jsonFields } from '../json/index.js';
import type { KubeResponse } from './types.js';

/** The part of a Status object kbs reads. Source: k8s.io/apimachinery meta/v1. */
interface ApiStatus {
  readonly reason: string;
  readonly message: string;
  /** Kind of the object it is about, as a plural: `namespaces`. */
  readonly aboutKind: string | undefined;
  readonly causes: readonly string[];
  readonly retryAfterSeconds: number | undefined;
}

interface StatusJson {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly field?: string; readonly message?: string }[];
  };
}

const BODY_LIMIT = 300;

/** What an answer of 400 or more says; a proxy in between may answer with something else than a Status. */
export function parseStatus({ status, body }: KubeResponse): ApiStatus {
  const json = jsonFields(body) as StatusJson;
  return {
    reason: json.reason ?? `HTTP ${status}`,
    message: json.message ?? body.slice(0, BODY_LIMIT),
    aboutKind: json.details?.kind,
    causes: (json.details?.causes ?? []).map(({ field, message }) => [field, message].filter((part) => part !== undefined).join(': ')),
    retryAfterSeconds: json.details?.retryAfterSeconds,
  };
}

/** The API server refused: what it answered with 400 or more; also carried as the cause of a KUBE_API error. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';

  private constructor(
    readonly httpStatus: number,
    readonly status: ApiStatus,
  ) {
    super(status.message);
  }

  static of(response: KubeResponse): ApiRefusal {
    return new ApiRefusal(response.status, parseStatus(response));
  }
}

const REMEDIES: Readonly<Record<number, readonly string[]>> = {
  401: ['kubectl --kubeconfig /etc/kubernetes/admin.conf auth can-i --list   # on a control plane: is its CA the one of this cluster?'],
  403: ['kubectl --kubeconfig /etc/kubernetes/admin.conf auth can-i --list   # on a control plane'],
};

/** @param action what was tried and on what: "apply ConfigMap kube-system/coredns" */
export function refusalError(action: string, refusal: ApiRefusal): KbsError {
  const { reason, message, causes } = refusal.status;
  return new KbsError('KUBE_API', `the API server did not ${action}: ${reason}: ${message}`, {
    details: causes,
    remedy: REMEDIES[refusal.httpStatus] ?? [
      'kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz?verbose   # on a control plane',
    ],
    cause: refusal,
  });
}

/** The API server's reason for a refusal (`Conflict`, `Forbidden`, `NotFound` …); undefined for other errors. */
export function apiReason(error: unknown): string | undefined {
  return error instanceof KbsError && error.cause instanceof ApiRefusal ? error.cause.status.reason : undefined;
}
