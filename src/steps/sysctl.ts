import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import type { Plan } from '../events/index.js';
import { script, type FileStat, type Host } from '../host/index.js';
import { ensureParents } from './folders.js';
import type { SysctlStepOptions } from './types.js';
import { unifiedDiff } from './unified-diff.js';
import { formerFile } from './upload.js';

/** First line of files that are kbs's alone. */
export const WRITTEN_BY_KBS = '# Written by kbs; kbs reset takes it away.';

interface SeenSysctls {
  /** undefined: the kernel has no such key (yet: its module is not loaded). */
  readonly running: ReadonlyMap<string, string | undefined>;
  readonly file: FileStat | undefined;
  readonly fileText: string | undefined;
}

/** Where the kernel shows a setting. In a key, dots part the words; a dot that belongs to a word is written as a slash. */
export function procPath(key: string): string {
  const swapped = [...key].map((letter) => (letter === '.' ? '/' : letter === '/' ? '.' : letter)).join('');
  return `/proc/sys/${swapped}`;
}

function normalized(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}

/** The file's text for these values, in the order given. */
export function renderSysctls(values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
  return [WRITTEN_BY_KBS, ...lines, ''].join('\n');
}

async function readRunning(host: Host, keys: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
  const lines = keys.map(
    (_, index) => `if [ -r "$p${index}" ]; then printf 'is %s\\n' "$(tr -s '\\t\\n' '  ' <"$p${index}")"; else echo none; fi`,
  );
  const paths = Object.fromEntries(keys.map((key, index) => [`p${index}`, procPath(key)]));
  const answers = (await host.run(script(lines.join('\n'), paths))).split('\n');
  return new Map(
    keys.map((key, index) => {
      const answer = answers[index];
      return [key, answer?.startsWith('is ') === true ? normalized(answer.slice(3)) : undefined];
    }),
  );
}

async function probeSysctls(host: Host, options: SysctlStepOptions): Promise<SeenSysctls> {
  const [running, stats, fileText] = await Promise.all([
    readRunning(host, Object.keys(options.values)),
    host.files.stat([options.path]),
    host.files.read(options.path),
  ]);
  return { running, file: stats.get(options.path), fileText };
}

function wrongKeys(seen: SeenSysctls, values: Readonly<Record<string, string>>): readonly [string, string][] {
  return Object.entries(values).filter(([key, value]) => seen.running.get(key) !== normalized(value));
}

function planSysctls(seen: SeenSysctls, { path, values }: SysctlStepOptions): Plan {
  const wrong = wrongKeys(seen, values);
  const text = renderSysctls(values);
  const isFileRight = seen.fileText === text && seen.file?.mode === 0o644;
  if (wrong.length === 0 && isFileRight) return { change: 'none' };
  const parts = wrong.map(([key, value]) => `${key} ${seen.running.get(key) ?? 'unset'} → ${value}`);
  if (!isFileRight) parts.push(`write ${path}`);
  const diff = seen.fileText === text ? '' : unifiedDiff(path, seen.fileText, text);
  return { change: seen.file === undefined ? 'create' : 'update', summary: parts.join(', '), ...(diff === '' ? {} : { diff }) };
}

async function applySysctls(host: Host, seen: SeenSysctls, { path, values }: SysctlStepOptions): Promise<void> {
  const wrong = wrongKeys(seen, values);
  await ensureParents(host, [path]);
  await host.journal.record([
    formerFile(path, seen.file),
    ...wrong.flatMap(([key]) => {
      const was = seen.running.get(key);
      return was === undefined ? [] : [{ kind: 'sysctl', key, was } as const];
    }),
  ]);
  await host.files.writeAtomic(path, renderSysctls(values), { mode: 0o644 });
  // A key that is missing is left to verify, which can say why.
  const lines = wrong.map((_, index) => `[ ! -e "$p${index}" ] || printf '%s\\n' "$v${index}" >"$p${index}"`);
  const variables = wrong.flatMap(([key, value], index) => [
    [`p${index}`, procPath(key)],
    [`v${index}`, value],
  ]);
  if (lines.length > 0) await host.run(script(['set -e', ...lines].join('\n'), Object.fromEntries(variables) as Record<string, string>));
}

/** Kernel settings, running and after a reboot; the values that ran before are journaled. */
export function sysctlStep(options: SysctlStepOptions): AnyStep {
  return step<SeenSysctls>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 60_000,
    probe: (host) => probeSysctls(host, options),
    plan: (seen) => planSysctls(seen, options),
    apply: (host, seen) => applySysctls(host, seen, options),
    async verify(host) {
      const seen = await probeSysctls(host, options);
      const wrong = wrongKeys(seen, options.values);
      if (wrong.length === 0) return;
      const details = wrong.map(([key, value]) => `${key} is ${seen.running.get(key) ?? 'not there'}, not ${value}`);
      throw new KbsError('VERIFY_FAILED', `kernel settings did not take effect: ${details.join(', ')}`, {
        where: { host: host.name, step: options.id },
        details,
        remedy: wrong.some(([key]) => seen.running.get(key) === undefined)
          ? ['modprobe br_netfilter   # net.bridge.* keys exist only while the kernel filters bridged packets']
          : [`sysctl --system; grep -r ${wrong[0]?.[0] ?? ''} /etc/sysctl.d /etc/sysctl.conf`],
      });
    },
  });
}
