import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import type { Plan } from '../events/index.js';
import { sh, type FileStat, type Host, type JournalEntry } from '../host/index.js';
import { Secret } from '../secret/index.js';
import { sha256Of } from './digest.js';
import { folderEntries, makeFolders, octal, parentFolders } from './folders.js';
import type { DirectorySpec, FileSpec, FilesStepOptions } from './types.js';
import { unifiedDiff } from './unified-diff.js';

interface FileChange {
  readonly file: FileSpec;
  readonly was: FileStat | undefined;
  readonly contentDiffers: boolean;
  /** Present text, read only where it may be shown in a diff. */
  readonly text: string | undefined;
}

interface SeenFiles {
  /** Outermost first. */
  readonly missingFolders: readonly DirectorySpec[];
  readonly wrongFolders: readonly DirectorySpec[];
  readonly changes: readonly FileChange[];
}

function withGroup(owner: string): string {
  return owner.includes(':') ? owner : `${owner}:${owner}`;
}

function hasRightOwner(file: FileSpec, was: FileStat): boolean {
  return withGroup(file.owner ?? 'root:root') === `${was.owner}:${was.group}`;
}

/** Also what nobody else could read so far and everybody may from now on: secrets were in it, or it would have been open before. */
function isSecret({ content, mode }: FileSpec, was: FileStat | undefined): boolean {
  const wasPrivate = was !== undefined && (was.mode & 0o077) === 0;
  return content instanceof Secret || (wasPrivate && (mode & 0o077) !== 0);
}

function isAnothers(was: FileStat | undefined, only: FilesStepOptions['only']): boolean {
  return only === 'missing' ? was !== undefined : only === 'present' && was === undefined;
}

async function probeFiles(host: Host, options: FilesStepOptions): Promise<SeenFiles> {
  const asked = options.directories ?? [];
  const paths = options.files.map((file) => file.path);
  // What is there has its folders.
  const placed = options.only === 'present' ? [] : paths;
  const parents = parentFolders([...placed, ...asked.map((folder) => folder.path)]).filter(
    (parent) => !asked.some((folder) => folder.path === parent.path),
  );
  const folders = [...parents, ...asked].sort((a, b) => a.path.length - b.path.length);
  const [stats, digests] = await Promise.all([
    host.files.stat([...folders.map((folder) => folder.path), ...paths]),
    host.files.sha256(paths),
  ]);
  const changes = await Promise.all(
    options.files.map(async (file): Promise<FileChange | undefined> => {
      const was = stats.get(file.path);
      if (isAnothers(was, options.only)) return undefined;
      const contentDiffers = was?.type !== 'file' || digests.get(file.path) !== sha256Of(file.content);
      if (was !== undefined && !contentDiffers && was.mode === file.mode && hasRightOwner(file, was)) return undefined;
      const isShown = contentDiffers && was !== undefined && !isSecret(file, was);
      return { file, was, contentDiffers, text: isShown ? await host.files.read(file.path) : undefined };
    }),
  );
  return {
    missingFolders: folders.filter((folder) => stats.get(folder.path) === undefined),
    wrongFolders: asked.filter((folder) => {
      const was = stats.get(folder.path);
      return was !== undefined && was.mode !== folder.mode;
    }),
    changes: changes.filter((change) => change !== undefined),
  };
}

function describe({ file, was, contentDiffers }: FileChange): string {
  if (was === undefined) return `create ${file.path}`;
  if (contentDiffers) return `change ${file.path}`;
  if (was.mode !== file.mode) return `mode of ${file.path} ${octal(was.mode)} → ${octal(file.mode)}`;
  return `owner of ${file.path} ${was.owner}:${was.group} → ${withGroup(file.owner ?? 'root')}`;
}

function planFiles(seen: SeenFiles): Plan {
  const { missingFolders, wrongFolders, changes } = seen;
  if (missingFolders.length + wrongFolders.length + changes.length === 0) return { change: 'none' };
  const summary = [
    ...missingFolders.map((folder) => `create ${folder.path}/`),
    ...wrongFolders.map((folder) => `mode of ${folder.path}/ → ${octal(folder.mode)}`),
    ...changes.map(describe),
  ].join(', ');
  const diff = changes
    .filter((change) => change.contentDiffers && !isSecret(change.file, change.was))
    .map(({ file, text }) => unifiedDiff(file.path, text, file.content instanceof Secret ? undefined : file.content))
    .join('');
  const isNew = wrongFolders.length === 0 && changes.every((change) => change.was === undefined);
  return { change: isNew ? 'create' : 'update', summary, ...(diff === '' ? {} : { diff }) };
}

function formerState({ file, was }: FileChange): JournalEntry {
  if (was === undefined) return { kind: 'path', path: file.path, was: 'absent' };
  if (was.type === 'other') {
    throw new KbsError('FILE_WRITE', `${file.path} is neither a file nor a folder nor a link`, {
      remedy: [`ls -ld ${file.path}   # then move it away`],
    });
  }
  return { kind: 'path', path: file.path, was: was.type };
}

async function applyFiles(host: Host, seen: SeenFiles): Promise<void> {
  await host.journal.record([
    ...folderEntries(seen.missingFolders),
    ...seen.wrongFolders.map(({ path }) => ({ kind: 'path', path, was: 'directory' }) as const),
    ...seen.changes.map(formerState),
  ]);
  await makeFolders(host, seen.missingFolders);
  for (const folder of seen.wrongFolders) await host.run(sh`chmod ${octal(folder.mode)} -- ${folder.path}`);
  await Promise.all(
    seen.changes.map(({ file }) => host.files.writeAtomic(file.path, file.content, { mode: file.mode, owner: file.owner ?? 'root:root' })),
  );
}

/**
 * Small files with exactly this content, mode and owner, and the folders around them. Compared by digest; the plan shows a diff of
 * text that is no secret; what was there before is journaled.
 */
export function filesStep(options: FilesStepOptions): AnyStep {
  return step<SeenFiles>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 60_000,
    probe: (host) => probeFiles(host, options),
    plan: planFiles,
    apply: applyFiles,
    async verify(host) {
      const plan = planFiles(await probeFiles(host, options));
      if (plan.change === 'none') return;
      throw new KbsError('VERIFY_FAILED', `files differ right after they were written: ${plan.summary}`, {
        where: { host: host.name, step: options.id },
        remedy: ['look for configuration management (puppet, chef, ansible-pull) that writes the same files'],
      });
    },
  });
}
