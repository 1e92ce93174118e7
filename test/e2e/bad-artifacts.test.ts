import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMirror, type Mirror } from '../lab/mirror.js';
import { failedRun, rememberHosts } from '../support/bad-run.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';

const HOSTS = ['cp1', 'w1'];
const KUBELET = 'dl.k8s.io/release/v1.25.0/bin/linux/amd64/kubelet';
const MEBIBYTE = 1024 * 1024;

let cluster: LabCluster;
let mirror: Mirror;
let changes: () => Promise<readonly string[]>;
let kubeletDigest: string | undefined;

beforeAll(async () => {
  cluster = await createLabCluster({ name: 'badget', hosts: HOSTS.map((name) => ({ name })) });
  mirror = await startMirror({ directory: cluster.bundle, address: cluster.lab.gateway, netns: cluster.lab.netns });
  await cluster.describe({ artifacts: { source: 'mirror', url: mirror.url, checksums: `${mirror.url}/checksums.json` } });
  const checksums = JSON.parse(await readFile(join(cluster.bundle, 'checksums.json'), 'utf8')) as {
    readonly artifacts: Readonly<Record<string, { readonly sha256: Readonly<Record<string, Readonly<Record<string, string>>>> }>>;
  };
  kubeletDigest = checksums.artifacts['kubelet']?.sha256['1.25.0']?.['amd64'];
  changes = await rememberHosts(cluster.lab, HOSTS);
});

afterAll(async () => {
  await mirror.stop();
  await cluster.down();
});

/** Everything up to and with the first changes; the rest of an `apply` would only take longer to be wrong. */
const PHASES = ['preflight', 'artifacts', 'baseline', 'prepare-host'].flatMap((name) => ['--phase', name]);

async function kubeletRanges(): Promise<readonly (string | undefined)[]> {
  return (await mirror.requests()).filter(({ path }) => path === KUBELET).map(({ range }) => range);
}

describe.sequential('artifacts that cannot be had', () => {
  test('a version the mirror does not have is told with those it has', async () => {
    const artifacts = { source: 'mirror', url: mirror.url, checksums: `${mirror.url}/checksums.json` };
    await cluster.describe({ artifacts, spec: { kubernetesVersion: 'v1.25.4' } });
    const { exitCode, errors, text } = await failedRun(cluster, ['apply', '-f', cluster.file, ...PHASES]);
    await cluster.describe({ artifacts });
    expect({ exitCode, codes: [...new Set(errors.map(({ code }) => code))] }).toEqual({ exitCode: 8, codes: ['ARTIFACT_MISSING'] });
    expect(text).toContain('1.25.4');
    expect(text).toMatch(/it has: .*1\.25\.0/);
  });

  test('a file with other bytes than its checksum says stops the run; both digests are shown', async () => {
    await mirror.corrupt(KUBELET);
    const { exitCode, errors, text } = await failedRun(cluster, ['apply', '-f', cluster.file, ...PHASES]);
    await mirror.heal();
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 8,
      errors: [
        {
          code: 'BUNDLE_DIGEST',
          where: { phase: 'artifacts', step: 'artifacts/fetch' },
          message: expect.stringContaining('kubelet 1.25.0 amd64') as unknown,
          details: [
            expect.stringContaining(`expected sha256 ${kubeletDigest}`),
            expect.stringMatching(/^received sha256 [0-9a-f]{64} \(\d+ bytes\)/),
            `from ${mirror.url}/${KUBELET}`,
          ],
        },
      ],
    });
    expect(errors[0]?.details[1]).not.toContain(kubeletDigest);
    expect(text).toContain(`curl -sL ${mirror.url}/${KUBELET} | sha256sum`);
  });

  test('a mirror that goes away half-way is tried again for a while, then told; nothing that came is lost', async () => {
    await mirror.breakAfter(KUBELET, 3 * MEBIBYTE);
    const before = (await kubeletRanges()).length;
    const { exitCode, errors, text } = await failedRun(cluster, ['apply', '-f', cluster.file, ...PHASES]);
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 8,
      errors: [{ code: 'ARTIFACT_DOWNLOAD', details: [`from ${mirror.url}/${KUBELET}`, expect.stringContaining('goes on from there')] }],
    });
    expect(errors[0]?.message).toMatch(/kubelet 1\.25\.0 amd64 stopped after \d+ of \d+ bytes/);
    expect(text).toMatch(/warning .*kubelet 1\.25\.0 amd64.*again/);
    const ranges = (await kubeletRanges()).slice(before);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.length).toBeGreaterThan(3);
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true);
  });

  test('none of all this has changed anything on any host', async () => {
    expect(await changes()).toEqual([]);
  });

  test('when the mirror is back, the same command goes on where the download stopped', async () => {
    await mirror.heal();
    const before = (await mirror.requests()).length;
    const result = await cluster.kbs(['apply', '-f', cluster.file, '--phase', 'preflight', '--phase', 'artifacts']);
    expect(result).toMatchObject({ exitCode: 0 });
    const asked = (await mirror.requests()).slice(before);
    expect(asked.map(({ path }) => path)).toEqual(['checksums.json', KUBELET]);
    expect(asked[1]?.range).toMatch(/^bytes=[1-9]\d{6,}-$/);
  });
});
