import { dirname } from 'node:path/posix';
import { KbsError } from '../errors/index.js';
import { script, sh, type Host } from '../host/index.js';

/** A script that unpacks an archive, and what its failure is told of. */
export interface UnpackCommand {
  readonly lines: string;
  /** `staged`: the archive on the host; `into`: the folder its content goes to. */
  readonly variables: Readonly<Record<string, string>> & { readonly staged: string; readonly into: string };
  /** Path that was to come out of it, for the error. */
  readonly place: string;
  readonly timeoutMs: number;
}

/**
 * Unpacks an archive that waits on the host.
 * @throws KbsError FILE_WRITE with what the script said when it fails; what {@link Host.run} throws for everything else
 */
export async function runUnpackCommand(host: Host, { lines, variables, place, timeoutMs }: UnpackCommand): Promise<void> {
  try {
    await host.run(script(lines, variables), { timeoutMs });
  } catch (error) {
    if (!(error instanceof KbsError) || error.code !== 'REMOTE_COMMAND') throw error;
    throw new KbsError('FILE_WRITE', `an archive could not be unpacked into ${place}`, {
      where: error.where,
      details: error.details,
      remedy: [sh`df -h ${dirname(variables.staged)} ${variables.into}`.text],
      cause: error,
    });
  }
}
