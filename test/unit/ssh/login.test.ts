import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { HostKeys } from '../../../src/ssh/host-keys.js';
import { logIn } from '../../../src/ssh/login.js';
import { resolveSettings } from '../../../src/ssh/settings.js';

const settings = resolveSettings({ address: '10.0.0.11' }, { configText: '', homeDirectory: '/nowhere', env: {}, platform: 'linux' });

test('a connection that breaks while keys are still gathered is a host that cannot be reached, not the end of kbs', async () => {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const hostKeys = new HostKeys(false);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  hostKeys.algorithmsFor = async () => {
    stream.destroy(new Error('read EHOSTUNREACH'));
    await closed;
    return [];
  };
  const services = { hostKeys, askPassphrase: () => Promise.resolve(undefined) };
  const limits = { signal: undefined, handshakeTimeoutMs: 60_000, onEnd: () => undefined };
  await expect(logIn(stream, settings, services as Parameters<typeof logIn>[2], limits)).rejects.toMatchObject({
    code: 'SSH_UNREACHABLE',
    message: 'root@10.0.0.11:22: read EHOSTUNREACH',
  });
});
