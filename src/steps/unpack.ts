import { basename, dirname } from 'node:path/posix';
import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import type { Plan } from '../events/index.js';
import { sh, type FileStat, type Host } from '../host/index.js';
import { ensureParents, octal } from './folders.js';
import type { LocalFile, UnpackEntry, UnpackStepOptions } from './types.js';
import { formerFile } from './upload.js';
import { runUnpackCommand } from './unpack-command.js';
import { makeStagingFolder, stage, stagedPath } from './uploads.js';

interface PendingEntry {
  readonly entry: UnpackEntry;
  readonly to: string;
  readonly was: FileStat | undefined;
}

interface SeenArchive {
  readonly file: LocalFile;
  readonly pending: readonly PendingEntry[];
  /** A run was cut off after unpacking: the archive still waits on the host. */
  readonly hasLeftover: boolean;
}

async function probeArchive(host: Host, options: UnpackStepOptions): Promise<SeenArchive> {
  const file = await options.archive();
  const wanted = (await options.entries(file)).flatMap((entry) => {
    const to = options.target(entry.name);
    return to === undefined ? [] : [{ entry, to }];
  });
  const paths = wanted.map(({ to }) => to);
  const staged = stagedPath(file);
  const [stats, digests] = await Promise.all([host.files.stat([...paths, staged, unpackFolder(staged)]), host.files.sha256(paths)]);
  return {
    file,
    pending: wanted
      .map(({ entry, to }) => ({ entry, to, was: stats.get(to) }))
      .filter(({ entry, to, was }) => digests.get(to) !== entry.sha256 || was?.mode !== entry.mode),
    hasLeftover: stats.get(staged) !== undefined || stats.get(unpackFolder(staged)) !== undefined,
  };
}

function unpackFolder(staged: string): string {
  return `${staged}.unpacked`;
}

function planArchive(seen: SeenArchive): Plan {
  if (seen.pending.length > 0) {
    const summary = `unpack ${seen.pending.map(({ to }) => to).join(', ')}`;
    return { change: seen.pending.every(({ was }) => was === undefined) ? 'create' : 'update', summary };
  }
  return seen.hasLeftover ? { change: 'remove', summary: `remove the staged archive ${stagedPath(seen.file)}` } : { change: 'none' };
}

/** A file that was unpacked, and where it goes. */
interface Unpacked {
  readonly from: string;
  readonly to: string;
  readonly mode: number;
}

/**
 * Brings files that were unpacked into $folder to their place. Only a rename within one file system replaces a running program at once: what
 * comes from another one stands next to its target first.
 */
function moveLines(place: string, files: readonly Unpacked[]): readonly string[] {
  const oneByOne = files.flatMap(({ from, to }) => {
    const beside = `${to}.kbs-new`;
    return [sh`mv -fT -- ${from} ${beside}`.text, sh`mv -fT -- ${beside} ${to}`.text];
  });
  if (files.some(({ from, to }) => basename(from) !== basename(to))) return oneByOne;
  return [
    sh`if [ "$(stat -c %d -- "$folder")" = "$(stat -c %d -- ${place})" ]; then`.text,
    sh`mv -f -t ${place} -- ${files.map(({ from }) => from)}`.text,
    'else',
    ...oneByOne,
    'fi',
  ];
}

/** Modes before places: a program under its name can be run. */
function placeLines(files: readonly Unpacked[]): readonly string[] {
  const modes = [...new Set(files.map(({ mode }) => mode))];
  const places = [...new Set(files.map(({ to }) => dirname(to)))];
  const withMode = (wanted: number): readonly string[] => files.filter(({ mode }) => mode === wanted).map(({ from }) => from);
  const goingTo = (place: string): readonly Unpacked[] => files.filter(({ to }) => dirname(to) === place);
  return [
    ...modes.map((mode) => sh`chmod ${octal(mode)} -- ${withMode(mode)}`.text),
    ...places.flatMap((place) => moveLines(place, goingTo(place))),
    // A moved file keeps the label of the folder it comes from, and systemd may not run that.
    sh`if [ -e /sys/fs/selinux/enforce ]; then restorecon -F -- ${files.map(({ to }) => to)}; fi`.text,
  ];
}

async function removeStaged(host: Host, staged: string): Promise<void> {
  await host.run(sh`rm -rf -- ${staged} ${unpackFolder(staged)}`);
}

/** What filled a disk is taken away again, or everything else on the host would suffer until the next run. */
const CLEAN_UP = `
clean_up() {
  if [ "$1" = 0 ]; then return; fi
  df -Pk -- "\${staged%/*}" "$into" >&2
  rm -rf -- "$folder" "$staged"
  find "$into" -maxdepth 1 -name '*.kbs-new' -exec rm -f -- {} +
}
trap 'clean_up $?' EXIT`;

async function unpack(host: Host, staged: string, pending: readonly PendingEntry[], timeoutMs: number): Promise<void> {
  const folder = unpackFolder(staged);
  const into = dirname(pending[0]?.to ?? staged);
  const files = pending.map(({ entry, to }) => ({ from: `${folder}/${entry.name}`, to, mode: entry.mode }));
  const lines = [
    'set -e',
    CLEAN_UP,
    'rm -rf -- "$folder"',
    'mkdir -m 0700 -- "$folder"',
    'tar -xf "$staged" -C "$folder" --no-same-owner',
    ...placeLines(files),
  ];
  await runUnpackCommand(host, { lines: lines.join('\n'), variables: { staged, folder, into }, place: into, timeoutMs });
}

/** Files out of an archive, each compared by digest; only the archive travels, and it does not stay. */
export function unpackStep(options: UnpackStepOptions): AnyStep {
  const timeoutMs = options.timeoutMs ?? 1_800_000;
  return step<SeenArchive>({
    id: options.id,
    title: options.title,
    timeoutMs,
    probe: (host) => probeArchive(host, options),
    plan: planArchive,
    async apply(host, { file, pending }, context) {
      if (pending.length > 0) {
        await makeStagingFolder(host);
        const staged = await stage(host, file, context);
        await ensureParents(
          host,
          pending.map(({ to }) => to),
        );
        await host.journal.record(pending.map(({ to, was }) => formerFile(to, was)));
        await unpack(host, staged, pending, timeoutMs);
      }
      await removeStaged(host, stagedPath(file));
    },
    async verify(host) {
      const plan = planArchive(await probeArchive(host, options));
      if (plan.change === 'none') return;
      throw new KbsError('VERIFY_FAILED', `unpacked, but still to do: ${plan.summary}`, { where: { host: host.name, step: options.id } });
    },
  });
}
