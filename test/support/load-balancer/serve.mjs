/**
 * The external load balancer of a test's network: TCP to whichever backend says it is ready. Not a part of kbs.
 * Arguments: ADDRESS PORT BACKENDS_FILE (one address a line, read again before every look).
 */
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect, createServer } from 'node:net';

const [address, port, backendsFile] = process.argv.slice(2);
const BACKEND_PORT = 6443;
let ready = [];

function isReady(host) {
  return new Promise((resolve) => {
    const options = { host, port: BACKEND_PORT, path: '/readyz', rejectUnauthorized: false, timeout: 1000, agent: false };
    const request = get(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
    request.on('close', () => resolve(false));
  });
}

async function look() {
  const backends = readFileSync(backendsFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const answers = await Promise.all(backends.map(isReady));
  ready = backends.filter((_backend, index) => answers[index]);
  setTimeout(look, 500);
}

let next = 0;
const server = createServer((client) => {
  const backend = ready[(next += 1) % Math.max(ready.length, 1)];
  client.on('error', () => client.destroy());
  if (backend === undefined) return void client.destroy();
  const upstream = connect({ host: backend, port: BACKEND_PORT });
  upstream.on('error', () => client.destroy());
  upstream.on('close', () => client.destroy());
  client.on('close', () => upstream.destroy());
  client.pipe(upstream).pipe(client);
});
server.listen(Number(port), address, () => void look());
