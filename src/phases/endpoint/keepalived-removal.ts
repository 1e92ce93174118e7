import { UNITS } from '../../constants/index.js';
import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { sh, type Host, type JournalEntry } from '../../host/index.js';
import { FILE_MARK } from '../../render/index.js';
import { installedPackages, purgePackages } from '../../steps/index.js';
import { KEEPALIVED_FILES, KEEPALIVED_PACKAGES } from './keepalived.js';

interface Remains {
  /** Units that run or would start, with configuration of kbs. */
  readonly units: readonly string[];
  /** Packages kbs brought and that are still there. */
  readonly packages: readonly string[];
  /** Files of kbs. */
  readonly files: readonly string[];
}

function packagesIn(entries: readonly JournalEntry[]): readonly string[] {
  return entries.flatMap((entry) => (entry.kind === 'package' ? [entry.name] : []));
}

/** Files with kbs's mark; one of somebody else is nobody's business here. */
async function ownFiles(host: Host): Promise<readonly string[]> {
  const stats = await host.files.stat(KEEPALIVED_FILES);
  const present = KEEPALIVED_FILES.filter((path) => stats.get(path) !== undefined);
  if (present.length === 0) return [];
  const own = await host.run(sh`grep -lF ${FILE_MARK} -- ${present} || [ $? = 1 ]`, { retryOnLoss: true });
  return own.split('\n').filter((line) => line !== '');
}

async function remains(host: Host): Promise<Remains> {
  const [files, entries] = await Promise.all([ownFiles(host), host.journal.entries()]);
  const brought = packagesIn(entries);
  const packages = await installedPackages(
    host,
    KEEPALIVED_PACKAGES.filter((name) => brought.includes(name)),
  );
  if (files.length === 0) return { files, packages, units: [] };
  const units = await Promise.all(
    // keepalived first: its address has to go before what answers on it.
    [UNITS.keepalived, UNITS.haproxy].map(async (unit) => {
      const { active, enabled } = await host.units.state(unit);
      return active === 'active' || active === 'activating' || enabled === 'enabled' ? [unit] : [];
    }),
  );
  return { files, packages, units: units.flat() };
}

function summary({ units, packages, files }: Remains): string {
  const parts = [
    ...(units.length === 0 ? [] : [`stop ${units.join(', ')}`]),
    ...(packages.length === 0 ? [] : [`purge packages ${packages.join(', ')}`]),
    ...(files.length === 0 ? [] : [`remove ${files.join(', ')}`]),
  ];
  return parts.join(', ');
}

/**
 * Takes keepalived and haproxy off a control plane whose endpoint is made by somebody else now. The files go last: as long as they are
 * there, a run that was cut off is continued by the next one.
 */
export function removeKeepalivedStep(): AnyStep {
  return step<Remains>({
    id: 'endpoint/remove-keepalived',
    title: 'Take keepalived and haproxy off the host',
    timeoutMs: 900_000,
    probe: remains,
    plan: (seen) => (summary(seen) === '' ? { change: 'none' } : { change: 'remove', summary: summary(seen) }),
    async apply(host, { units, packages, files }, { output }) {
      for (const unit of units) {
        await host.units.stop(unit);
        await host.units.disable(unit);
      }
      if (packages.length > 0) {
        const brought = new Set(packagesIn(await host.journal.entries()));
        await purgePackages(host, packages, { brought, onLine: output });
        await host.units.daemonReload();
      }
      await host.files.remove(files);
    },
    async verify(host) {
      const left = summary(await remains(host));
      if (left !== '') throw new KbsError('VERIFY_FAILED', `still to be done: ${left}`, { where: { host: host.name } });
    },
  });
}
