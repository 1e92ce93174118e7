import { KbsError } from '../errors/index.js';
import { step, type AnyStep, type StepContext } from '../engine/index.js';
import type { Plan } from '../events/index.js';
import { sh, type Command, type Host } from '../host/index.js';
import type { ImageImportStepOptions, LocalFile } from './types.js';
import { makeStagingFolder, stage, stagedPath } from './uploads.js';

interface SeenImages {
  readonly missing: readonly string[];
  /** Each archive once, with the missing images it brings. */
  readonly imports: readonly { readonly file: LocalFile; readonly references: readonly string[] }[];
  readonly pulls: readonly string[];
  /** Archives a run that was cut off left on the host. */
  readonly leftovers: readonly string[];
}

/** References on the host; a runtime that is not there yet has none. */
async function listImages(host: Host, options: ImageImportStepOptions): Promise<ReadonlySet<string>> {
  try {
    const lines = await host.run(options.runtime.list);
    return new Set(lines.split('\n').map((line) => line.trim()));
  } catch (error) {
    // Not installed or not started yet: in `plan` that is so on every bare host, and in `apply` the import tells what is wrong.
    if (error instanceof KbsError && error.code === 'REMOTE_COMMAND') return new Set();
    throw error;
  }
}

async function probeImages(host: Host, options: ImageImportStepOptions): Promise<SeenImages> {
  const present = await listImages(host, options);
  const wanted = await Promise.all(options.images.map(async ({ reference, archive }) => ({ reference, file: await archive() })));
  const missing = wanted.filter(({ reference }) => !present.has(reference));
  const byDigest = new Map<string, { file: LocalFile; references: string[] }>();
  for (const { reference, file } of missing) {
    if (file === undefined) continue;
    const known = byDigest.get(file.sha256) ?? { file, references: [] };
    known.references.push(reference);
    byDigest.set(file.sha256, known);
  }
  const staged = [...new Set(wanted.flatMap(({ file }) => (file === undefined ? [] : [stagedPath(file)])))];
  const stats = staged.length === 0 ? new Map<string, undefined>() : await host.files.stat(staged);
  return {
    missing: missing.map(({ reference }) => reference),
    imports: [...byDigest.values()],
    pulls: missing.filter(({ file }) => file === undefined).map(({ reference }) => reference),
    leftovers: staged.filter((path) => stats.get(path) !== undefined),
  };
}

function planImages({ imports, pulls, leftovers }: SeenImages): Plan {
  const parts = [...imports.map(({ references }) => `import ${references.join(', ')}`), ...pulls.map((reference) => `pull ${reference}`)];
  if (parts.length > 0) return { change: 'create', summary: parts.join(', ') };
  return leftovers.length > 0 ? { change: 'remove', summary: `remove staged archives ${leftovers.join(', ')}` } : { change: 'none' };
}

/** One round trip for both; an archive that could not be imported stays for the next try. */
function importAndRemove({ runtime }: ImageImportStepOptions, archive: string, references: readonly string[]): Command {
  return sh`(
${runtime.import(archive, references)}
) && rm -f -- ${archive}`;
}

async function applyImages(host: Host, seen: SeenImages, options: ImageImportStepOptions, context: StepContext): Promise<void> {
  const timeoutMs = options.timeoutMs ?? 1_800_000;
  await host.journal.record(seen.missing.map((reference) => ({ kind: 'note', name: `image ${reference}`, value: 'absent' })));
  if (seen.imports.length > 0) await makeStagingFolder(host);
  const [first, ...rest] = seen.imports;
  let ready = first === undefined ? undefined : await stage(host, first.file, context);
  let references = first?.references ?? [];
  for (const next of [...rest, undefined]) {
    if (ready === undefined) break;
    const archive: string = ready;
    // The next archive travels while the runtime unpacks this one.
    const [staged] = await Promise.all([
      next === undefined ? undefined : stage(host, next.file, context),
      host.run(importAndRemove(options, archive, references), { timeoutMs }),
    ]);
    ready = staged;
    references = next?.references ?? [];
  }
  for (const reference of seen.pulls) {
    context.progress(`pulling ${reference}`);
    await host.run(options.runtime.pull(reference), { timeoutMs });
  }
  const imported = new Set(seen.imports.map(({ file }) => stagedPath(file)));
  const others = seen.leftovers.filter((path) => !imported.has(path));
  if (others.length > 0) await host.run(sh`rm -f -- ${others}`);
}

/** Images the container runtime shall have, from archives or, without one, from their registry. */
export function imageImportStep(options: ImageImportStepOptions): AnyStep {
  return step<SeenImages>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 1_800_000,
    probe: (host) => probeImages(host, options),
    plan: planImages,
    apply: (host, seen, context) => applyImages(host, seen, options, context),
    async verify(host) {
      const present = await listImages(host, options);
      const missing = options.images.map(({ reference }) => reference).filter((reference) => !present.has(reference));
      if (missing.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `imported, but the container runtime does not list ${missing.join(', ')}`, {
        where: { host: host.name, step: options.id },
        details: [...present].filter((line) => line !== '').map((line) => `present: ${line}`),
        remedy: [`${options.runtime.list.text}   # on ${host.name}: names must be full references`],
      });
    },
  });
}
