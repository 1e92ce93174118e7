import type { ErrorCode } from './codes.js';
import type { Explanation } from './explanation.js';

/** Failures around machines that come with a token, and around clusters that others made. */
export const JOINING_EXPLANATIONS = {
  TOKEN_REFUSED: {
    meaning:
      'kbs join found the cluster, and the cluster does not know the bootstrap token, or knows another secret half for it. Nothing was changed on this machine.',
    causes: [
      'The token has expired: it lives for 24 hours unless it was made with another --ttl',
      'A part of the token was not copied',
      'A token of another cluster',
      'The token was made without one of its usages, signing and authentication',
    ],
    actions: [
      'Make a new one on a control plane: kbs token create --print-join-command, or kubeadm token create --print-join-command',
      'See which there are: kbs token list',
    ],
  },
  ADOPT_REFUSED: {
    meaning:
      'kbs adopt read a cluster that kubeadm made, and something of it is so that kbs could not look after it without breaking it. Nothing was changed.',
    causes: [
      'Another minor version of Kubernetes, or an upgrade that is half done',
      'A container runtime, service proxy or address family kbs does not work with yet',
      'Certificates or ports elsewhere than kubeadm has them by default',
      'A machine at the address of a node that is not this node',
    ],
    actions: ['Read the details: each names one reason', 'Change what can be changed with kubeadm, then run kbs adopt again'],
  },
  CERTIFICATE_KEY_REFUSED: {
    meaning:
      'The cluster keeps encrypted copies of its authorities for two hours, for control planes that join, and the certificate key that was given does not open them. Nothing was changed on this machine.',
    causes: [
      'The certificates were uploaded again since: each upload has a key of its own',
      'A part of the key was not copied',
      'A key of another cluster',
    ],
    actions: [
      'Upload them again on a control plane: kbs token create --upload-certs --print-join-command, or kubeadm init phase upload-certs --upload-certs',
    ],
  },
  DISCOVERY_UNTRUSTED: {
    meaning:
      'What answers at the endpoint did not prove to be the cluster that was meant: its CA is another one than the hash says, or its certificate is not valid for the endpoint. Nothing was changed on this machine.',
    causes: [
      'The hash of another cluster, or of this one before it was made anew',
      'The endpoint is a name or address that the API server’s certificate does not hold',
      'Somebody stands in between',
    ],
    actions: [
      'Take endpoint, token and hash from one line: kbs token create --print-join-command on a control plane',
      'Use another name or address of the API, or add this one to spec.apiServer.certSANs',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>;
