import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { Flags } from '@oclif/core';
import { KbsError, messageOf } from '../errors/index.js';
import type { ThisMachineRun } from '../operations/index.js';
import { Secret } from '../secret/index.js';
import type { Session } from '../ui/index.js';
import { ClusterCommand, type ClusterFlagValues } from './cluster-command.js';

const GROUP = { helpGroup: 'THIS MACHINE, WITHOUT -f' } as const;

/** Flags of `kbs init` and `kbs join` for where a machine gets its parts from. */
const machineFlags = {
  'node-name': Flags.string({ ...GROUP, helpValue: 'NAME', summary: 'Name of the node; default: the host name.' }),
  bundle: Flags.string({
    ...GROUP,
    helpValue: 'DIR',
    exclusive: ['mirror'],
    summary: 'Take binaries and images from this offline bundle.',
  }),
  mirror: Flags.string({ ...GROUP, helpValue: 'URL', summary: 'Take binaries and images from this mirror of the official URLs.' }),
  'config-fragment': Flags.string({
    ...GROUP,
    helpValue: 'FILE',
    summary: 'A cluster file without spec.hosts, for what has no flag (spec.kubelet.config, spec.containerRuntime, …); flags win.',
  }),
};

/** Flags of `kbs init` on the machine itself; kubeadm's names where kubeadm has one. */
export const initHereFlags = {
  'apiserver-advertise-address': Flags.string({
    ...GROUP,
    helpValue: 'ADDRESS',
    summary: 'Address the others reach this machine by; default: that of the default route.',
  }),
  'control-plane-endpoint': Flags.string({ ...GROUP, helpValue: 'HOST[:PORT]', summary: 'Stable name or address of the API.' }),
  'pod-network-cidr': Flags.string({ ...GROUP, helpValue: 'CIDR', summary: 'Addresses of pods; default 10.244.0.0/16.' }),
  'service-cidr': Flags.string({ ...GROUP, helpValue: 'CIDR', summary: 'Addresses of services; default 10.96.0.0/12.' }),
  'service-dns-domain': Flags.string({ ...GROUP, helpValue: 'DOMAIN', summary: 'DNS domain of services; default cluster.local.' }),
  'kubernetes-version': Flags.string({ ...GROUP, helpValue: 'VERSION', summary: 'Version of Kubernetes, such as v1.25.16.' }),
  'image-repository': Flags.string({ ...GROUP, helpValue: 'REGISTRY', summary: 'Registry of the images; default registry.k8s.io.' }),
  token: Flags.string({ ...GROUP, helpValue: 'TOKEN', summary: 'Bootstrap token for the machines to come; default: a new one.' }),
  'token-ttl': Flags.string({
    ...GROUP,
    helpValue: 'DURATION',
    summary: 'How long the token is valid, such as 2h30m; 0: for ever. Default 24h.',
  }),
  'skip-token-print': Flags.boolean({ ...GROUP, summary: 'Do not print the token and the join command.' }),
  ...machineFlags,
};

/** Flags of `kbs join ENDPOINT` on the machine itself; kubeadm's names where kubeadm has one. */
export const joinHereFlags = {
  token: Flags.string({
    ...GROUP,
    helpValue: 'TOKEN',
    exclusive: ['token-file'],
    summary: 'Bootstrap token; - reads it from standard input. KBS_TOKEN does the same and shows in no list of processes.',
  }),
  'token-file': Flags.string({ ...GROUP, helpValue: 'FILE', summary: 'Read the bootstrap token from this file.' }),
  'discovery-token-ca-cert-hash': Flags.string({
    ...GROUP,
    multiple: true,
    helpValue: 'sha256:HEX',
    summary: 'Hash of the public key of the cluster’s CA (may be given again).',
  }),
  'discovery-token-unsafe-skip-ca-verification': Flags.boolean({
    ...GROUP,
    summary: 'Join without a hash: whoever has the token can then pretend to be the cluster.',
  }),
  'control-plane': Flags.boolean({ ...GROUP, summary: 'Become a control plane; needs the key of the uploaded certificates.' }),
  'certificate-key': Flags.string({
    ...GROUP,
    helpValue: 'KEY',
    dependsOn: ['control-plane'],
    summary: 'Key of the uploaded certificates. KBS_CERTIFICATE_KEY does the same and shows in no list of processes.',
  }),
  'node-ip': Flags.string({ ...GROUP, helpValue: 'ADDRESS', summary: 'Address of the node; default: the one it reaches the API from.' }),
  ...machineFlags,
};

