import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeKey, startSshd, whyNoSshd, type Sshd } from '../support/sshd.js';
import { aContext, aTransport, never } from '../support/ssh-transport.js';

const missing = whyNoSshd();

describe.skipIf(missing !== undefined)(`host keys ${missing ?? ''}`, () => {
  let sshd: Sshd;

  const publicKey = (file: string): string => readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  const fingerprint = (file: string): string =>
    execFileSync('ssh-keygen', ['-lf', `${file}.pub`])
      .toString()
      .split(' ')[1] ?? '';
  const aFolder = (): string => mkdtempSync(join(sshd.directory, 'known-'));
  const knownHosts = (...lines: readonly string[]): string => {
    const file = join(aFolder(), 'known_hosts');
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    return file;
  };
  const connect = async (knownHostsFile: string, acceptNewHostKeys = false): Promise<void> => {
    const transport = aTransport(sshd, { knownHostsFile }, aContext(sshd, { acceptNewHostKeys }));
    try {
      await transport.connect(never);
    } finally {
      await transport.close();
    }
  };
  const name = (): string => `[127.0.0.1]:${sshd.port}`;

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  test('an unknown key is refused, with its fingerprint and the command to accept it', async () => {
    const file = join(aFolder(), 'known_hosts');
    const shown = fingerprint(sshd.hostKeyFiles.ed25519);
    await expect(connect(file)).rejects.toMatchObject({
      code: 'SSH_HOST_KEY',
      details: [`ssh-ed25519 ${shown}`],
      remedy: expect.arrayContaining([
        expect.stringContaining(`ssh-keyscan -p ${sshd.port} 127.0.0.1 >> ${file}`),
        expect.stringContaining('--accept-new-host-keys'),
      ]) as unknown,
    });
  });

  test('a key of another port does not count', async () => {
    await expect(connect(knownHosts(`127.0.0.1 ${publicKey(sshd.hostKeyFiles.ed25519)}`))).rejects.toMatchObject({ code: 'SSH_HOST_KEY' });
  });

  test('a known key is accepted: plain, hashed, by pattern', async () => {
    const plain = `${name()} ${publicKey(sshd.hostKeyFiles.ed25519)}`;
    await connect(knownHosts('# a comment', '', plain));
    const hashed = knownHosts(plain);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'pipe' });
    expect(readFileSync(hashed, 'utf8')).toMatch(/^\|1\|/);
    await connect(hashed);
    await connect(knownHosts(`[127.0.0.*]:${sshd.port} ${publicKey(sshd.hostKeyFiles.ed25519)}`));
  });

  test('the host is asked for the type of key that is known', async () => {
    await connect(knownHosts(`${name()} ${publicKey(sshd.hostKeyFiles.rsa)}`));
  });

  test('a changed key is refused, with the line of the old one, even when new keys are accepted', async () => {
    const old = makeKey(join(aFolder(), 'old'));
    const file = knownHosts('other.example.org ssh-ed25519 AAAA', `${name()} ${publicKey(old)}`);
    const before = readFileSync(file, 'utf8');
    for (const acceptNew of [false, true]) {
      await expect(connect(file, acceptNew)).rejects.toMatchObject({
        code: 'SSH_HOST_KEY',
        message: expect.stringContaining('attack') as unknown,
        details: [`now   ssh-ed25519 ${fingerprint(sshd.hostKeyFiles.ed25519)}`, `known ssh-ed25519 ${fingerprint(old)} (${file}:2)`],
      });
    }
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('a key of a type that is not known beside others is refused, not written down', async () => {
    const file = knownHosts(`${name()} ${publicKey(makeKey(join(aFolder(), 'ecdsa'), { type: 'ecdsa' }))}`);
    await expect(connect(file, true)).rejects.toMatchObject({
      code: 'SSH_HOST_KEY',
      message: expect.stringContaining(`${file}:1`) as unknown,
    });
  });

  test('a revoked key is refused although it is known', async () => {
    const key = publicKey(sshd.hostKeyFiles.ed25519);
    await expect(connect(knownHosts(`${name()} ${key}`, `@revoked * ${key}`))).rejects.toMatchObject({
      code: 'SSH_HOST_KEY',
      message: expect.stringContaining('revoked') as unknown,
    });
  });

  test('new keys are written down when that is allowed, readable for the user only', async () => {
    const file = join(aFolder(), 'new', 'known_hosts');
    await connect(file, true);
    expect(readFileSync(file, 'utf8')).toBe(`${name()} ${publicKey(sshd.hostKeyFiles.ed25519)}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await connect(file);
  });

  test('a new key goes to a line of its own after a last line without end', async () => {
    const file = join(aFolder(), 'known_hosts');
    writeFileSync(file, 'other.example.org ssh-ed25519 AAAA');
    await connect(file, true);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
    await connect(file);
  });
});
