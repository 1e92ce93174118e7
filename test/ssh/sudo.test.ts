import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHost, Secret, sh, type ExecOptions } from '../../src/host/index.js';
import type { SshContextOptions } from '../../src/ssh/index.js';
import { startSshd, whyNoSshd, type Sshd } from '../support/sshd.js';
import { aContext, asUser, aTransport, never } from '../support/ssh-transport.js';

const missing = whyNoSshd();
const AS_ROOT: ExecOptions = { timeoutMs: 20_000, privileged: true };

describe.skipIf(missing !== undefined)(`root through sudo, and login shells ${missing ?? ''}`, () => {
  let sshd: Sshd;

  beforeAll(async () => {
    sshd = await startSshd({
      users: [
        { name: 'free', uid: 4001, sudo: 'ALL=(ALL) NOPASSWD:ALL' },
        { name: 'asked', uid: 4002, sudo: 'ALL=(ALL) ALL', password: 'pass word' },
        { name: 'nobody1', uid: 4003, password: 'pass word' },
        { name: 'fishy', uid: 4004, sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/usr/bin/fish' },
        { name: 'seashell', uid: 4005, sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/usr/bin/tcsh' },
      ],
    });
  });
  afterAll(() => sshd.stop());

  const as = async (user: string, options: SshContextOptions = {}) => {
    const transport = aTransport(sshd, { user }, aContext(sshd, options));
    await transport.connect(never);
    return transport;
  };

  test('root needs no sudo', async () => {
    const transport = await as('root');
    expect(await transport.exec(sh`id -u; echo "$SUDO_USER"`, AS_ROOT)).toMatchObject({ stdout: '0\n\n' });
    await transport.close();
  });

  test('sudo without password: privileged commands run as root, others as the user', async () => {
    const transport = await as('free');
    expect(await transport.exec(sh`id -un; cat`, { ...AS_ROOT, stdin: 'input' })).toMatchObject({ stdout: 'root\ninput' });
    expect(await transport.exec(sh`id -un`, asUser())).toMatchObject({ stdout: 'free\n' });
    await transport.close();
  });

  test('sudo with a password: it is never part of the command’s input or of a command line', async () => {
    const asked: string[] = [];
    const ask: SshContextOptions['ask'] = async (question) => {
      asked.push(question.kind);
      return new Secret('pass word');
    };
    const transport = await as('asked', { ask });
    const results = await Promise.all(
      [1, 2, 3].map(() => transport.exec(sh`id -un; cat; ps -e -o args=`, { ...AS_ROOT, stdin: 'input\n' })),
    );
    for (const { stdout } of results) {
      expect(stdout).toMatch(/^root\ninput\n/);
      expect(stdout).not.toContain('pass word');
    }
    expect((await transport.exec(sh`cat`, AS_ROOT)).stdout).toBe('');
    expect(asked).toEqual(['sudo-password']);
    await transport.close();
  });

  test('sudo with a password from the environment', async () => {
    const transport = await as('asked', { env: { KBS_SUDO_PASSWORD: 'pass word' } });
    expect(await transport.exec(sh`id -u`, AS_ROOT)).toMatchObject({ stdout: '0\n' });
    await transport.close();
  });

  test('a cancelled command is ended although it runs as root', async () => {
    const transport = await as('asked', { env: { KBS_SUDO_PASSWORD: 'pass word' } });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 700);
    await expect(transport.exec(sh`sleep 63.25`, { ...AS_ROOT, signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await transport.exec(sh`ps -e -o args= | grep -c '^sleep 63.25'`, asUser())).toMatchObject({ stdout: '0\n' });
    await transport.close();
  });

  test.each([
    ['no password to be had', 'asked', {}],
    ['a wrong password', 'asked', { KBS_SUDO_PASSWORD: 'wrong' }],
    ['a user sudo does not know', 'nobody1', { KBS_SUDO_PASSWORD: 'pass word' }],
  ])('%s: SUDO_DENIED for privileged commands, with a cure; others run', async (_, user, env) => {
    const transport = await as(user, { env });
    const denied = transport.exec(sh`id -u`, AS_ROOT);
    await expect(denied).rejects.toMatchObject({
      code: 'SUDO_DENIED',
      remedy: [expect.stringContaining('/etc/sudoers.d'), expect.any(String)],
    });
    expect(await transport.exec(sh`id -un`, asUser())).toMatchObject({ stdout: `${user}\n` });
    await transport.close();
  });

  test('facts are read where root is not to be had, and say why', async () => {
    const transport = aTransport(sshd, { user: 'nobody1' });
    const host = await createHost({ name: 'w1', address: '127.0.0.1', roles: ['worker'], transport, signal: never });
    expect(host.facts.privilegeProblem).toContain('nobody1 may not become root');
    expect(host.facts.hostname).toBe(readFileSync('/proc/sys/kernel/hostname', 'utf8').trim());
    await expect(host.run(sh`true`)).rejects.toMatchObject({ code: 'SUDO_DENIED', where: { host: 'w1' } });
    await transport.close();
  });

  test.each(['fishy', 'seashell'])('the login shell does not matter (%s)', async (user) => {
    const transport = await as(user);
    const text = `it's "5" \\ 'x' \\' $HOME !! ~ *\nsecond line`;
    expect(await transport.exec(sh`printf %s ${text}; id -u`, AS_ROOT)).toMatchObject({ stdout: `${text}0\n`, exitCode: 0 });
    expect(await transport.exec(sh`for n in 1 2; do echo "$n"; done; exit 7`, asUser())).toMatchObject({ stdout: '1\n2\n', exitCode: 7 });
    await transport.close();
  });
});
