import { ANYTHING, type Deviation } from '../support/comparison/index.js';

const identity = (host: string): string => `hosts › ${host} › /var/lib/kubelet/pki/kubelet-client-<time>.pem › content`;
const IDENTITY = identity('cp1');
const KUBELET_CONF = 'hosts › w1 › /etc/kubernetes/kubelet.conf › content';

const WITHOUT_BOOTSTRAP =
  'kbs signs the node’s certificate with the cluster’s CA before the kubelet starts, as `kubeadm init` does on a control plane: no token, no signing request to wait for. ' +
  'Valid since its CA is what kubeadm gives its first control plane; from the first renewal on both sides have the same.';

const KEY_OF_KUBELETS =
  'The first control plane gets an RSA key of `kubeadm init`. All other nodes of kubeadm, control planes too, have an EC key their kubelet made, and so has the first one from its first renewal on: kbs gives every node the same.';

const ONE_KUBELET_CONF =
  'Written as `kubeadm init` writes it on a control plane, so that all nodes have the same. After `kubeadm join` the kubelet writes it during its bootstrap, and names the entries so. ' +
  'Server, CA and certificate file are the same; what a kubeconfig comes to is compared on its own.';

const TOKENS_ON_DEMAND =
  '`kubeadm init` leaves a token behind with which any machine can become a node for 24 hours. kbs needs none to join, and makes none unless asked: the controller manager signs cluster-info when there is one.';

export const ASKED_EVERY_SECOND =
  'Asked every 10 s, a CoreDNS that is not ready at the first question gets no traffic for 10 s more, at every start. Every second it does within one; it is taken out after 10 s without an answer. ' +
  'What kubeadm or anybody else has set in a cluster stays.';

const PROBE_OF_COREDNS = 'objects › Deployment kube-system/coredns › spec › template › spec › containers › coredns › readinessProbe';

/**
 * Every difference between a cluster kubeadm v1.25.0 makes and one kbs makes of the same inputs, with the reason why it stays.
 * A difference that is not here fails the test, and so does an entry that no difference answers to.
 */
export const REVIEWED_DIFFERENCES: readonly Deviation[] = [
  {
    place: 'hosts › cp1 › /var/lib/etcd › entry',
    kubeadm: 'd 755 0:0',
    kbs: 'd 700 0:0',
    reason: 'The folder was there before, as a mount point. kubeadm leaves the mode of an existing folder; CIS 1.1.11 asks for 700.',
  },
  {
    place: 'hosts › * › /var/lib/kubelet/kubeadm-flags.env › content › KUBELET_KUBEADM_ARGS › --node-ip',
    kbs: ANYTHING,
    reason:
      'The cluster file names an address for every host; without the flag a kubelet on several networks takes that of the default route.',
  },
  {
    place: 'hosts › w1 › /etc/kubernetes/manifests',
    kbs: { entry: 'd 700 0:0' },
    reason:
      'The kubelet’s packages bring this folder, kbs has none: the kubelet’s configuration names it, and it complains every 20 s without it.',
  },
  { place: `${KUBELET_CONF} › clusters › default-cluster`, kubeadm: ANYTHING, reason: ONE_KUBELET_CONF },
  { place: `${KUBELET_CONF} › clusters › kubernetes`, kbs: ANYTHING, reason: ONE_KUBELET_CONF },
  { place: `${KUBELET_CONF} › contexts › default-context`, kubeadm: ANYTHING, reason: ONE_KUBELET_CONF },
  { place: `${KUBELET_CONF} › contexts › system:node:w1@kubernetes`, kbs: ANYTHING, reason: ONE_KUBELET_CONF },
  {
    place: `${KUBELET_CONF} › current-context`,
    kubeadm: 'default-context',
    kbs: 'system:node:w1@kubernetes',
    reason: ONE_KUBELET_CONF,
  },
  { place: `${KUBELET_CONF} › users › default-auth`, kubeadm: ANYTHING, reason: ONE_KUBELET_CONF },
  { place: `${KUBELET_CONF} › users › system:node:w1`, kbs: ANYTHING, reason: ONE_KUBELET_CONF },
  { place: `${identity('w1')} › 1. certificate › valid since`, kubeadm: 'it was issued', kbs: 'its CA is', reason: WITHOUT_BOOTSTRAP },
  { place: `${IDENTITY} › 1. certificate › key › type`, kubeadm: 'rsa', kbs: 'ec', reason: KEY_OF_KUBELETS },
  { place: `${IDENTITY} › 1. certificate › key › curve`, kbs: 'prime256v1', reason: KEY_OF_KUBELETS },
  { place: `${IDENTITY} › 1. certificate › key › bits`, kubeadm: 2048, reason: KEY_OF_KUBELETS },
  { place: `${IDENTITY} › 1. certificate › key › exponent`, kubeadm: 65537, reason: KEY_OF_KUBELETS },
  { place: `${IDENTITY} › 2. private key › label`, kubeadm: 'RSA PRIVATE KEY', kbs: 'EC PRIVATE KEY', reason: KEY_OF_KUBELETS },
  { place: `${IDENTITY} › 2. private key › type`, kubeadm: 'rsa', kbs: 'ec', reason: KEY_OF_KUBELETS },
  { place: `${IDENTITY} › 2. private key › curve`, kbs: 'prime256v1', reason: KEY_OF_KUBELETS },
  { place: `${IDENTITY} › 2. private key › bits`, kubeadm: 2048, reason: KEY_OF_KUBELETS },
  { place: `${IDENTITY} › 2. private key › exponent`, kubeadm: 65537, reason: KEY_OF_KUBELETS },
  { place: 'objects › ConfigMap kube-public/cluster-info › data › jws-kubeconfig-<id>', kubeadm: '<signature>', reason: TOKENS_ON_DEMAND },
  {
    place: 'objects › ConfigMap kube-system/kubeadm-config › annotations › kbs.dev/pod-network',
    kbs: ANYTHING,
    reason:
      'A machine that joins with a token may read this ConfigMap and little else: so it knows which images and CNI configuration it needs before its kubelet starts. kubeadm has no pod network.',
  },
  { place: `${PROBE_OF_COREDNS} › periodSeconds`, kubeadm: 10, kbs: 1, reason: ASKED_EVERY_SECOND },
  { place: `${PROBE_OF_COREDNS} › failureThreshold`, kubeadm: 3, kbs: 10, reason: ASKED_EVERY_SECOND },
  { place: 'objects › Secret kube-system/bootstrap-token-<id>', kubeadm: ANYTHING, reason: TOKENS_ON_DEMAND },
];
