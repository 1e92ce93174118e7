import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KbsError } from '../../src/errors/index.js';
import { Secret, sh, type Transport } from '../../src/host/index.js';
import type { SshContextOptions, SshTarget } from '../../src/ssh/index.js';
import { makeKey, startSshd, whyNoSshd, type Sshd } from '../support/sshd.js';
import { aContext, asUser, aTransport, never } from '../support/ssh-transport.js';

const missing = whyNoSshd();

describe.skipIf(missing !== undefined)(`logging in ${missing ?? ''}`, () => {
  let sshd: Sshd;
  let homes = 0;
  const agents: ChildProcess[] = [];

  /** A home folder of its own, so that no test sees the keys and the configuration of another. */
  const aHome = (): string => {
    const home = join(sshd.directory, `home-${(homes += 1)}`);
    mkdirSync(join(home, '.ssh'), { recursive: true });
    return home;
  };
  const accepted = (name: string, options?: Parameters<typeof makeKey>[1]): string => {
    const file = makeKey(join(sshd.directory, name), options);
    sshd.authorize(`${file}.pub`);
    return file;
  };
  const anAgent = async (...keys: readonly string[]): Promise<string> => {
    const socket = join(sshd.directory, `agent-${agents.length}`);
    agents.push(spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' }));
    for (let tries = 0; ; tries += 1) {
      try {
        for (const key of keys) execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'pipe' });
        return socket;
      } catch (error) {
        if (tries === 40) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  const logIn = async (target: Partial<SshTarget>, options: SshContextOptions = {}): Promise<Transport> => {
    const transport = aTransport(sshd, target, aContext(sshd, { homeDirectory: aHome(), ...options }));
    try {
      await transport.connect(never);
      expect(await transport.exec(sh`echo in`, asUser())).toMatchObject({ stdout: 'in\n' });
      return transport;
    } finally {
      await transport.close();
    }
  };

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(async () => {
    for (const agent of agents) agent.kill();
    await sshd.stop();
  });

  test.each(['ed25519', 'ecdsa', 'rsa'])('with an %s key', async (type) => {
    await logIn({ identityFile: accepted(`plain-${type}`, { type }) });
  });

  test.each([
    ['of OpenSSH’s format', {}],
    ['of the old PEM format', { type: 'rsa', pem: true }],
  ])('with a key %s with a passphrase from the environment', async (name, options) => {
    const identityFile = accepted(`env ${name}`.replaceAll(/\W/g, '-'), { ...options, passphrase: 'open sesame' });
    await logIn({ identityFile }, { env: { KBS_SSH_PASSPHRASE: 'open sesame' } });
  });

  test('with a passphrase that is asked for once, however many hosts need it', async () => {
    const identityFile = accepted('asked', { passphrase: 'open sesame' });
    const asked: string[] = [];
    const context = aContext(sshd, {
      ask: async (question) => {
        asked.push(question.kind === 'passphrase' ? question.file : question.kind);
        return new Secret('open sesame');
      },
    });
    const transports = [1, 2, 3].map(() => aTransport(sshd, { identityFile }, context));
    await Promise.all(transports.map((transport) => transport.connect(never)));
    await Promise.all(transports.map((transport) => transport.close()));
    expect(asked).toEqual([identityFile]);
  });

  test('asks for no passphrase of a key the host does not want', async () => {
    const identityFile = makeKey(join(sshd.directory, 'unwanted'), { passphrase: 'x' });
    const ask = async (): Promise<never> => {
      throw new Error('asked');
    };
    await expect(logIn({ identityFile }, { ask })).rejects.toMatchObject({
      code: 'SSH_AUTH',
      details: [`${identityFile}: refused by the host`],
    });
  });

  test('says which keys were tried and why each failed', async () => {
    const identityFile = accepted('locked', { passphrase: 'x' });
    await expect(logIn({ identityFile })).rejects.toMatchObject({
      code: 'SSH_AUTH',
      details: [expect.stringContaining(`${identityFile}: it has a passphrase`)],
    });
    await expect(logIn({ identityFile }, { env: { KBS_SSH_PASSPHRASE: 'wrong' } })).rejects.toMatchObject({
      code: 'SSH_AUTH',
      details: [`${identityFile}: the passphrase is wrong`],
    });
    await expect(logIn({ identityFile: undefined })).rejects.toMatchObject({ code: 'SSH_AUTH', details: ['no agent, no key file'] });
  });

  test('never shows a passphrase', async () => {
    const identityFile = accepted('secretive', { passphrase: 'x' });
    const failed = logIn({ identityFile }, { env: { KBS_SSH_PASSPHRASE: 'hunter2' } });
    const error = await failed.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(KbsError);
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  test('a key file that is not there, or is no key, is SSH_KEY', async () => {
    await expect(logIn({ identityFile: join(sshd.directory, 'nothing') })).rejects.toMatchObject({ code: 'SSH_KEY' });
    await expect(logIn({ identityFile: join(sshd.directory, 'sshd_config') })).rejects.toMatchObject({ code: 'SSH_KEY' });
  });

  test('with a key of the agent', async () => {
    const agent = await anAgent(makeKey(join(sshd.directory, 'agent-other')), accepted('agent-rsa', { type: 'rsa' }));
    await logIn({ identityFile: undefined }, { env: { SSH_AUTH_SOCK: agent } });
  });

  test('the agent opens a named key with a passphrase', async () => {
    const plain = makeKey(join(sshd.directory, 'agent-named'));
    sshd.authorize(`${plain}.pub`);
    const agent = await anAgent(plain);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'locked now', '-f', plain]);
    await logIn({ identityFile: plain }, { env: { SSH_AUTH_SOCK: agent } });
  });

  test('an agent that is gone is told among the reasons', async () => {
    const socket = join(sshd.directory, 'no-agent');
    const failed = logIn({ identityFile: undefined }, { env: { SSH_AUTH_SOCK: socket } });
    await expect(failed).rejects.toMatchObject({ code: 'SSH_AUTH', details: [expect.stringContaining(`agent ${socket}: `)] });
  });

  test('with the usual key files of the home folder', async () => {
    const homeDirectory = aHome();
    const file = makeKey(join(homeDirectory, '.ssh', 'id_ed25519'));
    sshd.authorize(`${file}.pub`);
    await logIn({ identityFile: undefined }, { homeDirectory });
  });

  test('with everything from ~/.ssh/config and what it includes', async () => {
    const homeDirectory = aHome();
    const key = accepted('configured');
    mkdirSync(join(homeDirectory, '.ssh', 'config.d'));
    writeFileSync(join(homeDirectory, '.ssh', 'config'), 'Include config.d/*\nHost cp*\n  HostName 127.0.0.1\n  User root\n');
    appendFileSync(
      join(homeDirectory, '.ssh', 'config.d', 'lab'),
      `Host cp1\n  Port ${sshd.port}\n  IdentityFile ${key}\n  IdentitiesOnly yes\n`,
    );
    writeFileSync(join(homeDirectory, '.ssh', 'known_hosts'), readFileSync(sshd.knownHostsFile));
    const options = { homeDirectory };
    const transport = await logIn({ address: 'cp1', port: undefined, identityFile: undefined, knownHostsFile: undefined }, options);
    expect(transport.target).toBe(`root@127.0.0.1:${sshd.port}`);
  });

  test('an unreachable host is tried for the time allowed, then told with a cure', async () => {
    const startedMs = performance.now();
    const failed = logIn({ port: 1, connectTimeoutSeconds: 1 });
    await expect(failed).rejects.toMatchObject({ code: 'SSH_UNREACHABLE', remedy: [expect.stringContaining('nc -vz 127.0.0.1 1')] });
    expect(performance.now() - startedMs).toBeGreaterThan(500);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  test('connecting can be cancelled', async () => {
    const abort = new AbortController();
    const transport = aTransport(sshd, { port: 1, connectTimeoutSeconds: 60 });
    setTimeout(() => abort.abort(), 200);
    await expect(transport.connect(abort.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
