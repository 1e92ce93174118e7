import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressOf } from './addressing.js';
import { type CommandOptions, type CommandResult, capture } from './command.js';
import { inNamespace } from './network.js';
import { labDiskDirectory, labStateDirectory } from './paths.js';
import { type HostRecord, type LabRecord, readHosts } from './state.js';

/** Files of a lab that have to do with ssh. */
export interface SshFiles {
  /** For the test: what it may do with them is its own affair. */
  readonly operatorKey: string;
  readonly operatorKnownHosts: string;
  /** For the lab itself. */
  readonly labKey: string;
  readonly labKnownHosts: string;
}

/** The directory that belongs to the test. */
export function operatorDirectory(lab: string): string {
  return join(labDiskDirectory(lab), 'operator');
}

/** Where the ssh files of a lab are. */
export function sshFiles(lab: string): SshFiles {
  return {
    operatorKey: join(operatorDirectory(lab), 'id_ed25519'),
    operatorKnownHosts: join(operatorDirectory(lab), 'known_hosts'),
    labKey: join(labStateDirectory(lab), 'id_ed25519'),
    labKnownHosts: join(labStateDirectory(lab), 'known_hosts'),
  };
}

function knownHostsLine(lab: LabRecord, host: HostRecord): string {
  return `${addressOf(lab.subnetNumber, host.number)} ${host.hostKey}`;
}

/** Brings both known_hosts files up to date with the lab's hosts; lines a test has written stay. */
export async function writeKnownHosts(lab: LabRecord): Promise<void> {
  const files = sshFiles(lab.name);
  const lines = (await readHosts(lab.name)).filter(({ hostKey }) => hostKey !== '').map((host) => knownHostsLine(lab, host));
  await writeFile(files.labKnownHosts, `${lines.join('\n')}\n`, { mode: 0o600 });
  const present = await readFile(files.operatorKnownHosts, 'utf8').catch(() => '');
  const missing = lines.filter((line) => !present.split('\n').includes(line));
  if (missing.length > 0) await writeFile(files.operatorKnownHosts, `${present}${missing.join('\n')}\n`, { mode: 0o600 });
}

/** Takes a host out of the known_hosts files. */
export async function forgetHostKey(lab: LabRecord, host: HostRecord): Promise<void> {
  const files = sshFiles(lab.name);
  for (const file of [files.operatorKnownHosts, files.labKnownHosts]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const kept = text.split('\n').filter((line) => line !== knownHostsLine(lab, host));
    await writeFile(file, kept.join('\n'), { mode: 0o600 });
  }
}

/** The argv that logs in to a host as root, with the lab's own key. */
export function sshCommand(lab: LabRecord, host: HostRecord, options: readonly string[] = []): string[] {
  const files = sshFiles(lab.name);
  const settings = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${files.labKnownHosts}`,
    'ConnectTimeout=10',
    'LogLevel=ERROR',
  ];
  return [
    ...inNamespace(lab.netns),
    ...['ssh', '-F', 'none', '-i', files.labKey, ...settings.flatMap((setting) => ['-o', setting]), ...options],
    `root@${addressOf(lab.subnetNumber, host.number)}`,
  ];
}

/** Runs a shell command on a host as root, through ssh. */
export async function runOverSsh(lab: LabRecord, host: HostRecord, command: string, options: CommandOptions = {}): Promise<CommandResult> {
  return capture([...sshCommand(lab, host), '--', command], options);
}
