import { BOOTSTRAP_TOKENS, NAMESPACES } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';
import type { BootstrapToken } from '../../pki/index.js';

/** Group of whoever comes with a bootstrap token. Source: kubeadm v1.25 constants.go. */
export const JOINING_NODES_GROUP = 'system:bootstrappers:kubeadm:default-node-token';

/** How a bootstrap token is stored. */
export interface BootstrapTokenInput {
  readonly token: BootstrapToken;
  readonly description: string;
  /** undefined: never. */
  readonly expires: Date | undefined;
}

/** The Secret that makes a bootstrap token valid, with both usages. Source: kubeadm v1.25 bootstraptoken/v1. */
export function bootstrapTokenSecret(input: BootstrapTokenInput): KubeObject {
  return configuredTokenSecret(input, {
    'auth-extra-groups': JOINING_NODES_GROUP,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
  });
}

/** The Secret of a bootstrap token. @param uses what the token is good for, in the Secret's own keys */
export function configuredTokenSecret(
  { token, description, expires }: BootstrapTokenInput,
  uses: Readonly<Record<string, string>>,
): KubeObject {
  const data: Readonly<Record<string, string>> = {
    ...uses,
    description,
    // Whole seconds, as Go's RFC 3339.
    ...(expires === undefined ? {} : { expiration: expires.toISOString().replace(/\.\d+Z$/, 'Z') }),
    'token-id': token.id,
    'token-secret': token.secret.reveal(),
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${BOOTSTRAP_TOKENS.secretPrefix}${token.id}`, namespace: NAMESPACES.system },
    type: BOOTSTRAP_TOKENS.secretType,
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')])),
  };
}
