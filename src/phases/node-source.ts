import type { ClusterSpec } from '../config/index.js';
import { mergeFields } from '../render/index.js';
import type { Secret } from '../secret/index.js';
import { printYaml } from '../yaml/index.js';
import { CLUSTER_NAME, nodeAccess } from './access.js';
import type { NodeSource, PkiSource } from './context.js';
import { kubeletConfigText, resolverFields } from './kubelet/index.js';

/** Nodes of a cluster file: kbs has the authorities and signs their certificates itself. */
export function signedNodeSource(spec: ClusterSpec, pki: PkiSource): NodeSource {
  return {
    async entry() {
      const { ca } = await pki.shared();
      return { access: nodeAccess(spec, ca.certificate), identity: { kind: 'signed', ca } };
    },
    kubeletConfig: (host) => kubeletConfigText(spec, host),
  };
}

/** What a cluster tells a node that comes with a token. */
export interface TokenNodeInput {
  /** `https://host:port` */
  readonly server: string;
  /** CA certificate, PEM. */
  readonly caCertificate: string;
  readonly token: Secret;
  /** KubeletConfiguration of ConfigMap kubelet-config. */
  readonly kubeletConfig: Readonly<Record<string, unknown>>;
  /** Fields of it that are other on this node. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

/** A node of a cluster that kbs has no keys of: the kubelet gets its certificate with a bootstrap token, its configuration from the cluster. */
export function tokenNodeSource({ server, caCertificate, token, kubeletConfig, overrides }: TokenNodeInput): NodeSource {
  return {
    entry: async () => ({
      access: { clusterName: CLUSTER_NAME, server, caCertificate },
      identity: { kind: 'bootstrap-token', token },
    }),
    kubeletConfig: (host) => printYaml(mergeFields({ ...resolverFields(host), ...kubeletConfig }, overrides)),
  };
}
