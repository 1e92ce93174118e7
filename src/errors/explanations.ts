import type { ErrorCode } from './codes.js';
import type { Explanation } from './explanation.js';
import { HOST_EXPLANATIONS } from './host-explanations.js';
import { JOINING_EXPLANATIONS } from './joining-explanations.js';
import { MEMBERSHIP_EXPLANATIONS } from './membership-explanations.js';

/** The texts of `kbs explain`. */
export const EXPLANATIONS: Readonly<Record<ErrorCode, Explanation>> = {
  ...HOST_EXPLANATIONS,
  ...JOINING_EXPLANATIONS,
  ...MEMBERSHIP_EXPLANATIONS,
  INTERNAL: {
    meaning: 'Something happened that kbs was not written for. The hosts are as the last finished step left them.',
    causes: ['A bug in kbs'],
    actions: [
      'Run the same command again: every step is safe to repeat',
      'Report it with the last lines of the run log, which hold the stack; secrets are already taken out of it',
    ],
  },
  USAGE: {
    meaning: 'The flags or arguments do not go together, or one has a value that cannot be used. Nothing was done.',
    causes: ['A typo', 'A flag that this command does not have', 'A host name that is not in the cluster file'],
    actions: ['Add --help to the command: it shows every flag with examples'],
  },
  CONFIG_INVALID: {
    meaning: 'The cluster file breaks at least one rule. All problems are listed, each with file, line and column. No host was touched.',
    causes: [
      'A key that does not exist (the nearest known key is suggested)',
      'Two hosts with one address',
      'Subnets that overlap',
      'A version outside v1.25',
    ],
    actions: [
      'Correct the lines named, then: kbs config validate -f cluster.yaml',
      'Let the editor complete and check the file: kbs config schema > cluster.schema.json',
      'See what the file means with all defaults: kbs config show -f cluster.yaml',
    ],
  },
  CONFIG_NOT_FOUND: {
    meaning: 'The cluster file does not exist or may not be read.',
    causes: ['Another working directory than expected', 'File permissions'],
    actions: ['Check the path given with -f', 'Begin a new file: kbs config init > cluster.yaml'],
  },
  PREFLIGHT_FAILED: {
    meaning:
      'At least one host cannot become a node as it is. All checks of all hosts ran and each failed one is listed; no host was changed.',
    causes: [
      'Swap is on',
      'A port is taken, often by a control plane that was there before',
      'The kernel lacks a feature',
      'Clocks differ',
      'Too little disk or memory',
      'Remains of another installation',
    ],
    actions: [
      'Do what stands under "Try:" on the host named, then run the command again',
      'Accept a finding you know to be harmless by its name: --ignore-preflight Swap,Memory',
    ],
  },
  KUBE_API: {
    meaning: 'The API server answered and refused: the request was wrong, forbidden, or in conflict.',
    causes: ['An admission webhook that refuses', 'A field that somebody else manages', 'An expired or foreign certificate'],
    actions: [
      'Read the API server’s message in the error',
      'Check the webhooks: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations',
    ],
  },
  KUBE_UNREACHABLE: {
    meaning: 'The API server does not answer, or not yet.',
    causes: [
      'It still starts',
      'etcd has no quorum',
      'The control-plane endpoint points elsewhere',
      'A certificate does not fit the address',
    ],
    actions: [
      'On a control plane: crictl ps -a --name kube-apiserver; crictl logs CONTAINER',
      'And below it: crictl logs $(crictl ps -aq --name etcd | head -1)',
      'Check that the endpoint leads to port 6443 of a control plane',
    ],
  },
  CLUSTER_LOCKED: {
    meaning: 'Another kbs is changing this cluster; two at a time would undo each other’s work.',
    causes: ['A colleague or a CI job', 'A kbs that was killed: its lock ends by itself after the time shown'],
    actions: ['Wait for it: the error says who, from where, since when', 'Look at the run log on that machine'],
  },
  STEP_MISSING: {
    meaning: 'A phase needs what an earlier phase makes, and that one has not run in this run.',
    causes: ['--phase or --skip-phase left it out'],
    actions: ['Run the phase named first, or the whole operation'],
  },
  PKI_INVALID: {
    meaning: 'Certificates or keys of the cluster that are already there cannot be used: damaged, expired, or not belonging together.',
    causes: ['A certificate and a key of different pairs, after a copy by hand', 'A CA that expired', 'A file cut short'],
    actions: [
      'Look at the file named: openssl x509 -noout -subject -dates -in FILE',
      'Compare pairs: openssl x509 -noout -pubkey -in FILE.crt; openssl pkey -pubout -in FILE.key',
      'Put the right files back from a backup; kbs makes leaf certificates anew, never a CA that is in use',
    ],
  },
  VERIFY_FAILED: {
    meaning: 'A change was made, and looking again showed that it did not take effect.',
    causes: [
      'Another tool changes the same thing (configuration management, a later file in sysctl.d)',
      'A unit that starts and fails at once',
    ],
    actions: [
      'Follow "Try:"; for units: systemctl status UNIT; journalctl -u UNIT -n 50',
      'Run kbs again once the other tool leaves it alone',
    ],
  },
  WAIT_TIMEOUT: {
    meaning: 'Something that has to become ready did not in the time it has. The error says what was seen last.',
    causes: [
      'An image that cannot be pulled or imported',
      'A container that crashes',
      'A slow disk under etcd',
      'No network between hosts',
    ],
    actions: [
      'On the host named: journalctl -u kubelet -n 50; crictl ps -a',
      'Run the same command again: it waits again without repeating what is done',
    ],
  },
  ENDPOINT_UNREACHABLE: {
    meaning: 'The API servers answer, but not through the control-plane endpoint as this host sees it, where its kubelet looks for them.',
    causes: [
      'A load balancer or DNS name of your own (provider: external) that does not lead there, or a name the certificate does not have',
      'keepalived: VRRP (IP protocol 112) is blocked, or another group has the same virtualRouterId; kube-vip: the address may not move',
      'local-lb: the node has no pod local-lb, or may not reach port 6443 of the control planes',
    ],
    actions: ['On the host named, do what stands under "Try:"', 'Correct controlPlaneEndpoint, then run the same command again'],
  },
  PROOF_FAILED: {
    meaning:
      'The cluster is up, but a proof failed: pods do not reach each other, names are not resolved, a node is not ready, or kbs verify found something else red. The message names the edge: who does not reach whom.',
    causes: [
      'A firewall between the hosts drops the overlay (vxlan: UDP 8472)',
      'Another subnet uses the pod subnet’s addresses',
      'CoreDNS does not run',
      'The wrong interface was taken for the overlay',
      'All edges from one host to services: kube-proxy does not run there',
      'Only long packets get lost: the MTU of the pods is larger than what the path between the hosts carries',
      'resolv.conf of pods is red: clusterDNS in that host’s kubelet configuration is not the address of the name server',
    ],
    actions: [
      'See which row is red in the table',
      'Look at everything, one row for each edge: kbs verify -f CLUSTER_FILE',
      'On both hosts of that row: tcpdump -ni any udp port 8472',
      'kubectl -n kube-system get pods -o wide; kubectl -n kube-flannel get pods -o wide',
    ],
  },
  ARTIFACT_MISSING: {
    meaning: 'A file that has to be installed is not where it should come from: upstream, mirror or bundle.',
    causes: ['An incomplete mirror or bundle', 'A version that does not exist', 'An architecture for which there is no file'],
    actions: ['Compare with the path in the error: mirrors keep the layout of the official URLs', 'Check versions in the cluster file'],
  },
  ARTIFACT_DOWNLOAD: {
    meaning: 'A download was begun and failed; it was tried several times.',
    causes: ['No route to the internet', 'A proxy that is needed (HTTPS_PROXY) or in the way', 'The mirror went away'],
    actions: ['Try the URL by hand: curl -fI URL', 'Run again: what is complete is kept and not fetched twice'],
  },
  BUNDLE_DIGEST: {
    meaning: 'A file does not have the sha256 it must have. It was not put on any host.',
    causes: ['A damaged download or copy', 'A mirror with files of its own but without its own checksum list', 'Somebody tampered with it'],
    actions: ['Fetch the file anew', 'For a mirror with own builds: artifacts.checksums names its checksum list'],
  },
  CHANGES_PENDING: {
    meaning: 'kbs plan --exit-code found that apply would change something. This is an answer, not a failure.',
    causes: ['The cluster file changed', 'A host was changed by somebody else', 'The cluster has not been made yet'],
    actions: ['Read the plan', 'Make it so: kbs apply -f cluster.yaml'],
  },
  CONFIRMATION_NEEDED: {
    meaning: 'The command destroys something and there is no terminal to ask for a yes. Nothing was done.',
    causes: ['It runs in CI or from a script'],
    actions: ['Add --yes when you mean it'],
  },
  CANCELLED: {
    meaning: 'You, or a signal, stopped the run. Steps that were running finished first; nothing new was started.',
    causes: ['Ctrl-C (exit code 130)', 'SIGTERM, as from a CI job that ran out of time (143)', 'No as the answer to a question'],
    actions: ['Run the same command again: it goes on where it was cancelled', 'Or take the hosts back: kbs reset -f cluster.yaml'],
  },
};
