import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { addressOf, checkName, freeHostNumber, freeSubnetNumber, gatewayOf, subnetOf } from './addressing.js';
import { bootHost, powerOff, shutDown } from './boot.js';
import { type CommandOptions, type CommandResult, capture } from './command.js';
import { enterCommand } from './enter.js';
import { createDisk, generateKey, saveDisk, userOf } from './host-disk.js';
import { LabError } from './lab-error.js';
import { withLock } from './lock.js';
import { prepareMachine, restoreMachine } from './machine.js';
import { createOperatorNetwork, hostNamespace, inNamespace, operatorNamespace } from './network.js';
import { MACHINE_LOCK, labDiskDirectory } from './paths.js';
import { isAlive, startTimeOf } from './processes.js';
import { waitForSshd } from './ready.js';
import { ensureRootFileSystem } from './rootfs.js';
import { forgetHostKey, operatorDirectory, runOverSsh, sshFiles, writeKnownHosts } from './secure-shell.js';
import {
  type HostRecord,
  type LabRecord,
  type Login,
  findLab,
  listLabs,
  readHost,
  readHosts,
  switchedOff,
  writeHost,
  writeLab,
} from './state.js';
import { removeHost, removeLab } from './teardown.js';
import { ensureLabTools } from './tools.js';

/** A host to be made. */
export interface LabHostSpec {
  readonly name: string;
  /** `root` with the key (default), or user `admin` whose sudo asks for a password or does not. */
  readonly login?: Login;
  /** false: PID 1 is a shell, with sshd running beside it. Default true. */
  readonly systemd?: boolean;
  /** A disk that {@link Lab.saveDisk} has written, to begin with instead of a bare one. */
  readonly disk?: string;
}

/** A host of a lab. */
export interface LabHost {
  readonly name: string;
  readonly address: string;
  readonly user: string;
  /** Public ssh host key: type and base64. */
  readonly hostKey: string;
}

