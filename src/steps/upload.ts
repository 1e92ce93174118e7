import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import type { Plan } from '../events/index.js';
import type { FileStat, Host, JournalEntry } from '../host/index.js';
import { ensureParents, octal } from './folders.js';
import type { LocalFile, UploadStepOptions } from './types.js';
import { uploadTo } from './uploads.js';

interface PendingUpload {
  readonly file: LocalFile;
  readonly to: string;
  readonly mode: number;
  readonly was: FileStat | undefined;
  readonly contentDiffers: boolean;
}

async function probeUploads(host: Host, options: UploadStepOptions): Promise<readonly PendingUpload[]> {
  const files = await Promise.all(options.files.map(async ({ source, to, mode }) => ({ file: await source(), to, mode })));
  const paths = files.map(({ to }) => to);
  const [stats, digests] = await Promise.all([host.files.stat(paths), host.files.sha256(paths)]);
  return files
    .map((wanted) => ({
      ...wanted,
      was: stats.get(wanted.to),
      contentDiffers: digests.get(wanted.to) !== wanted.file.sha256,
    }))
    .filter(({ was, mode, contentDiffers }) => contentDiffers || was?.mode !== mode);
}

function planUploads(pending: readonly PendingUpload[]): Plan {
  if (pending.length === 0) return { change: 'none' };
  const summary = pending
    .map(({ to, mode, was, contentDiffers }) => {
      if (was === undefined) return `upload ${to}`;
      return contentDiffers ? `replace ${to}` : `mode of ${to} ${octal(was.mode)} → ${octal(mode)}`;
    })
    .join(', ');
  return { change: pending.every(({ was }) => was === undefined) ? 'create' : 'update', summary };
}

/** What the journal says of a file that is about to be replaced. */
export function formerFile(path: string, was: FileStat | undefined): JournalEntry {
  if (was === undefined) return { kind: 'path', path, was: 'absent' };
  if (was.type === 'file' || was.type === 'link') return { kind: 'path', path, was: was.type };
  throw new KbsError('FILE_WRITE', `${path} is no file`, { remedy: [`ls -ld ${path}   # then move it away`] });
}

/** Single large files (programs) with exactly this content and mode; a program that runs is replaced by rename. */
export function uploadStep(options: UploadStepOptions): AnyStep {
  return step<readonly PendingUpload[]>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 1_800_000,
    probe: (host) => probeUploads(host, options),
    plan: planUploads,
    async apply(host, pending, context) {
      await ensureParents(
        host,
        pending.map(({ to }) => to),
      );
      await host.journal.record(pending.map(({ to, was }) => formerFile(to, was)));
      for (const { file, to, mode } of pending) await uploadTo(host, file, { path: to, mode }, context);
    },
    async verify(host) {
      const plan = planUploads(await probeUploads(host, options));
      if (plan.change === 'none') return;
      throw new KbsError('VERIFY_FAILED', `uploaded, but not as it should be: ${plan.summary}`, {
        where: { host: host.name, step: options.id },
        remedy: options.files.map(({ to }) => `sha256sum ${to}`),
      });
    },
  });
}
