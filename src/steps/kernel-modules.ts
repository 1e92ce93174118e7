import { KbsError } from '../errors/index.js';
import { step, type AnyStep, type StepContext } from '../engine/index.js';
import type { Plan } from '../events/index.js';
import { sh, type FileStat, type Host } from '../host/index.js';
import { ensureParents } from './folders.js';
import { WRITTEN_BY_KBS } from './sysctl.js';
import { probeKernelAbilities, type KernelAbility } from './kernel-ability.js';
import type { KernelModulesStepOptions } from './types.js';
import { unifiedDiff } from './unified-diff.js';
import { formerFile } from './upload.js';

interface SeenModules {
  readonly abilities: ReadonlyMap<string, KernelAbility>;
  readonly file: FileStat | undefined;
  readonly fileText: string | undefined;
}

async function probeModules(host: Host, options: KernelModulesStepOptions): Promise<SeenModules> {
  const [abilities, stats, fileText] = await Promise.all([
    probeKernelAbilities(host, options.modules),
    host.files.stat([options.path]),
    host.files.read(options.path),
  ]);
  return { abilities, file: stats.get(options.path), fileText };
}

function namesThatAre(seen: SeenModules, ...abilities: readonly KernelAbility[]): readonly string[] {
  return [...seen.abilities].filter(([, ability]) => abilities.includes(ability)).map(([name]) => name);
}

/** undefined: nothing on this host is a module, so there is nothing to load at boot. */
function wantedText(seen: SeenModules): string | undefined {
  const names = namesThatAre(seen, 'loaded', 'loadable');
  return names.length === 0 ? undefined : [WRITTEN_BY_KBS, ...names, ''].join('\n');
}

function planModules(seen: SeenModules, path: string): Plan {
  const toLoad = namesThatAre(seen, 'loadable');
  const text = wantedText(seen);
  const isFileRight = text === seen.fileText && (text === undefined || seen.file?.mode === 0o644);
  if (toLoad.length === 0 && isFileRight) return { change: 'none' };
  const parts = toLoad.map((name) => `load ${name}`);
  if (!isFileRight) parts.push(`${text === undefined ? 'remove' : 'write'} ${path}`);
  const diff = text === seen.fileText ? '' : unifiedDiff(path, seen.fileText, text);
  return { change: seen.file === undefined ? 'create' : 'update', summary: parts.join(', '), ...(diff === '' ? {} : { diff }) };
}

async function applyModules(host: Host, seen: SeenModules, path: string): Promise<void> {
  const toLoad = namesThatAre(seen, 'loadable');
  const text = wantedText(seen);
  await ensureParents(host, [path]);
  await host.journal.record([formerFile(path, seen.file), ...toLoad.map((name) => ({ kind: 'module', name }) as const)]);
  if (text === undefined) await host.files.remove([path]);
  else await host.files.writeAtomic(path, text, { mode: 0o644 });
  if (toLoad.length > 0) await host.run(sh`PATH=$PATH:/usr/sbin:/sbin modprobe -a -- ${toLoad}`);
}

function warnOfMissing(seen: SeenModules, context: StepContext): void {
  for (const name of namesThatAre(seen, 'missing')) {
    context.warn(`the kernel has no ${name}, neither built in nor as a module`, [`modprobe ${name}`]);
  }
}

/**
 * Parts of the kernel that must be there, now and after a reboot. Asks what the kernel can do before it calls modprobe; what the kernel
 * does not have at all is a warning here, because the preflight check KernelAbilities has the say on it.
 */
export function kernelModulesStep(options: KernelModulesStepOptions): AnyStep {
  return step<SeenModules>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 60_000,
    async probe(host, context) {
      const seen = await probeModules(host, options);
      warnOfMissing(seen, context);
      return seen;
    },
    plan: (seen) => planModules(seen, options.path),
    apply: (host, seen) => applyModules(host, seen, options.path),
    async verify(host) {
      const plan = planModules(await probeModules(host, options), options.path);
      if (plan.change === 'none') return;
      throw new KbsError('VERIFY_FAILED', `kernel modules are not as they should be: ${plan.summary}`, {
        where: { host: host.name, step: options.id },
        remedy: [`lsmod; dmesg | tail   # on ${host.name}`],
      });
    },
  });
}
