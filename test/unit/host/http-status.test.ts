import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { httpStatus } from '../../../src/host/index.js';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that says this to whoever connects, after it has heard something, and goes on listening. */
async function serving(answer: string): Promise<(address: string, port: number) => Promise<Duplex>> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.write(answer));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return () => Promise.resolve(connect((server.address() as AddressInfo).port, '127.0.0.1'));
}

const PROBE = { address: '10.0.0.1', port: 80, path: '/readyz', timeoutMs: 200 } as const;

test('an answer is a status and a text', async () => {
  const dial = await serving('HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\nno');
  expect(await httpStatus(dial, PROBE)).toEqual({ status: 503, body: 'no' });
});

test('a connection that does not come about is given up in time, and closed when it comes late', async () => {
  const late = new Duplex({ read: () => undefined });
  let connected: (stream: Duplex) => void = () => undefined;
  const answer = await httpStatus(() => new Promise((resolve) => (connected = resolve)), PROBE);
  expect(answer).toEqual({ status: undefined, reason: '10.0.0.1:80 did not take a connection within 0.2 s' });
  connected(late);
  await Promise.resolve();
  expect(late.destroyed).toBe(true);
});

test('a server that takes the request and stays silent is given up in time', async () => {
  expect(await httpStatus(await serving(''), PROBE)).toEqual({ status: undefined, reason: 'no answer within 0.2 s' });
});

test('a server that stops in the midst of its answer is given up in time', async () => {
  const dial = await serving('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart');
  expect((await httpStatus(dial, PROBE)).status).toBeUndefined();
});
