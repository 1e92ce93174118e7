import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterInfo, clusterInfoText, serverKeys, startDiscoveryServer, type DiscoveryServer } from '../support/discovery-server.js';
import { kbs } from './run-kbs.js';

const directory = mkdtempSync(join(tmpdir(), 'kbs-cli-here-'));
const file = join(directory, 'cluster.yaml');
writeFileSync(
  file,
  'apiVersion: kbs.dev/v1alpha1\nkind: Cluster\nspec: { hosts: [{ name: cp1, address: 10.255.0.1, roles: [control-plane] }] }\n',
);
afterAll(() => rmSync(directory, { recursive: true }));

const TOKEN = 'abcdef.0123456789abcdef';
const HASH = `sha256:${'a'.repeat(64)}`;
/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1';

async function refused(args: readonly string[], options = {}): Promise<string> {
  const run = await kbs([...args, '--output', 'json'], options);
  expect(run).toMatchObject({ exitCode: 2 });
  return `${run.stdout}${run.stderr}`;
}

describe('kbs init', () => {
  test.each([
    ['--pod-network-cidr', '10.1.0.0/16'],
    ['--apiserver-advertise-address', '10.0.0.1'],
    ['--token', TOKEN],
    ['--bundle', directory],
    ['--config-fragment', file],
    ['--skip-token-print', undefined],
  ])('refuses %s with a cluster file', async (flag, value) => {
    const said = await refused(['init', '-f', file, flag, ...(value === undefined ? [] : [value])]);
    expect(said).toContain(`${flag} cannot be used with a cluster file`);
    expect(said).not.toContain(TOKEN);
  });

  test('on this machine tells all wrong values at once, and touches nothing', async () => {
    const flags = ['--pod-network-cidr', '10.0.0.0/99', '--kubernetes-version', 'v1.24.0', '--apiserver-advertise-address', '10.0.0.1'];
    const said = await refused(['init', ...flags]);
    expect(said).toContain('--pod-network-cidr');
    expect(said).toContain('--kubernetes-version');
  });

  test('does not show a token that has no token’s form', async () => {
    expect(await refused(['init', '--token', 'swordfish', '--apiserver-advertise-address', '10.0.0.1'])).not.toContain('swordfish');
  });

  test.each([
    ['--token-ttl', 'soon'],
    ['--ignore-preflight', 'NoSuchCheck'],
    ['--skip-phase', 'no-such-phase'],
    ['--accept-new-host-keys'],
  ])('on this machine refuses %s %s', async (...flags) => {
    await refused(['init', '--apiserver-advertise-address', '10.0.0.1', ...flags.filter((flag) => flag !== undefined)]);
  });

  test('does not take bundle and mirror together', async () => {
    expect(await kbs(['init', '--bundle', directory, '--mirror', 'https://m.example.org'])).toMatchObject({ exitCode: 2 });
  });
});

