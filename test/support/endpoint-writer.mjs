// Appends to a ConfigMap through a control-plane endpoint every 100 ms and reads it back meanwhile, until its standard input ends.
// node endpoint-writer.mjs SERVER DIRECTORY NAMESPACE NAME; DIRECTORY holds ca.crt, client.crt and client.key.
// Prints a line of JSON for each write the API has acknowledged ({"ack","at"}), for each read ({"read","at"}) and for each
// acknowledged write a later read does not show ({"lost"}). Plain JavaScript: it runs in the network of a lab host.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , server, directory, namespace, name] = process.argv;
const read = (file) => readFileSync(`${directory}/${file}`);
const credentials = { ca: read('ca.crt'), cert: read('client.crt'), key: read('client.key') };
const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
const EVERY_MS = 100;
const PATIENCE_MS = 2_000;

let isOver = false;
process.stdin.on('end', () => (isOver = true)).resume();

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** A client of its own keeps its connection, as controllers do; what does not answer in time loses it. */
function client() {
  const agent = new Agent({ ...credentials, keepAlive: true, maxSockets: 1 });
  return (method, body) =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/merge-patch+json' };
      const sent = request(`${server}${path}`, { method, agent, headers, timeout: PATIENCE_MS }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          if (answer.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${answer.statusCode}: ${text.slice(0, 200)}`));
        });
      });
      const late = setTimeout(() => sent.destroy(new Error('no answer in time')), PATIENCE_MS);
      sent.on('close', () => clearTimeout(late));
      sent.on('error', reject);
      sent.end(body);
    });
}

const acknowledged = new Map();

async function write() {
  const send = client();
  for (let number = 1; !isOver; number += 1) {
    const key = `n${String(number).padStart(6, '0')}`;
    const value = String(Date.now());
    // The same write again until it is acknowledged: whether an attempt that failed came through makes no difference.
    for (;;) {
      try {
        await send('PATCH', JSON.stringify({ data: { [key]: value } }));
        break;
      } catch (error) {
        print({ failed: key, why: error.message, at: Date.now() });
        if (isOver) return;
        await sleep(EVERY_MS);
      }
    }
    acknowledged.set(key, value);
    print({ ack: key, at: Date.now() });
    await sleep(EVERY_MS);
  }
}

async function check() {
  const send = client();
  for (let isLast = false; ;) {
    const expected = [...acknowledged];
    isLast = isOver;
    try {
      const { data = {} } = await send('GET');
      for (const [key, value] of expected) if (data[key] !== value) print({ lost: key, at: Date.now() });
      print({ read: expected.length, at: Date.now() });
      if (isLast) return;
    } catch (error) {
      print({ unread: error.message, at: Date.now() });
    }
    await sleep(500);
  }
}

await Promise.all([write(), check()]);
process.exit(0);
