import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { servedCertificate } from '../../../src/host/index.js';
import { isSameCertificate } from '../../../src/pki/index.js';
import { serverKeys } from '../../support/discovery-server.js';

const PROBE = { address: '127.0.0.1', port: 6443, timeoutMs: 200 } as const;
const { ca, server: keys } = await serverKeys();

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function dialing(server: Server) {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return () => Promise.resolve(connect((server.address() as AddressInfo).port, '127.0.0.1'));
}

test('the certificate a server shows is told', async () => {
  const dial = await dialing(createTlsServer({ cert: keys.certificate, key: keys.privateKey.reveal() }));
  const { certificate } = await servedCertificate(dial, { ...PROBE, ca: ca.certificate, timeoutMs: 20_000 });
  expect(certificate !== undefined && isSameCertificate(certificate, keys.certificate)).toBe(true);
});

test('a certificate of another authority is none', async () => {
  const dial = await dialing(createTlsServer({ cert: keys.certificate, key: keys.privateKey.reveal() }));
  const { ca: other } = await serverKeys();
  const served = await servedCertificate(dial, { ...PROBE, ca: other.certificate, timeoutMs: 20_000 });
  expect(served).toMatchObject({ certificate: undefined, reason: expect.stringMatching(/certificate/) as string });
});

test('a connection that does not come about is given up in time', async () => {
  const served = await servedCertificate(() => new Promise(() => undefined), { ...PROBE, ca: ca.certificate });
  expect(served).toEqual({ certificate: undefined, reason: '127.0.0.1:6443 did not take a connection within 0.2 s' });
});

test('a server that takes the connection and stays silent is given up in time', async () => {
  const dial = await dialing(createServer((socket) => socket.on('error', () => socket.destroy())));
  expect(await servedCertificate(dial, { ...PROBE, ca: ca.certificate })).toEqual({
    certificate: undefined,
    reason: 'no answer within 0.2 s',
  });
});
