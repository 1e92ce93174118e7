import { PATHS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { script } from '../../host/index.js';
import { sweepStep } from './sweep-step.js';

/** The journal under the name it has while it is being removed. */
export const DISCARDED_DIR = `${PATHS.kbsDir}.discarded`;

const LOOK = 'for path in "$large" "$own" "$discarded"; do if [ -e "$path" ]; then echo "$path"; fi; done';

/** By rename: with half of the originals gone, the journal would lead a next reset astray. */
const FORGET = `
set -e
rm -rf --one-file-system -- "$large" "$discarded"
if [ -e "$own" ]; then mv -T -- "$own" "$discarded"; fi
sync
rm -rf --one-file-system -- "$discarded"`;

/** What kbs keeps on a host. The very last step: until then a reset that was cut off can be repeated. */
export function forgetStep(): AnyStep {
  const variables = { large: PATHS.kbsStateDir, own: PATHS.kbsDir, discarded: DISCARDED_DIR };
  return sweepStep({
    id: 'reset/forget',
    title: 'Remove what kbs noted',
    look: script(LOOK, variables),
    sweep: async (_found, host) => {
      await host.run(script(FORGET, variables));
    },
    remedy: (left) => left.map((path) => `rm -r ${path}`),
  });
}
