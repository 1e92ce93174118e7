import { NAMESPACES } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';
import type { BootstrapToken } from '../../pki/index.js';

/** Group of whoever comes with a bootstrap token. Source: kubeadm v1.25 constants.go. */
const GROUP = 'system:bootstrappers:kubeadm:default-node-token';

/** How a bootstrap token is stored. */
export interface BootstrapTokenInput {
  readonly token: BootstrapToken;
  readonly description: string;
  /** undefined: never. */
  readonly expires: Date | undefined;
}

/** The Secret that makes a bootstrap token valid, with both usages. Source: kubeadm v1.25 bootstraptoken/v1. */
export function bootstrapTokenSecret({ token, description, expires }: BootstrapTokenInput): KubeObject {
  const data: Readonly<Record<string, string>> = {
    'auth-extra-groups': GROUP,
    description,
    // Whole seconds, as Go's RFC 3339.
    ...(expires === undefined ? {} : { expiration: expires.toISOString().replace(/\.\d+Z$/, 'Z') }),
    'token-id': token.id,
    'token-secret': token.secret.reveal(),
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${token.id}`, namespace: NAMESPACES.system },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')])),
  };
}
