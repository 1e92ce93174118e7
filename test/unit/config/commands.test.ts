import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import ConfigInit from '../../../src/commands/config/init.js';
import ConfigSchema from '../../../src/commands/config/schema.js';
import ConfigShow from '../../../src/commands/config/show.js';
import ConfigValidate from '../../../src/commands/config/validate.js';
import { clusterFileJsonSchema, loadClusterFile } from '../../../src/config/index.js';
import { fixturePath } from './cluster-files.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A command as it is run from a shell, without the shell. */
interface Runnable {
  run(argv: string[], root: string): Promise<unknown>;
}

/** Collects what is written to a stream instead of writing it; calls back as a stream does. */
function collect(stream: NodeJS.WriteStream): { text: () => string } {
  const chunks: string[] = [];
  vi.spyOn(stream, 'write').mockImplementation((chunk: unknown, ...rest: unknown[]) => {
    chunks.push(String(chunk));
    for (const argument of rest) if (typeof argument === 'function') (argument as () => void)();
    return true;
  });
  return { text: () => chunks.join('') };
}

/** Runs a command in this process. */
async function run(command: Runnable, ...argv: string[]): Promise<{ stdout: string; stderr: string; error: unknown }> {
  const stdout = collect(process.stdout);
  const stderr = collect(process.stderr);
  try {
    await command.run(argv, ROOT);
    return { stdout: stdout.text(), stderr: stderr.text(), error: undefined };
  } catch (error) {
    return { stdout: stdout.text(), stderr: stderr.text(), error };
  } finally {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  }
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kbs-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('kbs config validate', () => {
  test('says on standard output what a valid file describes', async () => {
    const { stdout, stderr, error } = await run(ConfigValidate, '-f', fixturePath('valid-shortest'), '-o', 'json');
    expect(error).toBeUndefined();
    expect(JSON.parse(stdout)).toMatchObject({ cluster: 'kubernetes', controlPlanes: 1, workers: 0, warnings: [] });
    expect(stderr).toBe('');
  });

  test('shows warnings of a valid file', async () => {
    const { stdout, error } = await run(ConfigValidate, '-f', fixturePath('warning-even-control-planes'));
    expect(error).toBeUndefined();
    expect(stdout).toContain('yaml:5:3 spec.hosts — 2 control planes');
  });

  test('shows every problem of an invalid file on standard error and exits with 3', async () => {
    const { stdout, stderr, error } = await run(ConfigValidate, '-f', fixturePath('invalid-unknown-key'));
    expect(error).toMatchObject({ oclif: { exit: 3 } });
    expect(stdout).toBe('');
    for (const place of ['4:3', '5:3', '7:64']) expect(stderr).toContain(`invalid-unknown-key.yaml:${place} `);
  });

  test('gives the problems as JSON when asked for', async () => {
    const { stdout } = await run(ConfigValidate, '-f', fixturePath('invalid-no-control-plane'), '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      errors: [{ code: 'CONFIG_INVALID', details: [expect.stringContaining(':4:3 spec.hosts')] }],
    });
  });

  test('exits with 3 when there is no such file', async () => {
    const { error } = await run(ConfigValidate, '-f', join(folder, 'nothing.yaml'));
    expect(error).toMatchObject({ oclif: { exit: 3 } });
  });
});

describe('kbs config init', () => {
  test('prints a file that is valid', async () => {
    const { stdout } = await run(ConfigInit);
    expect(stdout).toContain('kind: Cluster');
  });

  test('writes a file with the given hosts, and never over another one unless forced', async () => {
    const file = join(folder, 'cluster.yaml');
    const hosts = ['--control-plane', '10.1.0.1', '--worker', '10.1.0.2', '--worker', '10.1.0.3'];
    expect((await run(ConfigInit, '-f', file, ...hosts)).error).toBeUndefined();
    expect((await loadClusterFile(file)).spec.hosts.map((host) => host.address)).toEqual(['10.1.0.1', '10.1.0.2', '10.1.0.3']);

    const before = await readFile(file, 'utf8');
    expect((await run(ConfigInit, '-f', file)).error).toMatchObject({ oclif: { exit: 6 } });
    expect(await readFile(file, 'utf8')).toBe(before);
    expect((await run(ConfigInit, '-f', file, '--force')).error).toBeUndefined();
    expect(await readFile(file, 'utf8')).not.toBe(before);
  });

  test('takes several control planes only with an endpoint', async () => {
    const two = ['--control-plane', '10.1.0.1', '--control-plane', '10.1.0.2', '--control-plane', '10.1.0.3'];
    expect((await run(ConfigInit, ...two)).error).toMatchObject({ oclif: { exit: 2 } });
    expect((await run(ConfigInit, ...two, '--endpoint', 'k8s.example.org:8443')).stdout).toContain('host: k8s.example.org, port: 8443');
  });

  test('refuses what makes no valid file and writes nothing', async () => {
    const file = join(folder, 'cluster.yaml');
    expect((await run(ConfigInit, '-f', file, '--control-plane', 'x')).error).toMatchObject({ oclif: { exit: 2 } });
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test('kbs config show writes out a file that is valid and says the same', async () => {
  const { stdout } = await run(ConfigShow, '-f', fixturePath('valid-shortest'));
  await writeFile(join(folder, 'full.yaml'), stdout);
  const [full, short] = await Promise.all([loadClusterFile(join(folder, 'full.yaml')), loadClusterFile(fixturePath('valid-shortest'))]);
  expect(full.spec).toEqual(short.spec);
  expect(stdout).toContain('podSubnet: 10.244.0.0/16');
});

test('kbs config schema prints the JSON Schema', async () => {
  const { stdout } = await run(ConfigSchema);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(clusterFileJsonSchema())));
});