/** Values of the flags all commands on this machine have. */
export interface ThisMachineFlagValues extends ClusterFlagValues {
  readonly 'dry-run': boolean;
}

/** A command that works on a cluster file, or without one on the machine kbs runs on. */
export abstract class ThisMachineCommand extends ClusterCommand {
  /** What every operation on this machine gets from its command. */
  protected thisMachine(session: Session, flags: ThisMachineFlagValues): ThisMachineRun {
    if (flags['accept-new-host-keys'])
      throw wrongPlace(['accept-new-host-keys'], 'is about hosts of a cluster file', 'add -f CLUSTER_FILE');
    return {
      bus: session.bus,
      signal: session.signal,
      cacheDirectory: join(this.config.cacheDir, 'artifacts'),
      sudoPassword: (user) => session.askSecret(`sudo password of ${user}: `),
      onCluster: (name) => session.useCluster(name),
      mode: flags['dry-run'] ? 'plan' : 'apply',
      ignorePreflight: flags['ignore-preflight'] ?? [],
      phases: flags.phase,
      skipPhases: flags['skip-phase'],
    };
  }
}

function wrongPlace(names: readonly string[], reason: string, ...remedy: readonly string[]): KbsError {
  return new KbsError('USAGE', `${names.map((name) => `--${name}`).join(', ')} ${reason}`, { remedy });
}

/** With a cluster file its fields count. @throws KbsError USAGE when flags for this machine were given besides */
export function refuseBesideFile(flags: Readonly<Record<string, unknown>>, own: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(own).filter((name) => flags[name] !== undefined && flags[name] !== false);
  if (given.length === 0) return;
  throw wrongPlace(
    given,
    'cannot be used with a cluster file',
    'set the field in the cluster file, or leave out -f (and KBS_CLUSTER_FILE) to work on this machine',
  );
}

/**
 * The bootstrap token a user hands over, best not as an argument: `ps` shows those to everybody.
 * @throws KbsError USAGE without one, FILE_READ
 */
export async function readToken(flags: {
  readonly token?: string | undefined;
  readonly 'token-file'?: string | undefined;
}): Promise<Secret> {
  const file = flags['token-file'];
  const given =
    file !== undefined
      ? await readTokenFile(file)
      : flags.token === '-'
        ? await readAll(process.stdin)
        : (flags.token ?? process.env['KBS_TOKEN']);
  if (given !== undefined && given.trim() !== '') return new Secret(given.trim());
  throw new KbsError('USAGE', 'no bootstrap token was given', {
    remedy: [
      'add --token TOKEN, --token-file FILE or --token - , or set KBS_TOKEN',
      'kbs token create --print-join-command   # on a control plane: the whole command',
    ],
  });
}

/**
 * The key of the uploaded certificates, for a control plane; undefined for a worker.
 * @throws KbsError USAGE without one, or when it is none
 */
export async function readCertificateKey(flags: {
  readonly 'control-plane': boolean;
  readonly 'certificate-key'?: string | undefined;
}): Promise<Secret | undefined> {
  if (!flags['control-plane']) return undefined;
  const given = flags['certificate-key'] ?? process.env['KBS_CERTIFICATE_KEY'] ?? '';
  const { parseCertificateKey } = await import('../operations/index.js');
  if (given !== '') return parseCertificateKey(given);
  throw new KbsError('USAGE', 'no certificate key was given: without it the authorities of the cluster cannot be read', {
    remedy: [
      'add --certificate-key KEY, or set KBS_CERTIFICATE_KEY',
      'kbs token create --upload-certs --print-join-command   # on a control plane: the whole command',
    ],
  });
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new KbsError('FILE_READ', `cannot read the token from ${file}: ${messageOf(cause)}`, {
      cause,
    });
  }
}
