import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import { PATHS } from '../constants/index.js';
import { script, sh, type FileStat, type Host } from '../host/index.js';
import type { StepOptions } from './types.js';
import { unifiedDiff } from './unified-diff.js';

const MARK = '#kbs-swap-off# ';

interface SeenSwap {
  /** Devices and files swapped to now. */
  readonly devices: readonly string[];
  readonly fstab: string | undefined;
  readonly file: FileStat | undefined;
}

/** fstab with every line that turns on swap commented out, marked as kbs's doing. */
export function fstabWithoutSwap(text: string): string {
  return text
    .split('\n')
    .map((line) => (/^\s*[^#\s]\S*\s+\S+\s+swap(\s|$)/.test(line) ? MARK + line : line))
    .join('\n');
}

/** {@link fstabWithoutSwap} as an expression of `sed -E`. */
export function fstabSwapExpression(): string {
  return `s/^[[:space:]]*[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap([[:space:]]|$)/${MARK}&/`;
}

/** The inverse of {@link fstabWithoutSwap}. */
export function fstabWithSwap(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.startsWith(MARK) ? line.slice(MARK.length) : line))
    .join('\n');
}

async function probeSwap(host: Host): Promise<SeenSwap> {
  const [swaps, fstab, stats] = await Promise.all([
    host.run(script(`[ ! -e /proc/swaps ] || tail -n +2 /proc/swaps`)),
    host.files.read(PATHS.fstab),
    host.files.stat([PATHS.fstab]),
  ]);
  const devices = swaps
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.split(/\s/)[0] ?? '').replaceAll('\\040', ' '));
  return { devices, fstab, file: stats.get(PATHS.fstab) };
}

async function writeFstab(host: Host, { file }: SeenSwap, text: string): Promise<void> {
  const owner = file === undefined ? 'root:root' : `${file.owner}:${file.group}`;
  await host.files.writeAtomic(PATHS.fstab, text, { mode: file?.mode ?? 0o644, owner });
}

/** Swap off now and at the next boot; the devices are journaled, lines of fstab stay as marked comments. */
export function swapOffStep(options: StepOptions): AnyStep {
  return step<SeenSwap>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 300_000,
    probe: probeSwap,
    plan({ devices, fstab = '' }) {
      const after = fstabWithoutSwap(fstab);
      const parts = devices.map((device) => `swap off ${device}`);
      if (after !== fstab) parts.push(`comment swap out of ${PATHS.fstab}`);
      if (parts.length === 0) return { change: 'none' };
      const diff = after === fstab ? {} : { diff: unifiedDiff(PATHS.fstab, fstab, after) };
      return { change: 'update', summary: parts.join(', '), ...diff };
    },
    async apply(host, seen) {
      await host.journal.record(seen.devices.map((device) => ({ kind: 'swap', device })));
      const after = fstabWithoutSwap(seen.fstab ?? '');
      if (after !== (seen.fstab ?? '')) await writeFstab(host, seen, after);
      // Moving pages back into memory takes as long as it takes.
      for (const device of seen.devices) await host.run(sh`swapoff -- ${device}`, { timeoutMs: 280_000 });
    },
    async verify(host) {
      const { devices } = await probeSwap(host);
      if (devices.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `still swapping to ${devices.join(', ')}`, {
        where: { host: host.name, step: options.id },
        remedy: ['systemctl list-units --type swap; systemctl status systemd-zram-setup@zram0   # what turns it on again?'],
      });
    },
  });
}

/** Undoes {@link swapOffStep}: devices of the journal are turned on again, marked lines of fstab come back. */
export function swapOnStep(options: StepOptions): AnyStep {
  return step<SeenSwap & { readonly former: readonly string[] }>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 60_000,
    async probe(host) {
      const [seen, entries] = await Promise.all([probeSwap(host), host.journal.entries()]);
      const former = entries.flatMap((entry) => (entry.kind === 'swap' ? [entry.device] : []));
      return { ...seen, former: former.filter((device) => !seen.devices.includes(device)) };
    },
    plan({ former, fstab = '' }) {
      const after = fstabWithSwap(fstab);
      const parts = former.map((device) => `swap on ${device}`);
      if (after !== fstab) parts.push(`bring swap back into ${PATHS.fstab}`);
      if (parts.length === 0) return { change: 'none' };
      const diff = after === fstab ? {} : { diff: unifiedDiff(PATHS.fstab, fstab, after) };
      return { change: 'update', summary: parts.join(', '), ...diff };
    },
    async apply(host, seen) {
      const after = fstabWithSwap(seen.fstab ?? '');
      if (after !== (seen.fstab ?? '')) await writeFstab(host, seen, after);
      for (const device of seen.former) await host.run(sh`swapon -- ${device}`);
    },
    async verify(host) {
      const [{ devices }, entries] = await Promise.all([probeSwap(host), host.journal.entries()]);
      const off = entries.flatMap((entry) => (entry.kind === 'swap' && !devices.includes(entry.device) ? [entry.device] : []));
      if (off.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `swap is still off: ${off.join(', ')}`, {
        where: { host: host.name, step: options.id },
        remedy: off.map((device) => `swapon ${device}`),
      });
    },
  });
}
