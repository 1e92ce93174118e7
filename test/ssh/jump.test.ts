import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sh } from '../../src/host/index.js';
import { startSshd, whyNoSshd, type Sshd } from '../support/sshd.js';
import { aContext, asUser, aTransport, never } from '../support/ssh-transport.js';

const missing = whyNoSshd();

describe.skipIf(missing !== undefined)(`jump hosts ${missing ?? ''}`, () => {
  let host: Sshd;
  let jump: Sshd;
  let known: string;

  beforeAll(async () => {
    [host, jump] = await Promise.all([startSshd(), startSshd()]);
    jump.authorize(`${host.keyFile}.pub`);
    known = join(host.directory, 'known-both');
    writeFileSync(known, readFileSync(host.knownHostsFile, 'utf8') + readFileSync(jump.knownHostsFile, 'utf8'));
  });
  afterAll(() => Promise.all([host.stop(), jump.stop()]));

  test('all hosts behind a jump host share one connection to it', async () => {
    const context = aContext(host);
    const bastion = { address: '127.0.0.1', port: jump.port };
    const transports = [1, 2, 3].map(() => aTransport(host, { bastion, knownHostsFile: known }, context));
    await Promise.all(transports.map((transport) => transport.connect(never)));
    expect(jump.connections()).toHaveLength(1);
    expect(host.connections()).toHaveLength(3);
    expect(transports[0]?.target).toBe(`root@127.0.0.1:${host.port} via root@127.0.0.1:${jump.port}`);
    const large = await Promise.all(transports.map((transport) => transport.exec(sh`head -c 3000000 /dev/zero`, asUser())));
    expect(large.map((result) => result.stdout.length)).toEqual([3_000_000, 3_000_000, 3_000_000]);
    await Promise.all(transports.map((transport) => transport.close()));
    await context.close();
  });

  test('a broken connection to the jump host is SSH_LOST, and the next command goes through a new one', async () => {
    const context = aContext(host);
    const transport = aTransport(host, { bastion: { address: '127.0.0.1', port: jump.port }, knownHostsFile: known }, context);
    await transport.connect(never);
    const running = transport.exec(sh`sleep 5`, asUser());
    setTimeout(() => jump.dropConnections(), 300);
    await expect(running).rejects.toMatchObject({ code: 'SSH_LOST' });
    expect(await transport.exec(sh`echo back`, asUser())).toMatchObject({ stdout: 'back\n' });
    await transport.close();
    await context.close();
  });

  test('the key of the jump host is checked as well', async () => {
    const transport = aTransport(host, { bastion: { address: '127.0.0.1', port: jump.port } });
    await expect(transport.connect(never)).rejects.toMatchObject({
      code: 'SSH_HOST_KEY',
      message: expect.stringContaining(`root@127.0.0.1:${jump.port} is not known`) as unknown,
    });
  });

  test('ProxyJump in ~/.ssh/config does the same', async () => {
    const configFile = join(host.directory, 'jump-config');
    writeFileSync(
      configFile,
      `Host target\n  HostName 127.0.0.1\n  ProxyJump root@hop\nHost hop\n  HostName 127.0.0.1\n  Port ${jump.port}\n  IdentityFile ${host.keyFile}\n`,
    );
    const context = aContext(host, { configFile });
    const transport = aTransport(host, { address: 'target', knownHostsFile: known }, context);
    await transport.connect(never);
    expect(transport.target).toContain(`via root@127.0.0.1:${jump.port}`);
    await transport.close();
    await context.close();
  });

  test('a host the jump host cannot reach is told with both names', async () => {
    const context = aContext(host);
    const target = { port: 1, bastion: { address: '127.0.0.1', port: jump.port }, knownHostsFile: known, connectTimeoutSeconds: 1 };
    await expect(aTransport(host, target, context).connect(never)).rejects.toMatchObject({
      code: 'SSH_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:1 cannot be reached from root@127.0.0.1:${jump.port}`) as unknown,
    });
    await context.close();
  });
});
