/** What the code table says of one kind of failure. */
export interface ErrorKind {
  /** Process exit code. The meaning of each number is documented in README.md. */
  readonly exit: number;
  /** One line in plain words, shown by `kbs explain` and in JSON output. */
  readonly title: string;
  /** Whether the same action may succeed when it is simply tried again. */
  readonly retryable: boolean;
}

/** Every error code kbs can end with. Codes are stable: users and CI match on them. */
export const ERROR_KINDS = {
  INTERNAL: { exit: 1, title: 'a bug in kbs', retryable: false },
  USAGE: { exit: 2, title: 'wrong flags or arguments', retryable: false },
  CONFIG_INVALID: { exit: 3, title: 'the cluster file is invalid', retryable: false },
  CONFIG_NOT_FOUND: { exit: 3, title: 'the cluster file cannot be read', retryable: false },
  PREFLIGHT_FAILED: { exit: 4, title: 'a host is not ready for Kubernetes', retryable: false },
  ETCD_QUORUM: { exit: 4, title: 'etcd would be left without a safe quorum', retryable: false },
  SSH_UNREACHABLE: { exit: 5, title: 'a host cannot be reached', retryable: true },
  SSH_AUTH: { exit: 5, title: 'a host does not accept the login', retryable: false },
  SSH_HOST_KEY: { exit: 5, title: 'the host key is unknown or has changed', retryable: false },
  SSH_LOST: { exit: 5, title: 'the connection broke', retryable: true },
  SSH_KEY: { exit: 5, title: 'a private key cannot be used', retryable: false },
  TOKEN_REFUSED: { exit: 5, title: 'the cluster does not accept the bootstrap token', retryable: false },
  CERTIFICATE_KEY_REFUSED: { exit: 5, title: 'the certificate key does not open the uploaded certificates', retryable: false },
  DISCOVERY_UNTRUSTED: { exit: 5, title: 'the cluster is not proven to be the one meant', retryable: false },
  SUDO_DENIED: { exit: 5, title: 'the login user may not become root', retryable: false },
  TIMEOUT: { exit: 6, title: 'a command did not end in time', retryable: false },
  REMOTE_COMMAND: { exit: 6, title: 'a command failed on a host', retryable: false },
  FILE_WRITE: { exit: 6, title: 'a file could not be written', retryable: false },
  FILE_READ: { exit: 6, title: 'a file could not be read', retryable: false },
  KUBE_API: { exit: 6, title: 'the Kubernetes API refused a request', retryable: false },
  KUBE_UNREACHABLE: { exit: 6, title: 'the Kubernetes API does not answer', retryable: true },
  ETCD_UNREACHABLE: { exit: 6, title: 'etcd does not answer', retryable: true },
  ETCD_REFUSED: { exit: 6, title: 'etcd refused a request', retryable: false },
  CLUSTER_LOCKED: { exit: 6, title: 'another kbs is working on this cluster', retryable: false },
  STEP_MISSING: { exit: 6, title: 'an earlier phase has to run first', retryable: false },
  PKI_INVALID: { exit: 6, title: 'certificates or keys cannot be used', retryable: false },
  ADOPT_REFUSED: { exit: 4, title: 'the cluster cannot be taken over', retryable: false },
  VERIFY_FAILED: { exit: 7, title: 'changed, but not healthy', retryable: false },
  WAIT_TIMEOUT: { exit: 7, title: 'did not become ready in time', retryable: false },
  DRAIN_BLOCKED: { exit: 7, title: 'pods could not be taken off a node', retryable: false },
  ENDPOINT_UNREACHABLE: { exit: 7, title: 'a host does not reach the control-plane endpoint', retryable: false },
  RUNTIME_CHANGE_STOPPED: { exit: 7, title: 'a node does not work with its new container runtime', retryable: false },
  PROOF_FAILED: { exit: 7, title: 'the cluster does not carry traffic', retryable: false },
  ARTIFACT_MISSING: { exit: 8, title: 'an artifact cannot be had', retryable: false },
  ARTIFACT_DOWNLOAD: { exit: 8, title: 'a download failed', retryable: true },
  BUNDLE_DIGEST: { exit: 8, title: 'an artifact has the wrong digest', retryable: false },
  CHANGES_PENDING: { exit: 9, title: 'changes are pending', retryable: false },
  CONFIRMATION_NEEDED: { exit: 2, title: 'a destructive command needs a yes', retryable: false },
  CANCELLED: { exit: 130, title: 'cancelled', retryable: false },
} as const satisfies Record<string, ErrorKind>;

/** A stable identifier of one kind of failure. */
export type ErrorCode = keyof typeof ERROR_KINDS;
