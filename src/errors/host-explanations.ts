import type { ErrorCode } from './codes.js';
import type { Explanation } from './explanation.js';

/** Failures on the way to a host, and of commands and files on it. */
export const HOST_EXPLANATIONS = {
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
} as const satisfies Partial<Record<ErrorCode, Explanation>>;
