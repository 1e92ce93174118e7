import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KbsError } from '../../src/errors/index.js';
import { script, Secret, sh, type Transport } from '../../src/host/index.js';
import { startSshd, whyNoSshd, type Sshd } from '../support/sshd.js';
import { asUser, aTransport, never } from '../support/ssh-transport.js';

const missing = whyNoSshd();

async function isRunning(transport: Transport, marker: string): Promise<boolean> {
  const found = await transport.exec(sh`ps -e -o args= | grep -F ${marker} | grep -v grep`, asUser());
  return found.exitCode === 0;
}

async function untilGone(transport: Transport, marker: string): Promise<void> {
  for (let tries = 0; await isRunning(transport, marker); tries += 1) {
    if (tries === 40) throw new Error(`still running: ${marker}`);
    await sleep(100);
  }
}

describe.skipIf(missing !== undefined)(`commands over SSH ${missing ?? ''}`, () => {
  let sshd: Sshd;
  let transport: Transport;

  beforeAll(async () => {
    sshd = await startSshd();
    transport = aTransport(sshd);
    await transport.connect(never);
  });
  afterAll(async () => {
    await transport.close();
    await sshd.stop();
  });

  test('names who it is connected to', () => {
    expect(transport.target).toBe(`root@127.0.0.1:${sshd.port}`);
  });

  test('tells output, errors and exit code of a command, whatever the code', async () => {
    const result = await transport.exec(sh`echo out; echo err >&2; exit 3`, asUser());
    expect(result).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 3, signal: null });
  });

  test('tells the signal that ended a command', async () => {
    expect(await transport.exec(sh`kill -KILL $$`, asUser())).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    expect(await transport.exec(sh`kill -TERM $$`, asUser())).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
  });

  test('quotes interpolations: they stay one word of any characters', async () => {
    const word = `a 'b' "c" $HOME \`id\` !x \\n\n* ü`;
    expect(await transport.exec(sh`printf %s ${word}`, asUser())).toMatchObject({ stdout: word });
  });

  test('runs scripts of several lines', async () => {
    const result = await transport.exec(script('for n in 1 2; do\n  echo "$name $n"\ndone', { name: "o'k" }), asUser());
    expect(result.stdout).toBe("o'k 1\no'k 2\n");
  });

  test('decodes characters that come in two chunks', async () => {
    const result = await transport.exec(sh`printf '\303'; sleep 0.2; printf '\274'`, asUser());
    expect(result.stdout).toBe('ü');
  });

  test('gives text, bytes, secrets and streams to standard input, and nothing when there is none', async () => {
    const inputs = ['text', Buffer.from('text'), new Secret('text'), Readable.from([Buffer.from('te'), Buffer.from('xt')])];
    for (const stdin of inputs) expect((await transport.exec(sh`cat`, asUser({ stdin }))).stdout).toBe('text');
    expect((await transport.exec(sh`cat`, asUser())).stdout).toBe('');
  });

  test('does not mind when a command leaves its input unread', async () => {
    const result = await transport.exec(sh`head -c 1`, asUser({ stdin: Readable.from(chunks(64)) }));
    expect(result).toMatchObject({ exitCode: 0, stdout: 'x' });
  });

  test('fails when the source of the input fails', async () => {
    const broken = new Readable({ read: () => broken.destroy(new Error('disk on fire')) });
    await expect(transport.exec(sh`cat`, asUser({ stdin: broken }))).rejects.toThrow('disk on fire');
  });

  test('hands over whole lines while the command runs', async () => {
    const lines: string[] = [];
    await transport.exec(
      sh`printf a; sleep 0.1; echo b; echo oops >&2; printf last`,
      asUser({ onLine: (stream, line) => lines.push(`${stream} ${line}`) }),
    );
    expect(lines.filter((line) => line.startsWith('stdout'))).toEqual(['stdout ab', 'stdout last']);
    expect(lines.filter((line) => line.startsWith('stderr'))).toEqual(['stderr oops']);
  });

  test('carries large output whole and refuses an endless one', async () => {
    const large = await transport.exec(sh`head -c 20000000 /dev/zero | tr '\0' x`, asUser());
    expect(large.stdout).toHaveLength(20_000_000);
    await expect(transport.exec(sh`yes kbs-endless-output`, asUser())).rejects.toMatchObject({ code: 'REMOTE_COMMAND' });
    await untilGone(transport, 'yes kbs-endless-output');
  });

  test('runs 14 commands at once over one connection and at most 8 channels', async () => {
    const before = sshd.connections().length;
    const counted = sh`sleep 0.3; ps -e -o args= | grep -c '^sleep 0.3' || true`;
    const results = await Promise.all(Array.from({ length: 14 }, () => transport.exec(counted, asUser())));
    expect(results.every((result) => result.exitCode === 0)).toBe(true);
    expect(Math.max(...results.map((result) => Number(result.stdout)))).toBeLessThanOrEqual(8);
    expect(sshd.connections()).toHaveLength(before);
  });

  test('hears how commands ended while kbs was busy: answers that come all at once are not a broken connection', async () => {
    const running = Array.from({ length: 8 }, () => transport.exec(sh`exit 3`, asUser()));
    // The requests are on their way; then the whole answer of each waits in the socket and is read in one go.
    await sleep(2);
    const untilMs = performance.now() + 400;
    while (performance.now() < untilMs);
    expect((await Promise.all(running)).map(({ exitCode }) => exitCode)).toEqual(Array.from({ length: 8 }, () => 3));
  });

  test('ends a command that takes too long, with all it started', async () => {
    const slow = sh`sleep 61.25 & sleep 61.25`;
    await expect(transport.exec(slow, asUser({ timeoutMs: 1_000 }))).rejects.toMatchObject({ code: 'TIMEOUT' });
    await untilGone(transport, 'sleep 61.25');
  });

  test('knows that a command took too long also when kbs heard late of its start', async () => {
    const running = Array.from({ length: 8 }, () => transport.exec(sh`sleep 5`, asUser({ timeoutMs: 1_000 })));
    const ended = Promise.allSettled(running);
    await sleep(2);
    const untilMs = performance.now() + 400;
    while (performance.now() < untilMs);
    const codes = (await ended).map((result) => (result.status === 'rejected' ? (result.reason as KbsError).code : result.value.exitCode));
    expect(codes).toEqual(Array.from({ length: 8 }, () => 'TIMEOUT'));
  });

  test('does not take a command that exits with 124 for one that was too slow', async () => {
    expect(await transport.exec(sh`exit 124`, asUser())).toMatchObject({ exitCode: 124 });
  });

  test('ends a command when it is cancelled, with all it started', async () => {
    const abort = new AbortController();
    const running = transport.exec(sh`sleep 62.25 & sleep 62.25`, asUser({ signal: abort.signal }));
    setTimeout(() => abort.abort(), 300);
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await untilGone(transport, 'sleep 62.25');
  });

  test('starts nothing when it was cancelled before', async () => {
    await expect(transport.exec(sh`touch ${sshd.directory}/started`, asUser({ signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });

  test('connects to addresses as the host sees them', async () => {
    const server = createServer((socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const stream = await transport.dial('127.0.0.1', port);
    const received: string[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) received.push(chunk.toString());
    expect(received.join('')).toBe('hello');
    await new Promise((resolve) => server.close(resolve));
    await expect(transport.dial('127.0.0.1', port)).rejects.toMatchObject({ code: 'SSH_UNREACHABLE' });
  });
});

describe.skipIf(missing !== undefined)(`connections that break ${missing ?? ''}`, () => {
  let sshd: Sshd;
  let transport: Transport;

  beforeAll(async () => {
    sshd = await startSshd({ config: ['MaxSessions 4'] });
    transport = aTransport(sshd);
    await transport.connect(never);
  });
  afterAll(async () => {
    await transport.close();
    await sshd.stop();
  });

  test('a drop in the middle of a command is SSH_LOST, never success', async () => {
    const running = transport.exec(sh`echo begun; sleep 5`, asUser());
    setTimeout(() => sshd.dropConnections(), 500);
    await expect(running).rejects.toMatchObject({ code: 'SSH_LOST', retryable: true });
  });

  test('the next command connects again', async () => {
    expect(await transport.exec(sh`echo back`, asUser())).toMatchObject({ stdout: 'back\n' });
  });

  test('a command that only reads runs again after a drop', async () => {
    const file = `${sshd.directory}/runs`;
    const counted = sh`echo run >> ${file}; sleep 1; wc -l < ${file}`;
    const running = transport.exec(counted, asUser({ retryOnLoss: true }));
    setTimeout(() => sshd.dropConnections(), 500);
    expect((await running).stdout.trim()).toBe('2');
  });

  test('a server that allows fewer sessions is asked for fewer', async () => {
    const results = await Promise.all(Array.from({ length: 14 }, (_, n) => transport.exec(sh`sleep 0.1; echo ${n}`, asUser())));
    expect(results.map((result) => Number(result.stdout))).toEqual(Array.from({ length: 14 }, (_, n) => n));
  });

  test('closing twice is fine, and a closed transport leaves no connection', async () => {
    await transport.close();
    await transport.close();
    for (let tries = 0; sshd.connections().length > 0 && tries < 40; tries += 1) await sleep(50);
    expect(sshd.connections()).toEqual([]);
  });
});

function* chunks(count: number): Generator<Buffer> {
  for (let n = 0; n < count; n += 1) yield Buffer.alloc(1024 * 1024, 'x');
}
