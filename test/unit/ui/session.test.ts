import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KbsError } from '../../../src/errors/index.js';
import type { KbsEvent } from '../../../src/events/index.js';
import { Secret } from '../../../src/secret/index.js';
import { Session, type SessionOptions } from '../../../src/ui/index.js';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kbs-session-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function aSession(rest: Partial<SessionOptions> = {}, isTerminal = false) {
  const written = { stdout: '', stderr: '' };
  const streamFor = (name: 'stdout' | 'stderr') =>
    Object.assign(
      new PassThrough().on('data', (chunk: Buffer) => (written[name] += chunk.toString())),
      { isTTY: isTerminal, columns: 80, rows: 24 },
    ) as unknown as NodeJS.WriteStream;
  const stdin = Object.assign(new PassThrough(), { isTTY: isTerminal, setRawMode: () => undefined });
  const session = new Session({
    format: 'text',
    logLevel: 'warn',
    isColorRefused: true,
    showsTimings: false,
    dataDirectory: folder,
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: streamFor('stdout'),
    stderr: streamFor('stderr'),
    ...rest,
  });
  return { session, written, stdin };
}

function readLog(): readonly KbsEvent[] {
  const logs = join(folder, 'runs', 'demo');
  const [name = ''] = readdirSync(logs);
  return readFileSync(join(logs, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as KbsEvent);
}

describe('result', () => {
  test('is all there is on standard output, as text or as JSON', async () => {
    const text = aSession();
    await text.session.start();
    text.session.bus.emit({ type: 'warning', message: 'careful' });
    await text.session.succeed({ nodes: 3 }, '3 nodes');
    expect(text.written.stdout).toBe('3 nodes\n');
    expect(text.written.stderr).toContain('warning careful');
    const json = aSession({ format: 'json' });
    await json.session.succeed({ nodes: 3 }, '');
    expect(JSON.parse(json.written.stdout)).toEqual({ nodes: 3 });
  });

  test('never gets into the run log: it may be a kubeconfig', async () => {
    const { session } = aSession({ format: 'jsonl' });
    await session.start();
    session.useCluster('demo');
    session.bus.emit({ type: 'warning', message: 'careful' });
    await session.succeed({ kubeconfig: 'very private' }, '');
    expect(readLog().map((event) => event.type)).toEqual(['warning']);
  });
});

describe('failure', () => {
  test('gives the exit code of the first error and names the run log', async () => {
    const { session, written } = aSession();
    session.useCluster('demo');
    const exit = await session.fail(new KbsError('SSH_AUTH', 'cp1 does not accept the key', { where: { host: 'cp1' } }));
    expect(exit).toBe(5);
    expect(written.stdout).toBe('');
    expect(written.stderr).toMatch(/Error: cp1 does not accept the key\n {2}at host cp1[^]*Run log: .*\.jsonl/);
    expect(readLog().at(-1)).toMatchObject({ type: 'error', errors: [{ code: 'SSH_AUTH' }] });
  });

  test('a bug shows its message, and its stack only in the run log', async () => {
    const { session, written } = aSession();
    session.useCluster('demo');
    expect(await session.fail(new TypeError('x is undefined'))).toBe(1);
    expect(written.stderr).toContain('Error: x is undefined');
    expect(written.stderr).not.toContain('session.test.ts');
    expect(JSON.stringify(readLog())).toContain('session.test.ts');
  });

  test('hides known secrets on the screen too', async () => {
    const { session, written } = aSession({ format: 'json' });
    session.bus.hide(new Secret('hunter2hunter2'));
    await session.fail(new KbsError('REMOTE_COMMAND', 'login with hunter2hunter2 failed'));
    expect(written.stderr + written.stdout).not.toContain('hunter2');
  });
});

describe('questions', () => {
  test('without a terminal a destructive command needs --yes', async () => {
    const { session } = aSession();
    await expect(session.confirm('Reset 3 hosts?', false)).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED', exit: 2 });
    await expect(session.confirm('Reset 3 hosts?', true)).resolves.toBeUndefined();
    await expect(session.askSecret('Password: ')).resolves.toBeUndefined();
    await session.succeed({}, '');
  });

  test.each([
    ['y', true],
    ['yes', true],
    ['', false],
    ['no', false],
  ])('on a terminal the answer "%s" counts as %s', async (answer, isYes) => {
    const { session, stdin } = aSession({}, true);
    const asked = session.confirm('Reset 3 hosts?', false);
    stdin.write(`${answer}\r`);
    await (isYes ? expect(asked).resolves.toBeUndefined() : expect(asked).rejects.toMatchObject({ code: 'CANCELLED' }));
    await session.succeed({}, '');
  });

  test('a password typed is not shown, and hidden from then on', async () => {
    const { session, stdin, written } = aSession({}, true);
    const asked = session.askSecret('Password for cp1: ');
    stdin.write('correct horse\r');
    expect((await asked)?.reveal()).toBe('correct horse');
    expect(written.stderr).toBe('Password for cp1: \n');
    expect(session.bus.redact('it is correct horse')).toBe('it is ***');
    await session.succeed({}, '');
  });
});

describe('on a terminal', () => {
  test('phases are drawn on standard error while they run and stay as one line each', async () => {
    const { session, written } = aSession({ logLevel: 'info' }, true);
    await session.start();
    const phase = { phase: 'runtime', title: 'Container runtime', hosts: ['cp1'] };
    const phases = [
      { name: 'runtime', title: 'Container runtime', hosts: ['cp1'] },
      { name: 'proof', title: 'Proof', hosts: ['cp1'] },
    ];
    session.bus.emit({ type: 'run.start', operation: 'apply', hosts: ['cp1'], phases });
    session.bus.emit({ type: 'phase.start', ...phase });
    session.bus.emit({ type: 'host.start', phase: 'runtime', host: 'cp1', steps: 1, after: [] });
    session.bus.emit({ type: 'step.start', phase: 'runtime', host: 'cp1', step: 'runtime/unit', title: 'Start containerd' });
    await vi.waitFor(() => expect(written.stderr).toMatch(/Container runtime {2}0\/1 hosts/), 20_000);
    await vi.waitFor(() => expect(written.stderr).toContain('cp1  Start containerd'), 20_000);
    session.bus.emit({ type: 'warning', message: 'late news' });
    session.bus.emit({ type: 'host.end', phase: 'runtime', host: 'cp1', durationMs: 1, status: 'changed' });
    session.bus.emit({ type: 'phase.end', phase: 'runtime', durationMs: 1, status: 'succeeded' });
    await session.succeed({}, 'done');
    expect(written.stdout).toBe('done\n');
    expect(written.stderr).not.toContain('Proof');
    expect(written.stderr.trimEnd().split('\n').at(-1)).toContain('late news');
  });
});

describe('signals and crashes', () => {
  const FIXTURE = fileURLToPath(new URL('./session-fixture.ts', import.meta.url));

  async function runUntil(stepMs: number, signals: readonly NodeJS.Signals[], ...crash: readonly string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', FIXTURE, folder, String(stepMs), ...crash], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    let signalled = 0;
    const send = (): void => {
      const signal = signals[signalled];
      if (signal) child.kill(signal);
      signalled += 1;
    };
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      if (signalled === 0 && stderr.includes('Slow phase')) send();
      else if (signalled === 1 && stderr.includes('Stopping')) send();
    });
    const exitCode = await new Promise((resolve) => child.on('close', resolve));
    return { exitCode, stderr };
  }

  test('an error that nobody catches ends the run as a bug, with its stack in the run log only', async () => {
    const { exitCode, stderr } = await runUntil(60_000, [], 'read EHOSTUNREACH');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/Error: read EHOSTUNREACH\n[^]*Run log: .*\.jsonl/);
    expect(stderr).not.toContain('session-fixture.ts');
    expect(JSON.stringify(readLog())).toContain('session-fixture.ts');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('the first %s lets the step finish, starts no other, and ends with %i', async (signal, code) => {
    const { exitCode, stderr } = await runUntil(1_500, [signal]);
    expect(exitCode).toBe(code);
    expect(stderr).toContain('Stopping');
    const steps = readLog().filter((event) => event.type === 'step.end');
    expect(steps).toMatchObject([{ status: 'changed' }]);
    expect(readLog().filter((event) => event.type === 'run.end')).toMatchObject([{ status: 'cancelled' }]);
  });

  test('the second SIGINT ends kbs at once, with the run log on disk', async () => {
    // The step would take longer than this test may.
    const { exitCode } = await runUntil(60_000, ['SIGINT', 'SIGINT']);
    expect(exitCode).toBe(130);
    expect(readLog().map((event) => event.type)).toContain('step.start');
  });
});
