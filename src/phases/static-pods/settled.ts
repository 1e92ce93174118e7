import { UNITS } from '../../constants/index.js';
import { waitFor, type AnyStep, type StepContext } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { filesStep, type FileSpec } from '../../steps/index.js';

/**
 * A manifest that changes while the kubelet, just started, has not yet looked after the pods that run is lost on it: the former process runs
 * on, until the kubelet is started again. Seen with kubelet v1.25.0 when it was a second old (watched for three minutes), not at three.
 */
const KUBELET_SETTLED_MS = 10_000;
const STEP_MS = 60_000;

/**
 * Waits until a kubelet that has just been started knows its pods: from then on it overlooks no manifest that changes.
 * @throws KbsError WAIT_TIMEOUT when it is started again and again
 */
export async function untilSettled(host: Host, { signal }: StepContext): Promise<void> {
  await waitFor({
    what: `the kubelet of ${host.name} to know its pods`,
    forMs: 2 * KUBELET_SETTLED_MS,
    signal,
    where: { host: host.name },
    remedy: [`systemctl status ${UNITS.kubelet}; journalctl -u ${UNITS.kubelet} -n 50 --no-pager   # on ${host.name}`],
    probe: async () => {
      const { startedMs } = await host.units.state(UNITS.kubelet);
      // One that does not run reads what is there when it starts.
      if (startedMs === undefined) return { done: true, value: undefined };
      const ageMs = Date.now() + host.facts.clockSkewMs - startedMs;
      return ageMs >= KUBELET_SETTLED_MS ? { done: true, value: undefined } : { done: false, seen: 'it has just been started' };
    },
  });
}

/** The manifest of a static pod. One that is there already does not change before the kubelet knows its pods. */
export function staticPodStep({
  id,
  title,
  manifest,
}: {
  readonly id: string;
  readonly title: string;
  readonly manifest: FileSpec;
}): AnyStep {
  const written = filesStep({ id, title, files: [manifest], timeoutMs: STEP_MS });
  return {
    ...written,
    async prepare(host, context) {
      const prepared = await written.prepare(host, context);
      if (prepared.plan.change !== 'update') return prepared;
      return {
        ...prepared,
        async apply() {
          await untilSettled(host, context);
          await prepared.apply();
        },
      };
    },
  };
}
