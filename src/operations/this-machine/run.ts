import type { ClusterSpec } from '../../config/index.js';
import type { EventBus } from '../../events/index.js';
import { createLocalTransport } from '../../local/index.js';
import { parseIgnoredChecks } from '../../phases/index.js';
import type { Secret } from '../../secret/index.js';
import type { ClusterInput } from '../cluster-run.js';

/** What a command on this machine gets from its command line and its session. */
export interface ThisMachineRun {
  readonly bus: EventBus;
  readonly signal: AbortSignal;
  /** Folder for artifacts, content-addressed. */
  readonly cacheDirectory: string;
  /** Asked when kbs does not run as root and sudo wants a password. */
  readonly sudoPassword: (user: string) => Promise<Secret | undefined>;
  /** Told once, when it is certain which cluster this is about. */
  readonly onCluster: (name: string) => void;
  readonly mode: 'apply' | 'plan';
  /** Names of preflight checks, each entry one or several with commas. */
  readonly ignorePreflight: readonly string[];
  readonly phases: readonly string[] | undefined;
  readonly skipPhases: readonly string[] | undefined;
}

/** Where binaries and image archives come from; at most one is set. */
export interface ArtifactChoice {
  /** Folder of an offline bundle. */
  readonly bundle: string | undefined;
  /** Base URL. */
  readonly mirror: string | undefined;
}

/** `spec.artifacts` for what was chosen; undefined when nothing was. */
export function artifactsOf({
  bundle,
  mirror,
}: ArtifactChoice): { source: 'bundle'; path: string } | { source: 'mirror'; url: string } | undefined {
  if (bundle !== undefined) return { source: 'bundle', path: bundle };
  return mirror === undefined ? undefined : { source: 'mirror', url: mirror };
}

/** Operations of cluster files, for a spec whose only host is this machine. @throws KbsError USAGE for an unknown check */
export function inputFor(run: ThisMachineRun, spec: ClusterSpec): ClusterInput {
  const { phases, skipPhases } = run;
  const transport = createLocalTransport({ sudoPassword: run.sudoPassword });
  return {
    spec,
    transportFor: () => transport,
    cacheDirectory: run.cacheDirectory,
    bus: run.bus,
    signal: run.signal,
    now: () => new Date(),
    ignorePreflight: parseIgnoredChecks(run.ignorePreflight),
    ...(phases === undefined ? {} : { onlyPhases: new Set(phases) }),
    ...(skipPhases === undefined ? {} : { skipPhases: new Set(skipPhases) }),
  };
}
