import { expect } from 'vitest';
import { diffSnapshots, snapshotHost, type Snapshot, type SnapshotOptions } from '../lab/snapshot.js';
import type { LabCluster } from './lab-cluster.js';

/** Resets the cluster and looks whether these hosts are what they were; one without an earlier look fails. */
export async function expectExactReset(
  cluster: LabCluster,
  hosts: readonly string[],
  bare: ReadonlyMap<string, Snapshot>,
  options: SnapshotOptions = {},
): Promise<void> {
  const result = await cluster.kbs(['reset', '-f', cluster.file, '--yes']);
  expect(result.exitCode, result.stderr).toBe(0);
  for (const name of hosts) {
    const before = bare.get(name);
    expect(before && diffSnapshots(before, await snapshotHost(cluster.lab, name, options)), name).toEqual([]);
  }
}
