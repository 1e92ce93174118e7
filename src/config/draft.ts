import { ENDPOINT_PROVIDERS, type EndpointProvider } from './checks/endpoint.js';
import { parseIpv4, parseSubnet, type Subnet } from './checks/address.js';
import { valueAt, type DocumentPath } from './document-path.js';

/** A value of the right form with its place in the document. */
export interface Placed<Value> {
  readonly value: Value;
  readonly path: DocumentPath;
}

/** What the checks across fields need of one host; undefined: absent or of the wrong form, which the schema reports. */
export interface DraftHost {
  readonly path: DocumentPath;
  readonly name: Placed<string> | undefined;
  readonly address: Placed<string> | undefined;
  readonly sshTarget: Placed<string> | undefined;
  readonly isControlPlane: boolean | undefined;
  readonly isWorker: boolean | undefined;
  readonly isEtcd: boolean | undefined;
}

/** A document that may be wrong in places, read as far as it is right: so that one run shows every problem. */
export interface Draft {
  /** undefined: there is no list of hosts. */
  readonly hosts: readonly DraftHost[] | undefined;
  readonly podSubnet: Placed<Subnet> | undefined;
  readonly serviceSubnet: Placed<Subnet> | undefined;
  readonly endpoint: Placed<string> | undefined;
  /** Present, whatever its form. */
  readonly hasEndpoint: boolean;
  /** What the endpoint is made by; the default where nothing is said, undefined for what is none. */
  readonly provider: EndpointProvider | undefined;
  /** Any value of the document, whatever its form. */
  readonly at: (...path: (string | number)[]) => unknown;
}

function textAt(document: unknown, path: DocumentPath): Placed<string> | undefined {
  const value = valueAt(document, path);
  return typeof value === 'string' ? { value, path } : undefined;
}

function subnetAt(document: unknown, path: DocumentPath, standard: string): Placed<Subnet> | undefined {
  const value = valueAt(document, path) ?? standard;
  const subnet = typeof value === 'string' ? parseSubnet(value) : undefined;
  return subnet === undefined ? undefined : { value: subnet, path };
}

function hasRole(roles: unknown, role: string): boolean | undefined {
  if (roles === undefined) return role === 'worker';
  return Array.isArray(roles) ? roles.includes(role) : undefined;
}

/** Address, port and way of a host's sshd in one text: equal for hosts that are the same machine to SSH. */
function sshTargetAt(document: unknown, path: DocumentPath): Placed<string> | undefined {
  const target = textAt(document, [...path, 'sshAddress']) ?? textAt(document, [...path, 'address']);
  if (target === undefined) return undefined;
  const setting = (...field: string[]): unknown =>
    valueAt(document, [...path, 'ssh', ...field]) ?? valueAt(document, ['spec', 'ssh', ...field]);
  const bastion = setting('bastion', 'address');
  const way = typeof bastion === 'string' ? ` via ${bastion}` : '';
  return { value: `${target.value} port ${JSON.stringify(setting('port') ?? 22)}${way}`, path: target.path };
}

function draftHost(document: unknown, index: number): DraftHost {
  const path = ['spec', 'hosts', index];
  const roles = valueAt(document, [...path, 'roles']);
  const address = textAt(document, [...path, 'address']);
  return {
    path,
    name: textAt(document, [...path, 'name']),
    address: address !== undefined && parseIpv4(address.value) === undefined ? undefined : address,
    sshTarget: sshTargetAt(document, path),
    isControlPlane: hasRole(roles, 'control-plane'),
    isWorker: hasRole(roles, 'worker'),
    isEtcd: hasRole(roles, 'etcd'),
  };
}

/** Reads of a document what is of the right form. */
export function draftOf(document: unknown): Draft {
  const hosts = valueAt(document, ['spec', 'hosts']);
  const endpoint = ['spec', 'controlPlaneEndpoint'];
  return {
    hosts: Array.isArray(hosts) ? hosts.map((_, index) => draftHost(document, index)) : undefined,
    podSubnet: subnetAt(document, ['spec', 'network', 'podSubnet'], '10.244.0.0/16'),
    serviceSubnet: subnetAt(document, ['spec', 'network', 'serviceSubnet'], '10.96.0.0/12'),
    endpoint: textAt(document, [...endpoint, 'host']),
    hasEndpoint: valueAt(document, endpoint) !== undefined,
    provider: ENDPOINT_PROVIDERS.find((name) => name === (valueAt(document, [...endpoint, 'provider']) ?? 'external')),
    at: (...path) => valueAt(document, path),
  };
}
