import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { IS_THOROUGH } from '../support/depth.js';
import { describeKills, killMoments, killedAt } from '../support/kills.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';

const HOSTS = ['cp1', 'cp2', 'cp3', 'w1', 'w2'];

/** How often kbs is killed in all. Every run of the tests does it twice, in endpoint-failover: this one takes a quarter of an hour. */
const KILLS = Number(process.env['KBS_TEST_KILLS'] ?? (IS_THOROUGH ? 20 : 0));
/** So often while one cluster is made; then it may finish, is looked at, and is taken away for the next. */
const KILLS_A_CLUSTER = 5;

const TITLE =
  KILLS > 0
    ? `kbs killed ${KILLS} times at random moments while it makes three control planes and two workers`
    : 'kbs killed at random moments (skipped: takes a quarter of an hour, KBS_TEST_KILLS=20 runs it)';

describe.skipIf(KILLS === 0)(TITLE, () => {
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

  const moments = killMoments(KILLS);
  const clusters = Array.from({ length: Math.ceil(Math.max(KILLS, 1) / KILLS_A_CLUSTER) }, (_, index) =>
    moments.slice(index * KILLS_A_CLUSTER, (index + 1) * KILLS_A_CLUSTER),
  );

  test.each(clusters.map((kills, index) => ({ number: index + 1, kills, when: describeKills(kills) })))(
    'cluster $number, $when: the next run ends with a green proof, and nothing is left to do',
    { timeout: 1_200_000 },
    async ({ kills }) => {
      await killedAt(cluster, kills, ['apply', '-f', cluster.file]);
      await finish();
      const plan = await cluster.kbs(['plan', '-f', cluster.file, '--exit-code']);
      expect(plan, plan.stdout).toMatchObject({ exitCode: 0 });
      const { components } = await cluster.kbsJson<{ components: { healthy: boolean }[] }>(['status', '-f', cluster.file]);
      expect(components.filter(({ healthy }) => !healthy)).toEqual([]);
      const reset = await cluster.kbs(['reset', '-f', cluster.file, '--yes']);
      expect(reset.exitCode, reset.stderr).toBe(0);
    },
  );
});
