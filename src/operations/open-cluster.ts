import { loadClusterFile, type ClusterSpec, type HostSpec } from '../config/index.js';
import { KbsError } from '../errors/index.js';
import type { EventBus } from '../events/index.js';
import type { Transport } from '../host/index.js';
import { parseIgnoredChecks } from '../phases/index.js';
import { Secret } from '../secret/index.js';
import { createSshTransport, SshContext, type SecretQuestion } from '../ssh/index.js';
import type { ClusterInput } from './cluster-run.js';

/** What a command knows before the cluster file is read. */
export interface OpenClusterOptions {
  readonly file: string | undefined;
  readonly bus: EventBus;
  readonly signal: AbortSignal;
  readonly cacheDirectory: string;
  readonly acceptNewHostKeys: boolean;
  /** Asks the person at the terminal; absent without one. */
  readonly ask: ((question: string) => Promise<Secret | undefined>) | undefined;
  readonly onCluster: (name: string) => void;
  /** Names of preflight checks, each entry one or several with commas. */
  readonly ignorePreflight?: readonly string[] | undefined;
  readonly phases?: readonly string[] | undefined;
  readonly skipPhases?: readonly string[] | undefined;
}

function questionText(question: SecretQuestion): string {
  return question.kind === 'passphrase' ? `Passphrase of ${question.file}: ` : `sudo password of ${question.user} on ${question.target}: `;
}

/**
 * Reads the cluster file and prepares the way to its hosts; nothing is contacted yet.
 * @throws KbsError USAGE without a file, CONFIG_NOT_FOUND, CONFIG_INVALID
 */
export async function openClusterInput(options: OpenClusterOptions): Promise<ClusterInput> {
  const { file, bus } = options;
  if (file === undefined)
    throw new KbsError('USAGE', 'no cluster file was given', {
      remedy: ['add -f cluster.yaml', 'kbs config init   # a file to start from'],
    });
  for (const secret of environmentSecrets()) bus.hide(secret);
  const ignorePreflight = parseIgnoredChecks(options.ignorePreflight ?? []);
  const { spec, warnings } = await loadClusterFile(file);
  options.onCluster(spec.name);
  for (const message of warnings) bus.emit({ type: 'warning', message });
  const transportFor = openSsh(spec.ssh, options);
  return {
    spec,
    transportFor,
    cacheDirectory: options.cacheDirectory,
    bus,
    signal: options.signal,
    now: () => new Date(),
    ignorePreflight,
    ...(options.phases === undefined ? {} : { onlyPhases: new Set(options.phases) }),
    ...(options.skipPhases === undefined ? {} : { skipPhases: new Set(options.skipPhases) }),
  };
}

/** The ways to hosts with these settings; nothing is contacted yet. */
export function openSsh(
  settings: Partial<ClusterSpec['ssh']>,
  { acceptNewHostKeys, ask }: Pick<OpenClusterOptions, 'acceptNewHostKeys' | 'ask'>,
): (host: Pick<HostSpec, 'address' | 'sshAddress'> & { readonly ssh?: HostSpec['ssh'] }) => Transport {
  const context = new SshContext({ acceptNewHostKeys, ...(ask === undefined ? {} : { ask: (question) => ask(questionText(question)) }) });
  return (host) => createSshTransport({ context, ...settings, address: host.sshAddress ?? host.address, ...definedOnly(host.ssh ?? {}) });
}

/** What {@link SshContext} reads besides asking; hidden like an answer that was typed. */
function environmentSecrets(): readonly Secret[] {
  return ['KBS_SUDO_PASSWORD', 'KBS_SSH_PASSPHRASE'].flatMap((name) => {
    const value = process.env[name] ?? '';
    return value === '' ? [] : [new Secret(value)];
  });
}

/** What a host says overrides what is said for all; what it leaves out does not. */
function definedOnly<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
