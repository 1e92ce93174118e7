import type { ErrorCode } from './codes.js';
import type { Explanation } from './explanation.js';
import { MEMBERSHIP_EXPLANATIONS } from './membership-explanations.js';

/** The texts of `kbs explain`. */
export const EXPLANATIONS: Readonly<Record<ErrorCode, Explanation>> = {
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
  SSH_UNREACHABLE: {
    meaning: 'No SSH connection to the host came about.',
    causes: ['Wrong address or port', 'The host is off or still boots', 'A firewall', 'sshd does not run', 'The jump host cannot reach it'],
    actions: [
      'Try it by hand with the same user, port and key: ssh -p PORT USER@ADDRESS true',
      'Hosts that boot slowly: raise spec.ssh.connectTimeoutSeconds',
      'Check spec.ssh.bastion and the host’s ssh.port in the cluster file',
    ],
  },
  SSH_AUTH: {
    meaning: 'The host answered, and refused the login with every key that kbs could offer.',
    causes: [
      'The public key is not in authorized_keys of that user',
      'Another user than expected',
      'The agent holds too many keys and sshd stops listening',
      'Root login is forbidden',
    ],
    actions: [
      'Copy the key: ssh-copy-id -i KEY.pub USER@ADDRESS',
      'Name user and key: spec.ssh.user and spec.ssh.identityFile',
      'Ask sshd why, on the host: journalctl -u ssh -n 20',
    ],
  },
  SSH_HOST_KEY: {
    meaning: 'The host showed a key that is not in known_hosts (unknown) or not the one that is there (changed). kbs trusts neither.',
    causes: [
      'First contact with this host',
      'The host was installed anew',
      'Another machine has the address now',
      'Somebody stands in between',
    ],
    actions: [
      'Compare the fingerprint shown with the one on the host’s console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
      'Unknown and correct: run the command under "Try:", or add --accept-new-host-keys',
      'Changed and you know why: ssh-keygen -R ADDRESS, then accept the new one',
    ],
  },
  SSH_LOST: {
    meaning: 'The connection broke while a command ran, so its outcome is not known. Reads were tried again; changes never are.',
    causes: ['The host rebooted or ran out of memory', 'A firewall dropped the connection', 'The network was reconfigured'],
    actions: ['Run the same command again: it looks at what is there and goes on'],
  },
  SSH_KEY: {
    meaning: 'A private key could not be used on this machine; the host was not even asked.',
    causes: [
      'The file does not exist',
      'A wrong passphrase, or none because there is no terminal',
      'A format that is no private key (the .pub file, a PuTTY key)',
    ],
    actions: ['Check it: ssh-keygen -y -f KEY', 'Without a terminal put the key into an agent: ssh-add KEY'],
  },
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
  SUDO_DENIED: {
    meaning: 'The login worked, but that user may not become root. kbs works as root on its hosts.',
    causes: ['The user is not in sudoers', 'sudo wants a password and none was given', 'sudo is not installed'],
    actions: [
      'See what is allowed, on the host: sudo -l',
      'Let kbs ask for the password: run it on a terminal',
      'Or log in as root: spec.ssh.user: root',
    ],
  },
  TIMEOUT: {
    meaning: 'A command or a step did not end in the time it has. The command was ended on the host.',
    causes: [
      'A host under heavy load or with a slow disk',
      'A package manager that waits for another one’s lock',
      'A network file system that hangs',
    ],
    actions: ['Look at the host: uptime; ps -ef --sort=start_time | tail', 'Run the same command again: it goes on where it was'],
  },
  REMOTE_COMMAND: {
    meaning: 'A command on a host ended with an exit code other than 0. Its output is in the error.',
    causes: ['What the output says', 'A missing program', 'A read-only or full file system'],
    actions: ['Run the command shown on the host by hand', 'Run kbs again once the cause is gone'],
  },
  FILE_WRITE: {
    meaning: 'A file could not be put in its place. Files are written beside the old one and renamed, so the old one is whole.',
    causes: ['The disk is full (df -h; df -i)', 'The file system is read-only', 'The file is immutable (lsattr)'],
    actions: ['Make room or remount, then run the same command again'],
  },
  FILE_READ: {
    meaning: 'A file is there but cannot be read, or is not what it should be.',
    causes: ['Permissions', 'A damaged disk', 'Somebody changed the file by hand and broke its syntax'],
    actions: ['Look at the file named', 'Run kbs plan: it shows how files differ from what kbs would write'],
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
