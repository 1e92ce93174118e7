import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { randomNumbers } from '../support/random-numbers.js';
import { IS_THOROUGH } from '../support/thorough.js';

const HOSTS = ['cp1', 'cp2', 'cp3', 'w1', 'w2'];

/** How often kbs is killed in all: more by hand than in every run of the tests, where it costs minutes. */
const KILLS = Number(process.env['KBS_TEST_KILLS'] ?? (IS_THOROUGH ? 20 : 2));
/** The same seed kills at the same moments. */
const SEED = Number(process.env['KBS_TEST_SEED'] ?? Date.now() % 1_000_000);
/** So often while one cluster is made; then it may finish, is looked at, and is taken away for the next. */
const KILLS_A_CLUSTER = 5;
/** An undisturbed run takes about this long; what a killed run has done makes the next one shorter. */
const LATEST_KILL_MS = 40_000;

let cluster: LabCluster;

beforeAll(async () => {
  cluster = await createLabCluster({
    name: 'chaos',
    hosts: HOSTS.map((name) => ({ name })),
    spec: (lab) => ({ controlPlaneEndpoint: { host: lab.host('cp1').address } }),
  });
});

afterAll(async () => {
  await cluster.down();
});

/** Runs kbs to its end, which has to be a green proof of all hosts. */
async function finish(): Promise<void> {
  const { proof, hosts } = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
  expect(hosts).toEqual(HOSTS);
  expect(proof.length).toBeGreaterThan(HOSTS.length);
  expect(proof.filter(({ ok }) => !ok)).toEqual([]);
}

describe.sequential(
  `kbs killed ${KILLS} times at random moments while it makes three control planes and two workers (seed ${SEED})`,
  () => {
    const random = randomNumbers(SEED);
    const moments = Array.from({ length: KILLS }, () => Math.round(300 + random() * (LATEST_KILL_MS - 300)));
    const clusters = Array.from({ length: Math.ceil(KILLS / KILLS_A_CLUSTER) }, (_, index) =>
      moments.slice(index * KILLS_A_CLUSTER, (index + 1) * KILLS_A_CLUSTER),
    );

    test.each(clusters.map((kills, index) => ({ number: index + 1, kills })))(
      'cluster $number, killed after $kills ms: the next run ends with a green proof, and nothing is left to do',
      { timeout: 1_200_000 },
      async ({ kills }) => {
        for (const killAfterMs of kills) {
          const run = await cluster.kbs(['apply', '-f', cluster.file], { killAfterMs });
          // Done before its moment came: then it has to be well.
          expect([0, 137], run.stderr).toContain(run.exitCode);
        }
        await finish();
        const plan = await cluster.kbs(['plan', '-f', cluster.file, '--exit-code']);
        expect(plan, plan.stdout).toMatchObject({ exitCode: 0 });
        const { components } = await cluster.kbsJson<{ components: { healthy: boolean }[] }>(['status', '-f', cluster.file]);
        expect(components.filter(({ healthy }) => !healthy)).toEqual([]);
        const reset = await cluster.kbs(['reset', '-f', cluster.file, '--yes']);
        expect(reset.exitCode, reset.stderr).toBe(0);
      },
    );
  },
);