/** A lab that is up: hosts in a network of their own, and the operator's place in it. */
export interface Lab {
  readonly name: string;
  /** Network namespace of the operator. */
  readonly netns: string;
  /** Address of the operator in the lab. */
  readonly gateway: string;
  readonly subnet: string;
  /** Scratch directory of the test: ssh key, known_hosts, cluster file; goes with the lab. */
  readonly directory: string;
  readonly hosts: readonly LabHost[];
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** Password of `admin` on hosts with the login `sudo-password`. */
  readonly sudoPassword: string;
  /** argv prefix that runs a command as the operator, inside the lab's network. */
  readonly operator: readonly string[];
  /** @throws LabError when there is none of that name. */
  host(name: string): LabHost;
  /** Runs a command as the operator. */
  run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Runs a shell command on a host as root, through ssh. */
  ssh(host: string | LabHost, command: string, options?: CommandOptions): Promise<CommandResult>;
  /** Runs a command inside a host as root without ssh: no login session, and it works when sshd does not. */
  exec(host: string | LabHost, argv: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Makes and boots one more host. */
  add(spec: LabHostSpec): Promise<LabHost>;
  /** Power cut. */
  kill(host: string | LabHost): Promise<void>;
  /** Shuts down in order; a power cut after `forMs` (default 30 s). */
  stop(host: string | LabHost, forMs?: number): Promise<void>;
  /** Shuts a host down and writes its disk to a directory, for hosts that are to begin with it. */
  saveDisk(host: string | LabHost, directory: string): Promise<void>;
  /** Boots again from the same disk and waits for sshd. A host that runs is shut down first. */
  start(host: string | LabHost): Promise<void>;
  /** Ends a host and deletes its disk. */
  remove(host: string | LabHost): Promise<void>;
  /** Ends the lab; nothing of it is left. */
  down(): Promise<void>;
}

const READY_SECONDS = 60;

async function onMachine<T>(work: () => Promise<T>): Promise<T> {
  return withLock(MACHINE_LOCK, work, { removeFile: true });
}

async function createHosts(lab: LabRecord, specs: readonly LabHostSpec[]): Promise<void> {
  const records = await onMachine(async () => {
    const present = await readHosts(lab.name);
    const numbers = new Set(present.map(({ number }) => number));
    const names = new Set(present.map(({ name }) => name));
    const added: HostRecord[] = [];
    for (const { name, login = 'root', systemd = true, disk } of specs) {
      checkName('host', name);
      if (names.has(name)) throw new LabError(`lab ${lab.name} has a host ${name} already`);
      const number = freeHostNumber(numbers);
      names.add(name);
      numbers.add(number);
      const record: HostRecord = { name, login, systemd, number, netns: hostNamespace(lab.name, name), hostKey: '', cgroups: [] };
      added.push(disk === undefined ? record : { ...record, disk });
    }
    await Promise.all(added.map((record) => writeHost(lab.name, record)));
    return added;
  });
  const files = sshFiles(lab.name);
  const [operator, own] = await Promise.all(
    [files.operatorKey, files.labKey].map(async (file) => (await readFile(`${file}.pub`, 'utf8')).trim()),
  );
  const keys = { operator: operator ?? '', lab: own ?? '' };
  await Promise.all(records.map(async (record) => bootHost(lab, { ...record, hostKey: await createDisk(lab, record, keys) })));
  await writeKnownHosts(lab);
  await waitUntilReady(lab, records);
}

async function waitUntilReady(lab: LabRecord, hosts: readonly HostRecord[]): Promise<void> {
  await waitForSshd(
    lab.netns,
    hosts.map(({ number }) => addressOf(lab.subnetNumber, number)),
    READY_SECONDS,
  );
  // sshd answers before the boot is over; until then it turns away every user but root.
  const wait = `for i in $(seq 600); do [ -e /run/nologin ] || exit 0; sleep 0.1; done; exit 1`;
  const results = await Promise.all(hosts.map((host) => runOverSsh(lab, host, wait)));
  const bad = hosts
    .filter((_host, index) => results[index]?.exitCode !== 0)
    .map(({ name }, index) => `${name}: ${results[index]?.stderr.trim() ?? ''}`);
  if (bad.length > 0) throw new LabError(`no login after the boot: ${bad.join(', ')}`);
}

/** Labs of a test run that was killed: they would hold their names, their memory and much of the processors for ever. */
async function endAbandonedLabs(): Promise<void> {
  for (const name of await listLabs()) {
    const record = await findLab(name);
    if (record?.outlivesCreator === false && !(await isAlive(record.creator))) await removeLab(name);
  }
}

/**
 * Makes a lab and its hosts, and waits until each lets the operator in. A lab that cannot be completed is taken down again; one
 * whose creator has died without doing so goes when the next lab is made, unless it was to outlive it.
 */
export async function createLab(options: {
  readonly name: string;
  readonly hosts: readonly LabHostSpec[];
  readonly outlivesCreator?: boolean;
}): Promise<Lab> {
  const { name } = options;
  checkName('lab', name);
  await ensureLabTools();
  const rootFileSystem = await ensureRootFileSystem();
  const record = await onMachine(async () => {
    await endAbandonedLabs();
    if ((await listLabs()).includes(name)) throw new LabError(`lab ${name} is up already`, `npm run lab -- down --name ${name}`);
    await prepareMachine();
    const planned: LabRecord = {
      name,
      subnetNumber: await freeSubnetNumber(),
      netns: operatorNamespace(name),
      sudoPassword: randomBytes(12).toString('base64url'),
      rootFileSystem,
      creator: { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' },
      outlivesCreator: options.outlivesCreator ?? false,
    };
    await writeLab(planned);
    // Of a lab that ended with the machine's power; its state went, its disk did not.
    await rm(labDiskDirectory(name), { recursive: true, force: true });
    return planned;
  });
  try {
    const files = sshFiles(name);
    await mkdir(labDiskDirectory(name), { recursive: true, mode: 0o755 });
    await mkdir(dirname(files.operatorKey), { recursive: true, mode: 0o700 });
    await Promise.all([createOperatorNetwork(record), generateKey(files.operatorKey, 'operator'), generateKey(files.labKey, 'lab')]);
    await createHosts(record, options.hosts);
  } catch (error) {
    await downLab(name);
    throw error;
  }
  return openLab(name);
}

/** Ends a lab, whatever is left of it. Does nothing when there is no such lab. */
export async function downLab(name: string): Promise<void> {
  checkName('lab', name);
  await onMachine(async () => {
    await removeLab(name);
    await restoreMachine();
  });
}

/** An existing lab. @throws LabError when there is none of that name. */
export async function openLab(name: string): Promise<Lab> {
  const record = await findLab(name);
  if (record === undefined) {
    const labs = await listLabs();
    throw new LabError(`there is no lab ${name}`, labs.length === 0 ? 'npm run lab -- up 3' : `labs that are up: ${labs.join(' ')}`);
  }
  return labOf(record, await readHosts(name));
}

function labOf(record: LabRecord, initial: readonly HostRecord[]): Lab {
  const files = sshFiles(record.name);
  const operator = inNamespace(record.netns);
  const view = (host: HostRecord): LabHost => ({
    name: host.name,
    address: addressOf(record.subnetNumber, host.number),
    user: userOf(host),
    hostKey: host.hostKey,
  });
  const hosts = initial.map(view);
  const find = async (host: string | LabHost): Promise<HostRecord> => readHost(record.name, typeof host === 'string' ? host : host.name);
  const lab: Lab = {
    name: record.name,
    netns: record.netns,
    gateway: gatewayOf(record.subnetNumber),
    subnet: subnetOf(record.subnetNumber),
    directory: operatorDirectory(record.name),
    hosts,
    identityFile: files.operatorKey,
    knownHostsFile: files.operatorKnownHosts,
    sudoPassword: record.sudoPassword,
    operator,
    host(name) {
      const found = hosts.find((host) => host.name === name);
      if (found === undefined) throw new LabError(`lab ${record.name} has no host ${name}`);
      return found;
    },
    run: (argv, options) => capture([...operator, ...argv], options),
    ssh: async (host, command, options) => runOverSsh(record, await find(host), command, options),
    exec: async (host, argv, options) => capture(await enterCommand(await find(host), argv), options),
    async add(spec) {
      await createHosts(record, [spec]);
      const added = view(await find(spec.name));
      hosts.push(added);
      return added;
    },
    async kill(host) {
      const found = await find(host);
      await powerOff(record.name, found);
      await writeHost(record.name, switchedOff(found));
    },
    async stop(host, forMs = 30_000) {
      const found = await find(host);
      await shutDown(record.name, found, forMs);
      await writeHost(record.name, switchedOff(found));
    },
    async saveDisk(host, directory) {
      await lab.stop(host);
      await saveDisk(record, await find(host), directory);
    },
    async start(host) {
      await lab.stop(host);
      await waitUntilReady(record, [await bootHost(record, await find(host))]);
    },
    async remove(host) {
      const gone = await find(host);
      await removeHost(record.name, gone);
      await forgetHostKey(record, gone);
      hosts.splice(0, hosts.length, ...hosts.filter(({ name }) => name !== gone.name));
    },
    down: () => downLab(record.name),
  };
  return lab;
}
