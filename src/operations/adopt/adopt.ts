import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { formatClusterFile, parseClusterFile, type ClusterSpec, type HostSpec } from '../../config/index.js';
import { KbsError, toKbsError } from '../../errors/index.js';
import type { EventBus } from '../../events/index.js';
import { createHost, type Host, type Transport } from '../../host/index.js';
import { openClusterEtcd } from '../cluster-api.js';
import { tryConnect } from '../connect.js';
import type { PkiSource } from '../../phases/index.js';
import { createPkiSource } from '../pki-source.js';
import { withControlPlane } from '../tokens/index.js';
import { adoptedClusterFile, type AdoptAccess, type AdoptedFile, type FoundHost } from './cluster-file.js';
import { readFoundCluster, type FoundCluster } from './found-cluster.js';
import { checkMembership, lookAtHost, markAdopted } from './found-host.js';
import { notesOnMembers } from './found-members.js';
import { refuseUnadoptable } from './refusals.js';

/** `kbs adopt`. */
export interface AdoptOptions extends Pick<AdoptAccess, 'host' | 'ssh' | 'artifacts'> {
  /** A way to a host with these SSH settings. */
  readonly transportFor: (host: Pick<HostSpec, 'address' | 'sshAddress'>) => Transport;
  readonly bus: EventBus;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Where the cluster file goes. */
  readonly to: string;
  /** Whether a file that is there is replaced. */
  readonly replaces: boolean;
  /** plan: nothing is written, neither here nor on a host. */
  readonly mode: 'apply' | 'plan';
}

/** A host of the cluster that was taken over. */
export interface AdoptedHost {
  readonly name: string;
  readonly address: string;
  readonly roles: readonly string[];
  /** Why it could not be looked at over SSH; absent: it could. */
  readonly problem?: string;
}

/** What came of it. */
export interface AdoptResult {
  readonly cluster: string;
  readonly file: string;
  /** The cluster file. */
  readonly text: string;
  readonly hosts: readonly AdoptedHost[];
  /** What of the cluster kbs does not look after. */
  readonly notes: readonly string[];
}

const HEADER = '# Written by kbs adopt from a cluster that kubeadm made. What kbs would change: kbs plan -f FILE\n';

async function refuseOverwriting({ to, replaces, mode }: AdoptOptions): Promise<void> {
  if (replaces || mode === 'plan') return;
  const exists = await access(to).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new KbsError('USAGE', `there is a file ${to} already`, { remedy: ['add --force to replace it', 'choose another --to'] });
}

function textOf({ file }: AdoptedFile): string {
  return `${HEADER}${formatClusterFile(file)}`;
}

/** Reads the file back as every later command does. @throws KbsError ADOPT_REFUSED when it says what kbs cannot have */
function specOf(adopted: AdoptedFile, to: string): ClusterSpec {
  try {
    return parseClusterFile(textOf(adopted), to, { baseDirectory: dirname(resolve(to)) }).spec;
  } catch (error) {
    if (!(error instanceof KbsError)) throw error;
    throw new KbsError('ADOPT_REFUSED', 'this cluster has settings that kbs cannot look after', { details: error.details, cause: error });
  }
}

interface Seen {
  readonly host: Host;
  readonly found: FoundHost;
}

/** Looks at every host at once; one that cannot be reached, or is somebody else, is told of and left out. */
async function lookAtAll(options: AdoptOptions, spec: ClusterSpec, caCertificate: string) {
  const { transportFor, bus, signal } = options;
  const { hosts, failures } = await tryConnect(spec.hosts, { spec, transportFor, bus, signal });
  const problems = new Map(failures.map((failure) => [failure.where.host ?? '', failure]));
  const seen: Seen[] = [];
  await Promise.all(
    hosts.map(async (host) => {
      try {
        await checkMembership(host, caCertificate);
        seen.push({ host, found: await lookAtHost(host) });
      } catch (error) {
        problems.set(host.name, toKbsError(error, { host: host.name }));
      }
    }),
  );
  // In the order of the file, not of the answers.
  seen.sort((one, other) => hosts.indexOf(one.host) - hosts.indexOf(other.host));
  return { hosts, seen, problems };
}

function warnOf({ bus }: AdoptOptions, problems: ReadonlyMap<string, KbsError>): void {
  for (const [name, { message, remedy }] of problems) {
    bus.emit({
      type: 'warning',
      message: `${name} was not looked at: ${message}`,
      remedy: [...remedy, 'set what differs for it in the cluster file, then run kbs adopt again with --force'],
    });
  }
}

async function membersNotes(host: Host, pki: PkiSource, { nodes }: FoundCluster, options: AdoptOptions): Promise<readonly string[]> {
  const etcd = openClusterEtcd([host], pki, options.now);
  try {
    return notesOnMembers(nodes, await etcd.members(options.signal));
  } finally {
    etcd.close();
  }
}

async function takeOver(options: AdoptOptions, first: Host, found: FoundCluster, pki: PkiSource): Promise<AdoptResult> {
  // Without the keys of its authorities nothing can be done for the cluster.
  const caCertificate = (await pki.shared()).ca.certificate;
  const notes = await membersNotes(first, pki, found, options);
  const access: AdoptAccess = { ...options, hostName: first.facts.hostname };
  const draft = specOf(adoptedClusterFile(found, [await lookAtHost(first)], access), options.to);
  const { hosts, seen, problems } = await lookAtAll(options, draft, caCertificate);
  try {
    warnOf(options, problems);
    const adopted = adoptedClusterFile(
      found,
      seen.map((one) => one.found),
      access,
    );
    const spec = specOf(adopted, options.to);
    if (options.mode === 'apply') {
      await Promise.all(seen.map(({ host }) => markAdopted(host, options.now())));
      await writeFileAtomic(options.to, textOf(adopted));
    }
    return {
      cluster: spec.name,
      file: options.to,
      text: textOf(adopted),
      hosts: spec.hosts.map(({ name, address, roles }) => {
        const problem = problems.get(name)?.message;
        return { name, address, roles, ...(problem === undefined ? {} : { problem }) };
      }),
      notes: [...adopted.notes, ...notes],
    };
  } finally {
    await Promise.all(hosts.map((host) => host.transport.close()));
  }
}

/**
 * Takes over a cluster that kubeadm made: reads what it is, writes a cluster file that says so, and notes on each host that kbs looks
 * after it. Nothing else is changed; what would be is told by `kbs plan`.
 * @throws KbsError ADOPT_REFUSED with every reason, STEP_MISSING on a host that is no control plane, USAGE, SSH_UNREACHABLE and the like
 */
export async function adoptCluster(options: AdoptOptions): Promise<AdoptResult> {
  await refuseOverwriting(options);
  const { host: address, signal } = options;
  const transport = options.transportFor({ address, sshAddress: undefined });
  const host = await createHost({ name: address, address, roles: ['control-plane'], transport, signal });
  try {
    return await withControlPlane(host, signal, async (api) => {
      const found = await readFoundCluster(api);
      refuseUnadoptable(found);
      return takeOver(options, host, found, createPkiSource({ controlPlanes: [host], mayCreate: false, now: options.now }));
    });
  } finally {
    await host.transport.close();
  }
}
