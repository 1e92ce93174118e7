import type { JoinWords } from '../operations/index.js';
import type { Session } from '../ui/index.js';

/** How to go on after `kbs init` on this machine: the cluster's kubeconfig, and the command for further machines. */
export function joinWordsText({ command, endpoint, caCertHashes }: JoinWords, { style }: Session): string {
  const joining =
    command === undefined
      ? [
          `Further machines join ${endpoint} with --discovery-token-ca-cert-hash ${caCertHashes.join(' ')}`,
          '',
          '  kbs token create --print-join-command',
        ]
      : ['Further machines join as root with', '', `  ${style.bold(command)}`];
  return ['To use the cluster', '', '  export KUBECONFIG=/etc/kubernetes/admin.conf', '', ...joining].join('\n');
}
