import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostSpec } from '../../src/config/index.js';
import { createEventBus } from '../../src/events/index.js';
import { tryConnect } from '../../src/operations/connect.js';
import { aClusterSpec } from '../support/cluster-spec.js';
import { aTransport, never } from '../support/ssh-transport.js';
import { startSshd, whyNoSshd, type Sshd } from '../support/sshd.js';

const missing = whyNoSshd();

describe.skipIf(missing !== undefined)(`hosts that do not answer ${missing ?? ''}`, () => {
  let sshd: Sshd;
  let silent: Server;

  beforeAll(async () => {
    sshd = await startSshd();
    // Accepts, and never says a word.
    silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    silent.close();
    await sshd.stop();
  });

  test('delay only themselves, and are told in the order of the file', async () => {
    const spec = aClusterSpec({ workers: 3 });
    const ports: Readonly<Record<string, number>> = { w1: (silent.address() as AddressInfo).port, w2: 1 };
    const transportFor = ({ name }: HostSpec) => aTransport(sshd, { port: ports[name] ?? sshd.port, connectTimeoutSeconds: 2 });
    const bus = createEventBus({ run: 'test', now: () => Date.now() });
    const ended: string[] = [];
    bus.subscribe((event) => {
      if (event.type === 'host.end') ended.push(`${event.host} ${event.status}`);
    });
    const { hosts, failures } = await tryConnect(spec.hosts, { spec, transportFor, bus, signal: never });
    await Promise.all(hosts.map((host) => host.transport.close()));
    expect(hosts.map(({ name }) => name)).toEqual(['cp1', 'w3']);
    expect(failures.map(({ code, where }) => `${where.host} ${code}`)).toEqual(['w1 SSH_UNREACHABLE', 'w2 SSH_UNREACHABLE']);
    expect(ended.slice(0, 2).sort()).toEqual(['cp1 unchanged', 'w3 unchanged']);
  });
});
