import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes: begun first, so that none of them is left over when all others are done. */
const LONG = [
  'chaos',
  'endpoint-failover',
  'membership',
  'networks',
  'runtime-docker',
  'verify',
  'token-join',
  'lifecycle',
  'kubeadm',
  'reset',
  'external-etcd',
  'adopt',
  'join-script',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONG.indexOf(basename(moduleId, '.test.ts'));
      return place < 0 ? LONG.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** Much of what these tests do is waiting for servers and programs: four files at a time take half the time two cores take with one. */
const maxWorkers = Math.max(4, availableParallelism());

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      // A busy machine is slow, and no reason to fail: nothing here waits for long when all is well.
      // Modules of kbs keep no state, so that files share them: loading them anew for each file took longer than the tests.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000, isolate: false, maxWorkers } },
      { test: { name: 'golden', include: ['test/golden/**/*.test.ts'], testTimeout: 30_000, isolate: false, maxWorkers } },
      { test: { name: 'ssh', include: ['test/ssh/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000, maxWorkers } },
      {
        test: {
          name: 'cli',
          include: ['test/cli/**/*.test.ts'],
          globalSetup: ['test/cli/build.ts'],
          testTimeout: 60_000,
          disableConsoleIntercept: true,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 1_800_000,
          // After all others: a cluster that comes up takes both cores.
          sequence: { groupOrder: 1 },
          // Labs stand side by side, each needs some memory (1 GB). A third one uses what two leave of two cores while they wait.
          maxWorkers: 3,
        },
      },
    ],
  },
});
