import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { RegistryContent, RegistryRequest } from './registry.js';

// The registry's own process: what it serves comes as the first line of its input, each further line asks for the requests so far.

const requests: RegistryRequest[] = [];

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function answer(content: RegistryContent, request: IncomingMessage, response: ServerResponse): void {
  const path = new URL(request.url ?? '/', 'https://registry').pathname;
  const reply = (status: number, headers: Record<string, string | number> = {}, body?: Buffer): void => {
    requests.push({ path, status });
    response.writeHead(status, { 'Docker-Distribution-Api-Version': 'registry/2.0', ...headers });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const { authorization } = request.headers;
  if (authorization !== `Basic ${content.credentials}`) return reply(401, { 'WWW-Authenticate': 'Basic realm="kbs"' });
  if (path === '/v2/') return reply(200, { 'Content-Length': 2 }, Buffer.from('{}'));
  const found = content.objects[path];
  if (found === undefined) return reply(404);
  const body = Buffer.from(found.base64, 'base64');
  reply(200, { 'Content-Type': found.type, 'Content-Length': body.length, 'Docker-Content-Digest': found.digest }, body);
}

const lines = createInterface({ input: process.stdin });
lines.once('line', (first) => {
  const content = JSON.parse(first) as RegistryContent;
  const server = createServer({ key: content.key, cert: content.certificate }, (request, response) => answer(content, request, response));
  server.listen(0, content.address, () => say({ port: (server.address() as AddressInfo).port }));
  lines.on('line', () => say({ requests }));
  lines.on('close', () => {
    server.close();
    server.closeAllConnections();
  });
});
