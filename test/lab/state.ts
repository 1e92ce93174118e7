import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from './lab-error.js';
import { DISK_ROOT, STATE_ROOT, labStateDirectory } from './paths.js';
import type { ProcessIdentity } from './processes.js';

/** How kbs may log in to a host. */
export type Login = 'root' | 'sudo' | 'sudo-password';

/** What is noted of a lab before anything of it is made. */
export interface LabRecord {
  readonly name: string;
  /** Third byte of 10.66.N.0/24. */
  readonly subnetNumber: number;
  readonly netns: string;
  readonly sudoPassword: string;
  /** Lower directory of all hosts' file systems. */
  readonly rootFileSystem: string;
  /** The program that made the lab; while it runs, the lab is in use. */
  readonly creator: ProcessIdentity;
  /** The lab is for somebody who looks around in it later; others are of no use to anybody once their creator is gone. */
  readonly outlivesCreator: boolean;
}

/** What is noted of a host: before it is made, and again when it runs. */
export interface HostRecord {
  readonly name: string;
  readonly login: Login;
  readonly systemd: boolean;
  /** Last byte of the address. */
  readonly number: number;
  readonly netns: string;
  readonly hostKey: string;
  /** The saved disk its own one began with; absent: it began bare. */
  readonly disk?: string;
  /** Control groups made for this host, one per hierarchy. */
  readonly cgroups: readonly string[];
  /** The nspawn process; absent while the host is off. */
  readonly supervisor?: ProcessIdentity;
}

/** A host's note after its power went. */
export function switchedOff(host: HostRecord): HostRecord {
  const off: { -readonly [Key in keyof HostRecord]: HostRecord[Key] } = { ...host, cgroups: [] };
  delete off.supervisor;
  return off;
}

function labFile(lab: string): string {
  return join(labStateDirectory(lab), 'lab.json');
}

function hostFile(lab: string, host: string): string {
  return join(labStateDirectory(lab), 'hosts', `${host}.json`);
}

async function writeJson(file: string, value: unknown): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, file);
}

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new LabError(`cannot read ${file}`, undefined, { cause: error });
  }
}

async function entries(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

/** Names of all labs of this machine, half-made ones included. */
export async function listLabs(): Promise<string[]> {
  return (await entries(STATE_ROOT)).filter((entry) => !entry.includes('.')).sort();
}

/** Names of labs of which a disk is left, for instance after the machine was switched off. */
export async function listLabDisks(): Promise<string[]> {
  return (await entries(DISK_ROOT)).sort();
}

/** Notes a lab, making its state directory. */
export async function writeLab(record: LabRecord): Promise<void> {
  await mkdir(join(labStateDirectory(record.name), 'hosts'), { recursive: true, mode: 0o700 });
  await writeJson(labFile(record.name), record);
}

/** A lab's note, undefined when there is none. */
export async function findLab(lab: string): Promise<LabRecord | undefined> {
  return readJson<LabRecord>(labFile(lab));
}

/** Notes a host. */
export async function writeHost(lab: string, record: HostRecord): Promise<void> {
  await writeJson(hostFile(lab, record.name), record);
}

/** Forgets a host. */
export async function forgetHost(lab: string, host: string): Promise<void> {
  await rm(hostFile(lab, host), { force: true });
}

/** All hosts of a lab, in the order of their addresses. */
export async function readHosts(lab: string): Promise<HostRecord[]> {
  const files = (await entries(join(labStateDirectory(lab), 'hosts'))).filter((entry) => entry.endsWith('.json'));
  const records = await Promise.all(files.map((file) => readJson<HostRecord>(join(labStateDirectory(lab), 'hosts', file))));
  return records.filter((record) => record !== undefined).sort((a, b) => a.number - b.number);
}

/** One host of a lab. @throws LabError when the lab has no such host. */
export async function readHost(lab: string, host: string): Promise<HostRecord> {
  const record = await readJson<HostRecord>(hostFile(lab, host));
  if (record !== undefined) return record;
  const known = (await readHosts(lab)).map(({ name }) => name);
  throw new LabError(`lab ${lab} has no host ${host}`, known.length === 0 ? undefined : `its hosts are: ${known.join(' ')}`);
}
