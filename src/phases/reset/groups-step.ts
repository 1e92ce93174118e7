import type { AnyStep } from '../../engine/index.js';
import { script, sh } from '../../host/index.js';
import type { FormerState } from './former-state.js';
import { sweepStep } from './sweep-step.js';

const LOOK = 'for group in $names; do if getent group "$group" >/dev/null; then echo "$group"; fi; done';

/** Groups that packages made and do not take away with them. */
export function groupsStep({ groups }: Pick<FormerState, 'groups'>): AnyStep {
  return sweepStep({
    id: 'reset/groups',
    title: 'Remove groups of packages',
    look: script(LOOK, { names: groups.join(' ') }),
    describe: (found) => `remove group ${found.join(', ')}`,
    async sweep(found, host) {
      for (const group of found) await host.run(sh`groupdel -- ${group}`);
    },
    remedy: (left) => left.map((group) => `groupdel ${group}`),
  });
}
