import type { KubeObject } from './types.js';

interface StatusFields {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  readonly addresses?: readonly { readonly type: string; readonly address: string }[];
}

function statusOf(object: KubeObject | undefined): StatusFields {
  return object?.['status'] ?? {};
}

/** Whether a Node or a Pod says of itself that it is Ready; one that is not there is not. */
export function isReady(object: KubeObject | undefined): boolean {
  return statusOf(object).conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** The first internal address of a Node; undefined when it has none, or is not there. */
export function internalAddress(node: KubeObject | undefined): string | undefined {
  return statusOf(node).addresses?.find(({ type }) => type === 'InternalIP')?.address;
}
