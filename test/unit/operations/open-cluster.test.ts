import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createEventBus } from '../../../src/events/index.js';
import { openClusterInput } from '../../../src/operations/index.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kbs-open-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

test('passwords of the environment are hidden in everything the run tells', async () => {
  vi.stubEnv('KBS_SUDO_PASSWORD', 'correct-horse');
  vi.stubEnv('KBS_SSH_PASSPHRASE', 'battery-staple');
  const file = join(directory, 'cluster.yaml');
  await writeFile(
    file,
    'apiVersion: kbs.dev/v1alpha1\nkind: Cluster\nspec: { hosts: [{ name: cp1, address: 10.0.0.11, roles: [control-plane, worker] }] }\n',
  );
  const bus = createEventBus({ run: 'test', now: () => 0 });
  await openClusterInput({
    file,
    bus,
    signal: new AbortController().signal,
    cacheDirectory: directory,
    acceptNewHostKeys: false,
    ask: undefined,
    onCluster: () => undefined,
  });
  expect(bus.redact('sudo says correct-horse, ssh says battery-staple')).toBe('sudo says ***, ssh says ***');
});