describe('kbs join', () => {
  test('needs a cluster file or an endpoint', async () => {
    expect(await refused(['join'])).toContain('neither a cluster file nor an endpoint');
  });

  test('does not take both', async () => {
    expect(await refused(['join', NOWHERE, '-f', file])).toContain('either the hosts of a cluster file');
    expect(await refused(['join', NOWHERE], { env: { KBS_CLUSTER_FILE: file } })).toContain('KBS_CLUSTER_FILE');
  });

  test.each([
    ['--token', TOKEN],
    ['--discovery-token-ca-cert-hash', HASH],
    ['--node-ip', '10.0.0.1'],
  ])('refuses %s with a cluster file', async (flag, value) => {
    expect(await refused(['join', '-f', file, flag, value])).toContain(`${flag} cannot be used with a cluster file`);
  });

  test('refuses --host without a cluster file', async () => {
    expect(await refused(['join', NOWHERE, '--host', 'w1', '--token', TOKEN])).toContain('--host');
  });

  test('needs a token', async () => {
    expect(await refused(['join', NOWHERE, '--discovery-token-ca-cert-hash', HASH])).toContain('no bootstrap token was given');
  });

  test('as a control plane needs the key of the uploaded certificates, and does not show one that is none', async () => {
    const flags = ['join', NOWHERE, '--token', TOKEN, '--discovery-token-ca-cert-hash', HASH];
    expect(await refused([...flags, '--control-plane'])).toContain('no certificate key was given');
    expect(await refused([...flags, '--control-plane', '--certificate-key', 'swordfish'])).not.toContain('swordfish');
    const given = await refused([...flags, '--control-plane'], { env: { KBS_CERTIFICATE_KEY: 'swordfish' } });
    expect(given).toContain('64 hexadecimal digits');
    expect(given).not.toContain('swordfish');
  });

  test('takes no certificate key for a worker', async () => {
    const flags = ['--token', TOKEN, '--discovery-token-ca-cert-hash', HASH, '--certificate-key', 'a'.repeat(64)];
    expect(await kbs(['join', NOWHERE, ...flags])).toMatchObject({ exitCode: 2 });
  });

  test('needs a hash, or the word that none is wanted', async () => {
    const said = await refused(['join', NOWHERE, '--token', TOKEN]);
    expect(said).toContain('--discovery-token-unsafe-skip-ca-verification');
  });

  test('refuses a hash that is none', async () => {
    await refused(['join', NOWHERE, '--token', TOKEN, '--discovery-token-ca-cert-hash', 'md5:abc']);
  });

  const tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, `${TOKEN}\n`);

  describe('with a cluster that answers', () => {
    let server: DiscoveryServer;

    beforeAll(async () => {
      const keys = await serverKeys();
      server = await startDiscoveryServer(keys);
      const text = clusterInfoText(server.url, keys.ca.certificate);
      server.answer = () => ({ status: 200, body: clusterInfo(text, TOKEN) });
    }, 60_000);
    afterAll(() => server?.stop());

    // Only who has read the token aright gets as far as the hash, which is wrong.
    test.each([
      ['an argument', ['--token', TOKEN], {}],
      ['a file', ['--token-file', tokenFile], {}],
      ['the environment', [], { env: { KBS_TOKEN: TOKEN } }],
      ['standard input', ['--token', '-'], { stdin: `${TOKEN}\n` }],
    ])('takes the token from %s, and never shows it', async (_case, flags, options) => {
      const endpoint = `127.0.0.1:${server.port}`;
      const run = await kbs(['join', endpoint, '--discovery-token-ca-cert-hash', HASH, ...flags, '--output', 'jsonl'], options);
      expect(run.exitCode).toBe(5);
      const last = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '') as unknown;
      expect(last).toMatchObject({ type: 'error', errors: [{ code: 'DISCOVERY_UNTRUSTED' }] });
      expect(`${run.stdout}${run.stderr}`).not.toContain('0123456789abcdef');
    });
  });

  test('says which token file cannot be read', async () => {
    const run = await kbs(['join', NOWHERE, '--discovery-token-ca-cert-hash', HASH, '--token-file', join(directory, 'none')]);
    expect(run.exitCode).toBe(6);
    expect(run.stderr).toContain(join(directory, 'none'));
  });
});

describe('kbs join-script', () => {
  test('needs a cluster file, and refuses a time to live that is none', async () => {
    await refused(['join-script']);
    await refused(['join-script', '-f', file, '--ttl', 'soon']);
  });

  test('of a bundle needs to know where its content is served, before any host is asked', async () => {
    const bundled = join(directory, 'bundled.yaml');
    writeFileSync(
      bundled,
      `apiVersion: kbs.dev/v1alpha1\nkind: Cluster\nspec: { hosts: [{ name: cp1, address: 10.255.0.1, roles: [control-plane] }], artifacts: { source: bundle, path: ${directory} } }\n`,
    );
    expect(await refused(['join-script', '-f', bundled])).toContain('--artifacts-url');
  });
});

describe('kbs adopt', () => {
  test('does not write over a file', async () => {
    expect(await refused(['adopt', '--host', '127.0.0.1', '--to', file])).toContain(`there is a file ${file} already`);
  });

  test('needs a host and a place for the file', async () => {
    expect(await kbs(['adopt', '--to', join(directory, 'new.yaml')])).toMatchObject({ exitCode: 2 });
    expect(await kbs(['adopt', '--host', '127.0.0.1'])).toMatchObject({ exitCode: 2 });
  });
});

describe('kbs token', () => {
  test('create refuses what is no token, without showing it', async () => {
    expect(await refused(['token', 'create', 'swordfish'])).not.toContain('swordfish');
  });

  test('create refuses what is no certificate key, without showing it', async () => {
    expect(await refused(['token', 'create', '--certificate-key', 'swordfish'])).not.toContain('swordfish');
  });

  test('create refuses a time to live that is none', async () => {
    await refused(['token', 'create', '--ttl', 'soon']);
  });

  test('delete refuses what names no token, without showing it', async () => {
    expect(await refused(['token', 'delete', 'swordfish'])).not.toContain('swordfish');
  });

  test('works on a control plane, and says so elsewhere', async () => {
    const run = await kbs(['token', 'list']);
    expect(run.exitCode).toBe(6);
    expect(run.stderr).toContain('/etc/kubernetes/admin.conf');
  });
});
