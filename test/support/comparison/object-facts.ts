import { parse } from 'yaml';
import type { AuthorityNames } from './host-facts.js';
import { neutral } from './neutral.js';
import { toFacts, type Facts } from './tree.js';

/** Every kind kubeadm writes, and those that follow from it. */
export const COMPARED_KINDS: readonly string[] = [
  ...['namespaces', 'nodes', 'configmaps', 'secrets', 'serviceaccounts', 'services', 'daemonsets', 'deployments', 'pods'],
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings', 'priorityclasses', 'validatingwebhookconfigurations'],
  ...['mutatingwebhookconfigurations', 'customresourcedefinitions', 'csidrivers', 'storageclasses', 'runtimeclasses'],
];

interface ReadObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: { readonly addresses?: unknown };
  readonly [field: string]: unknown;
}

/** What the API server says of an object, not its author. */
const SERVER_FIELDS = new Set(['uid', 'resourceVersion', 'creationTimestamp', 'managedFields', 'generation', 'selfLink']);

/** flannel is the same manifest on both sides, and no business of kubeadm's. */
function isOthers({ kind, metadata }: ReadObject): boolean {
  const isOfController = metadata.ownerReferences?.some((owner) => owner.kind !== 'Node') ?? false;
  return (
    (kind === 'Pod' && isOfController) ||
    metadata.namespace === 'kube-flannel' ||
    (['kube-flannel', 'flannel'].includes(metadata.name) && metadata.namespace === undefined)
  );
}

/** Values that are of one cluster alone. */
function annotationFacts(annotations: Readonly<Record<string, string>>): Facts {
  const moving: Readonly<Record<string, string>> = {
    'kubernetes.io/config.hash': '<hash>',
    'kubernetes.io/config.mirror': '<hash>',
    'kubernetes.io/config.seen': '<time>',
    'flannel.alpha.coreos.com/backend-data': '<address of the link>',
  };
  return Object.fromEntries(Object.entries(annotations).map(([name, value]) => [name, moving[name] ?? value]));
}

function dataFacts(kind: string, key: string, text: string): Facts {
  // Secrets of both clusters differ by their nature.
  if (kind === 'Secret') return '<secret>';
  if (['ClusterConfiguration', 'kubelet', 'config.conf', 'kubeconfig.conf', 'kubeconfig'].includes(key)) return toFacts(parse(text));
  if (key.startsWith('jws-kubeconfig-')) return '<signature>';
  return text;
}

function nameFacts(name: string): string {
  return name.replace(/^(bootstrap-token-|jws-kubeconfig-)[a-z0-9]{6}$/, '$1<id>');
}

function objectFacts(object: ReadObject): Facts {
  const { apiVersion, kind, metadata, data, status, ...rest } = object;
  const kept = Object.entries(metadata).filter(
    ([name]) => !SERVER_FIELDS.has(name) && name !== 'annotations' && name !== 'ownerReferences',
  );
  return {
    apiVersion,
    metadata: toFacts({ ...Object.fromEntries(kept), name: nameFacts(metadata.name) }),
    annotations: annotationFacts(metadata.annotations ?? {}),
    owners: (metadata.ownerReferences ?? []).map((owner) => owner.kind).join(', '),
    ...(data === undefined
      ? {}
      : { data: Object.fromEntries(Object.entries(data).map(([key, text]) => [nameFacts(key), dataFacts(kind, key, text)])) }),
    ...(kind === 'Node' ? { addresses: toFacts(status?.addresses) } : {}),
    ...Object.fromEntries(Object.entries(rest).map(([field, value]) => [field, toFacts(value)])),
  };
}

/** Makes texts of two clusters comparable: authorities by name, networks of nodes and of the lab without their numbers. */
function neutralObjects(text: string, authorities: AuthorityNames): string {
  let result = neutral(text).replaceAll(/\b10\.244\.\d+\.\d+\/24/g, '10.244.x.0/24');
  for (const [pem, name] of authorities) {
    const base64 = Buffer.from(`${pem}\n`, 'utf8').toString('base64');
    result = result.replaceAll(JSON.stringify(pem).slice(1, -1), name).replaceAll(base64, name);
  }
  return result;
}

/** Objects of `kubectl get … -o json` as facts, by kind, namespace and name. */
export function objectsFacts(json: string, authorities: AuthorityNames): Facts {
  const { items } = JSON.parse(neutralObjects(json, authorities)) as { readonly items: readonly ReadObject[] };
  return Object.fromEntries(
    items
      .filter((object) => !isOthers(object))
      .map((object) => {
        const { namespace, name } = object.metadata;
        const path = [...(namespace === undefined ? [] : [namespace]), nameFacts(name)].join('/');
        return [`${object.kind} ${path}`, objectFacts(object)];
      }),
  );
}
