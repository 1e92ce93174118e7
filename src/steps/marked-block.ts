import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import type { Plan } from '../events/index.js';
import type { FileStat, Host } from '../host/index.js';
import type { MarkedBlockStepOptions } from './types.js';
import { unifiedDiff } from './unified-diff.js';

interface SeenBlock {
  readonly text: string | undefined;
  readonly file: FileStat | undefined;
}

/**
 * A text with one block between marks: replaced where it stands, else added at the end; without lines it is taken out, and the rest
 * is as if it had never been there.
 */
export function withMarkedBlock(text: string, mark: string, lines: readonly string[]): string {
  const begin = `# BEGIN ${mark}`;
  const end = `# END ${mark}`;
  const present = text.split('\n');
  const from = present.indexOf(begin);
  const to = present.indexOf(end, from + 1);
  const block = lines.length === 0 ? [] : [begin, ...lines, end];
  if (from >= 0 && to > from) return [...present.slice(0, from), ...block, ...present.slice(to + 1)].join('\n');
  if (block.length === 0) return text;
  return [...(text === '' ? [] : [text.endsWith('\n') ? text.slice(0, -1) : text]), ...block, ''].join('\n');
}

async function probeBlock(host: Host, path: string): Promise<SeenBlock> {
  const [text, stats] = await Promise.all([host.files.read(path), host.files.stat([path])]);
  return { text, file: stats.get(path) };
}

function planBlock({ text }: SeenBlock, { path, mark, lines }: MarkedBlockStepOptions): Plan {
  const after = withMarkedBlock(text ?? '', mark, lines);
  if (after === (text ?? '')) return { change: 'none' };
  const verb = lines.length === 0 ? 'remove' : 'write';
  return {
    change: lines.length === 0 ? 'remove' : text === undefined ? 'create' : 'update',
    summary: `${verb} the block "${mark}" in ${path}`,
    diff: unifiedDiff(path, text, after),
  };
}

/**
 * Lines of kbs in a file that belongs to others. The file is not journaled when it was there before: reset takes out the block (the
 * same step without lines), so that what others changed meanwhile survives.
 */
export function markedBlockStep(options: MarkedBlockStepOptions): AnyStep {
  const { path, mark, lines } = options;
  return step<SeenBlock>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 60_000,
    probe: (host) => probeBlock(host, path),
    plan: (seen) => planBlock(seen, options),
    async apply(host, { text, file }) {
      if (text === undefined) await host.journal.record([{ kind: 'path', path, was: 'absent' }]);
      await host.files.writeAtomic(path, withMarkedBlock(text ?? '', mark, lines), {
        mode: file?.mode ?? options.mode ?? 0o644,
        owner: file === undefined ? 'root:root' : `${file.owner}:${file.group}`,
      });
    },
    async verify(host) {
      const plan = planBlock(await probeBlock(host, path), options);
      if (plan.change === 'none') return;
      throw new KbsError('VERIFY_FAILED', `${path} was changed by somebody else at the same time`, {
        where: { host: host.name, step: options.id },
        remedy: [`grep -n ${mark.split(' ')[0] ?? mark} ${path}   # on ${host.name}: which program writes this file?`],
      });
    },
  });
}
