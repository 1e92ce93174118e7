import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { offerPackages } from '../lab/apt-source.js';
import type { Mirror } from '../lab/mirror.js';
import { diffSnapshots, snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';

/** Written by sudo itself when somebody uses it for the first time. */
const ignorePaths = ['/home/admin/.sudo_as_admin_successful'];

let cluster: LabCluster;
let archive: Mirror;
let bare: Snapshot;

beforeAll(async () => {
  cluster = await createLabCluster({
    name: 'pkg',
    hosts: [{ name: 'cp1', login: 'sudo' }],
    spec: { containerRuntime: { install: 'package', cgroupDriver: 'cgroupfs' } },
  });
  archive = await offerPackages(cluster.lab, ['containerd', 'runc']);
  bare = await snapshotHost(cluster.lab, 'cp1', { ignorePaths });
});

afterAll(async () => {
  await archive.stop();
  await cluster.down();
});

describe.sequential("the distribution's container runtime, over a login with sudo", () => {
  test('init installs the packages and ends proven, with the other cgroup driver', async () => {
    const result = await cluster.kbsJson<ConvergeResult>(['init', '-f', cluster.file]);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect((await cluster.lab.ssh('cp1', 'dpkg-query -W -f "\\${db:Status-Status}" containerd')).stdout).toBe('installed');
    expect((await cluster.lab.ssh('cp1', 'ps -o args= -C containerd')).stdout).toContain('/usr/bin/containerd');
  });

  test('a second apply changes nothing', async () => {
    expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
  });

  test('reset takes the packages off again', async () => {
    const result = await cluster.kbs(['reset', '-f', cluster.file, '--yes']);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(diffSnapshots(bare, await snapshotHost(cluster.lab, 'cp1', { ignorePaths }))).toEqual([]);
  });
});
