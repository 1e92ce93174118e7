const DEPTHS = ['everyday', 'all', 'thorough'] as const;

function depthOf(name: string | undefined): (typeof DEPTHS)[number] {
  const depth = DEPTHS.find((known) => known === (name ?? 'all'));
  if (depth === undefined) throw new Error(`KBS_TEST_DEPTH is ${name}: it is ${DEPTHS.join(', ')} or not set`);
  return depth;
}

/** How far the tests on real hosts go (`KBS_TEST_DEPTH`); a file run by itself does everything once. */
const DEPTH = depthOf(process.env['KBS_TEST_DEPTH']);

/**
 * Whether only that is done which every change is tried with (`npm test`): the lives of a cluster with one and with three control planes,
 * hosts that kbs runs on themselves, the comparison with kubeadm, bad input, bad moments. What else kbs can do is tried with `npm test -- --all`.
 */
export const IS_EVERYDAY = DEPTH === 'everyday';

/**
 * Whether every round of the long tests is run (`npm test -- --thorough`): each control plane lost in turn and not the first alone, each pod
 * network with Docker Engine too, kbs killed twenty times. Without it every kind of thing is still done once.
 */
export const IS_THOROUGH = DEPTH === 'thorough';
