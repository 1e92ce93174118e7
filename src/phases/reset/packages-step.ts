import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { script, sh, type Host } from '../../host/index.js';
import type { FormerState } from './former-state.js';

const INSTALLED = `for name in $NAMES; do
  if dpkg-query -W -f '\${db:Status-Status}' "$name" 2>/dev/null | grep -Eqv '^(not-installed)?$'; then echo "$name"; fi
done; exit 0`;

const APT = sh`env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120`;

async function installedOf(host: Host, packages: readonly string[]): Promise<readonly string[]> {
  if (packages.length === 0) return [];
  const text = await host.run(script(INSTALLED, { NAMES: packages.join(' ') }), { retryOnLoss: true });
  return text.split('\n').filter((line) => line !== '');
}

/** Packages whose removal would take others along, which kbs did not bring: the run stops then. */
async function wouldAlsoRemove(host: Host, packages: readonly string[]): Promise<readonly string[]> {
  const simulated = await host.run(sh`${APT} purge --simulate ${packages}`, { timeoutMs: 120_000 });
  const names = [...simulated.matchAll(/^(?:Purg|Remv) (\S+)/gm)].map((match) => match[1] ?? '');
  return names.filter((name) => !packages.includes(name));
}

/** Packages kbs installed, configuration included. Stops where a package of others has come to need one of them. */
export function packagesStep({ packages }: Pick<FormerState, 'packages'>): AnyStep {
  return step<readonly string[]>({
    id: 'reset/packages',
    title: 'Remove packages',
    timeoutMs: 900_000,
    probe: (host) => installedOf(host, packages),
    plan: (installed) =>
      installed.length === 0 ? { change: 'none' } : { change: 'remove', summary: `purge packages ${installed.join(', ')}` },
    async apply(host, installed, context) {
      const others = await wouldAlsoRemove(host, installed);
      if (others.length > 0) {
        throw new KbsError(
          'REMOTE_COMMAND',
          `${others.join(', ')} came after kbs and needs packages that kbs brought: ${installed.join(', ')}`,
          {
            where: { host: host.name },
            remedy: [`apt-get purge ${others.join(' ')}   # on ${host.name}, or keep them: apt-mark manual ${installed.join(' ')}`],
          },
        );
      }
      await host.run(sh`${APT} purge -q -y ${installed}`, { timeoutMs: 800_000, onLine: context.output });
    },
    async verify(host) {
      const left = await installedOf(host, packages);
      if (left.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `still installed: ${left.join(', ')}`, {
        where: { host: host.name },
        remedy: [`apt-get purge ${left.join(' ')}`],
      });
    },
  });
}
