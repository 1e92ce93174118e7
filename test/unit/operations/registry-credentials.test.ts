import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRegistryCredentialsSource } from '../../../src/operations/registry-credentials.js';
import type { Secret } from '../../../src/secret/index.js';
import { aClusterSpec } from '../../support/cluster-spec.js';

const VARIABLE = 'KBS_TEST_REGISTRY_PASSWORD';
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kbs-registry-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
  delete process.env[VARIABLE];
});

function source(credentials: object, hidden: Secret[] = []) {
  const registries = [{ host: 'r.example.org', credentials: { username: 'me', ...credentials } }, { host: 'plain.example.org' }];
  const hide = (secret: Secret): void => void hidden.push(secret);
  return createRegistryCredentialsSource(aClusterSpec({ spec: { containerRuntime: { registries } } }), { hide });
}

test('come from a file without the end of its line, and no event shows them in any form', async () => {
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, 'pass word\n');
  const hidden: Secret[] = [];
  const [found, ...others] = await source({ passwordFile }, hidden)();
  expect(found).toMatchObject({ host: 'r.example.org', username: 'me' });
  expect(others).toEqual([]);
  expect(JSON.stringify(found)).not.toContain('pass word');
  expect(found?.password.reveal()).toBe('pass word');
  expect(hidden.map((secret) => secret.reveal())).toEqual(['pass word', Buffer.from('me:pass word').toString('base64')]);
});

test('come from the environment, and are read once', async () => {
  process.env[VARIABLE] = 'one';
  const read = source({ passwordEnv: VARIABLE });
  await read();
  process.env[VARIABLE] = 'other';
  expect((await read())[0]?.password.reveal()).toBe('one');
});

test.each([
  ['a variable that is not set', undefined, /is not set/],
  ['an empty one', '', /is empty/],
  ['one of several lines', 'a\nb', /more than one line/],
])('%s is refused with the registry it is for', async (_what, value, message) => {
  if (value !== undefined) process.env[VARIABLE] = value;
  const wrong = source({ passwordEnv: VARIABLE })();
  await expect(wrong).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(wrong).rejects.toThrow(message);
  await expect(wrong).rejects.toThrow('r.example.org');
});

test('a file that has gone is refused', async () => {
  await expect(source({ passwordFile: join(directory, 'none') })()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
