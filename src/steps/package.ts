import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import { script, sh, type Host } from '../host/index.js';
import type { StepOptions } from './types.js';

/** Packages of the distribution a host shall have. */
export interface PackageStepOptions extends StepOptions {
  /** Names as apt knows them. */
  readonly packages: readonly string[];
}

const LIST = `for name in $NAMES; do
  if [ "$(dpkg-query -W -f '\${db:Status-Status}' "$name" 2>/dev/null)" = installed ]; then echo "$name"; fi
done`;

async function missingPackages(host: Host, packages: readonly string[]): Promise<readonly string[]> {
  if (host.facts.packageManager !== 'apt') {
    throw new KbsError('REMOTE_COMMAND', `packages can be installed by kbs on hosts with apt only; ${host.facts.os.prettyName} has none`, {
      where: { host: host.name },
      remedy: ['set containerRuntime.install: artifact in the cluster file'],
    });
  }
  const installed = new Set((await host.run(script(LIST, { NAMES: packages.join(' ') }), { retryOnLoss: true })).split('\n'));
  return packages.filter((name) => !installed.has(name));
}

const APT = sh`env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold`;

/** Packages that an install would add, dependencies included: they are journaled before, so that reset takes off exactly these. */
async function packagesToCome(host: Host, missing: readonly string[]): Promise<readonly string[]> {
  const simulated = await host.run(sh`${APT} install --simulate --no-install-recommends ${missing}`, { timeoutMs: 120_000 });
  return [...simulated.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? '').filter((name) => name !== '');
}

/** Packages of the distribution, without recommended ones; what was installed for them is journaled and leaves with reset. */
export function packageStep(options: PackageStepOptions): AnyStep {
  return step<readonly string[]>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 900_000,
    probe: (host) => missingPackages(host, options.packages),
    plan: (missing) =>
      missing.length === 0 ? { change: 'none' } : { change: 'create', summary: `install packages ${missing.join(', ')}` },
    async apply(host, missing, context) {
      await host.run(sh`${APT} update -q`, { timeoutMs: 300_000, onLine: context.output });
      const coming = await packagesToCome(host, missing);
      await host.journal.record(coming.map((name) => ({ kind: 'package', name })));
      await host.run(sh`${APT} install -q -y --no-install-recommends ${missing}`, { timeoutMs: 600_000, onLine: context.output });
    },
    async verify(host) {
      const missing = await missingPackages(host, options.packages);
      if (missing.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `not installed after apt-get install: ${missing.join(', ')}`, {
        where: { host: host.name, step: options.id },
        remedy: [`apt-get install ${missing.join(' ')}   # on ${host.name}`],
      });
    },
  });
}
