import type { ClusterSpec } from '../config/index.js';
import { mergeFields } from '../render/index.js';
import type { KeyPair } from '../pki/index.js';
import type { Secret } from '../secret/index.js';
import { printYaml } from '../yaml/index.js';
import { CLUSTER_NAME, nodeAccess } from './access.js';
import type { NodeIdentity, NodeSource, PkiSource } from './context.js';
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

/** What a cluster tells a new node. */
export interface JoiningNodeInput {
  /** `https://host:port` */
  readonly server: string;
  /** CA certificate, PEM. */
  readonly caCertificate: string;
  /** KubeletConfiguration of ConfigMap kubelet-config. */
  readonly kubeletConfig: Readonly<Record<string, unknown>>;
  /** Fields of it that are other on this node. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

function joiningNodeSource(input: JoiningNodeInput, identity: NodeIdentity): NodeSource {
  const { server, caCertificate, kubeletConfig, overrides } = input;
  return {
    entry: () => Promise.resolve({ access: { clusterName: CLUSTER_NAME, server, caCertificate }, identity }),
    kubeletConfig: (host) => printYaml(mergeFields({ ...resolverFields(host), ...kubeletConfig }, overrides)),
  };
}

/** A node of a cluster that kbs has no keys of: the kubelet gets its certificate with a bootstrap token, its configuration from the cluster. */
export function tokenNodeSource(input: JoiningNodeInput & { readonly token: Secret }): NodeSource {
  return joiningNodeSource(input, { kind: 'bootstrap-token', token: input.token });
}

/** A control plane that got the cluster's authorities from the cluster: they sign its kubelet's certificate, too. */
export function uploadedNodeSource(input: JoiningNodeInput & { readonly ca: KeyPair }): NodeSource {
  return joiningNodeSource(input, { kind: 'signed', ca: input.ca });
}
