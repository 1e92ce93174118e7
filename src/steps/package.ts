import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import { script, sh, type Host, type JournalEntry, type RunOptions } from '../host/index.js';
import type { StepOptions } from './types.js';

/** Packages of the distribution a host shall have. */
export interface PackageStepOptions extends StepOptions {
  /** Names as apt knows them. */
  readonly packages: readonly string[];
  /** Units they bring, which start by themselves: how these were is noted before. */
  readonly units?: readonly string[];
  /** Folders their services fill by themselves: where one was absent, reset takes it away with its content. */
  readonly trees?: readonly string[];
  /** Files that installing them changes or leaves behind, besides those dpkg knows: noted as they were. */
  readonly touches?: readonly string[];
  /** A program that makes all of them unnecessary where it is there already, wherever it came from. */
  readonly sparedBy?: string;
  /** What to do on a host without apt. */
  readonly withoutApt: string;
}

const LIST = `for name in $NAMES; do
  if [ "$(dpkg-query -W -f '\${db:Status-Status}' "$name" 2>/dev/null)" = installed ]; then echo "$name"; fi
done`;

/** Those of the packages that are installed. */
export async function installedPackages(host: Host, packages: readonly string[]): Promise<readonly string[]> {
  if (packages.length === 0) return [];
  const installed = new Set((await host.run(script(LIST, { NAMES: packages.join(' ') }), { retryOnLoss: true })).split('\n'));
  return packages.filter((name) => installed.has(name));
}

async function missingPackages(host: Host, { packages, sparedBy, withoutApt }: PackageStepOptions): Promise<readonly string[]> {
  if (sparedBy !== undefined && (await host.check(sh`command -v ${sparedBy} >/dev/null 2>&1 || exit 1`))) return [];
  if (host.facts.packageManager !== 'apt') {
    throw new KbsError('REMOTE_COMMAND', `packages can be installed by kbs on hosts with apt only; ${host.facts.os.prettyName} has none`, {
      where: { host: host.name },
      remedy: [withoutApt],
    });
  }
  const installed = await installedPackages(host, packages);
  return packages.filter((name) => !installed.includes(name));
}

const APT = sh`env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold`;

/** Packages that an install would add, dependencies included: they are journaled before, so that reset takes off exactly these. */
async function packagesToCome(host: Host, missing: readonly string[]): Promise<readonly string[]> {
  const simulated = await host.run(sh`${APT} install --simulate --no-install-recommends ${missing}`, { timeoutMs: 120_000 });
  return [...simulated.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? '').filter((name) => name !== '');
}

async function stateBefore(host: Host, { units = [], trees = [], touches = [] }: PackageStepOptions): Promise<readonly JournalEntry[]> {
  const [states, stats] = await Promise.all([
    Promise.all(units.map(async (unit) => ({ unit, state: await host.units.state(unit) }))),
    host.files.stat([...trees, ...touches]),
  ]);
  return [
    ...states.map(({ unit, state }): JournalEntry => ({ kind: 'unit', unit, enabled: state.enabled, active: state.active })),
    ...trees.flatMap((path): JournalEntry[] => (stats.get(path) === undefined ? [{ kind: 'tree', path, was: 'absent' }] : [])),
    ...touches.map((path): JournalEntry => ({ kind: 'path', path, was: stats.get(path) === undefined ? 'absent' : 'file' })),
  ];
}

function removedBy(simulated: string): readonly string[] {
  return [...simulated.matchAll(/^(?:Purg|Remv) (\S+)/gm)].map((match) => match[1] ?? '');
}

/**
 * Takes packages off with their configuration, and with them those that came along and nothing else needs.
 * @param brought what kbs has ever installed on the host: nothing else is touched
 * @throws KbsError REMOTE_COMMAND when a package of others has come to need one of them
 */
export async function purgePackages(
  host: Host,
  packages: readonly string[],
  { brought, onLine }: { readonly brought: ReadonlySet<string>; readonly onLine: NonNullable<RunOptions['onLine']> },
): Promise<void> {
  const simulated = await host.run(sh`${APT} purge --simulate --auto-remove ${packages}`, { timeoutMs: 120_000 });
  const leaving = removedBy(simulated).filter((name) => brought.has(name));
  const others = removedBy(await host.run(sh`${APT} purge --simulate ${leaving}`, { timeoutMs: 120_000 })).filter(
    (name) => !leaving.includes(name),
  );
  if (others.length > 0) {
    throw new KbsError('REMOTE_COMMAND', `${others.join(', ')} came after kbs and needs packages that kbs brought: ${leaving.join(', ')}`, {
      where: { host: host.name },
      remedy: [`apt-get purge ${others.join(' ')}   # on ${host.name}, or keep them: apt-mark manual ${leaving.join(' ')}`],
    });
  }
  await host.run(sh`${APT} purge -q -y ${leaving}`, { timeoutMs: 600_000, onLine });
}

/** Packages of the distribution, without recommended ones; what was installed for them is journaled and leaves with reset. */
export function packageStep(options: PackageStepOptions): AnyStep {
  return step<readonly string[]>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 900_000,
    probe: (host) => missingPackages(host, options),
    plan: (missing) =>
      missing.length === 0 ? { change: 'none' } : { change: 'create', summary: `install packages ${missing.join(', ')}` },
    async apply(host, missing, context) {
      await host.run(sh`${APT} update -q`, { timeoutMs: 300_000, onLine: context.output });
      const coming = await packagesToCome(host, missing);
      await host.journal.record([...(await stateBefore(host, options)), ...coming.map((name) => ({ kind: 'package', name }) as const)]);
      await host.run(sh`${APT} install -q -y --no-install-recommends ${missing}`, { timeoutMs: 600_000, onLine: context.output });
    },
    async verify(host) {
      const missing = await missingPackages(host, options);
      if (missing.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `not installed after apt-get install: ${missing.join(', ')}`, {
        where: { host: host.name, step: options.id },
        remedy: [`apt-get install ${missing.join(' ')}   # on ${host.name}`],
      });
    },
  });
}
