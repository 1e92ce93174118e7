import { join } from 'node:path';
import { Flags } from '@oclif/core';
import type { ClusterInput } from '../operations/index.js';
import type { Session } from '../ui/index.js';
import { BaseCommand } from './base.js';

/** Flags of every command that works on a cluster file. */
export const clusterFlags = {
  file: Flags.string({ char: 'f', helpValue: 'CLUSTER_FILE', summary: 'The cluster file.', env: 'KBS_CLUSTER_FILE' }),
  'accept-new-host-keys': Flags.boolean({
    summary: 'Write down host keys nobody has seen before instead of refusing them; a changed key is refused all the same.',
  }),
};

/** Flags of commands that run phases. */
export const phaseFlags = {
  'ignore-preflight': Flags.string({ multiple: true, helpValue: 'Check,…', summary: 'Preflight checks that only warn; all for all.' }),
  phase: Flags.string({ multiple: true, helpValue: 'NAME', summary: 'Run only this phase (may be given again).' }),
  'skip-phase': Flags.string({ multiple: true, helpValue: 'NAME', summary: 'Leave this phase out (may be given again).' }),
};

/** Values of {@link clusterFlags} and {@link phaseFlags}. */
export interface ClusterFlagValues {
  readonly file: string | undefined;
  readonly 'accept-new-host-keys': boolean;
  readonly 'ignore-preflight'?: readonly string[] | undefined;
  readonly phase?: readonly string[] | undefined;
  readonly 'skip-phase'?: readonly string[] | undefined;
}

/** A command on a cluster file: what all of them do before their operation. */
export abstract class ClusterCommand extends BaseCommand {
  /** Reads the cluster file and prepares the way to its hosts. @throws KbsError CONFIG_INVALID, CONFIG_NOT_FOUND, USAGE */
  protected async openCluster(session: Session, flags: ClusterFlagValues): Promise<ClusterInput> {
    // Loaded here: `kbs --help` must not pay for zod, SSH and the rest.
    const { openClusterInput } = await import('../operations/index.js');
    return openClusterInput({
      file: flags.file,
      bus: session.bus,
      signal: session.signal,
      cacheDirectory: join(this.config.cacheDir, 'artifacts'),
      acceptNewHostKeys: flags['accept-new-host-keys'],
      ask: session.isInteractive ? (question) => session.askSecret(question) : undefined,
      onCluster: (name) => session.useCluster(name),
      ignorePreflight: flags['ignore-preflight'],
      phases: flags.phase,
      skipPhases: flags['skip-phase'],
    });
  }
}
