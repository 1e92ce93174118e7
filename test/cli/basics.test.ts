import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERROR_KINDS } from '../../src/errors/index.js';
import { kbs, KBS } from './run-kbs.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
const COLOUR = /\u001b\[/;

describe('kbs --version', () => {
  test('says name and version on standard output', async () => {
    const run = await kbs(['--version']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toBe(`kbs/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
  });
});

describe('help', () => {
  test('lists the commands on standard output and nothing on standard error', async () => {
    const run = await kbs(['--help']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toContain('explain');
    expect(run.stdout).not.toMatch(/^\s+(base|\S*-command|\S*-text)\s/m);
  });

  test('of a command shows usage, global flags and examples', async () => {
    const run = await kbs(['explain', '--help']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    for (const part of ['USAGE', 'GLOBAL FLAGS', '--output', '--no-color', '--log-level', '--timings', 'EXAMPLES'])
      expect(run.stdout).toContain(part);
  });
});

describe('wrong use', () => {
  test.each([
    ['an unknown command', ['conquer']],
    ['an unknown flag', ['explain', '--loud']],
    ['an argument too many', ['explain', 'INTERNAL', 'CANCELLED']],
    ['a value a flag does not have', ['explain', '--output', 'xml']],
    ['an unknown error code', ['explain', 'NO_SUCH_CODE']],
  ])('%s ends with exit code 2, a reason on standard error, nothing on standard output', async (_case, args) => {
    const run = await kbs(args);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).not.toBe('');
  });

  test('an unknown error code suggests those that share a word', async () => {
    const run = await kbs(['explain', 'ssh']);
    expect(run.stderr).toContain('kbs explain SSH_HOST_KEY');
    expect(run.stderr).not.toContain('kbs explain BUNDLE_DIGEST');
  });
});

describe('kbs phase', () => {
  test('list tells every phase in order, for people and for programs', async () => {
    const text = await kbs(['phase', 'list']);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toMatch(/^preflight +all +looks whether/m);
    const { phases } = JSON.parse((await kbs(['phase', 'list', '--output', 'json'])).stdout) as { phases: { name: string }[] };
    expect(phases[0]?.name).toBe('preflight');
    expect(phases.at(-1)?.name).toBe('proof');
  });

  test('run without a name is wrong use', async () => {
    expect(await kbs(['phase', 'run'])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('kbs explain', () => {
  test('tells meaning, causes and actions of one code, in any spelling', async () => {
    const run = await kbs(['explain', 'ssh-host-key']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    for (const part of ['SSH_HOST_KEY', 'exit code 5', 'Usual causes', 'What to do', 'ssh-keygen -lf']) expect(run.stdout).toContain(part);
  });

  test('lists every code with its exit code', async () => {
    const run = await kbs(['explain']);
    for (const [code, { exit }] of Object.entries(ERROR_KINDS)) expect(run.stdout).toMatch(new RegExp(`^${code} +${exit}  `, 'm'));
  });
});

describe('output', () => {
  test('json is one object on standard output', async () => {
    const run = await kbs(['explain', 'CANCELLED', '--output', 'json']);
    expect(JSON.parse(run.stdout)).toMatchObject({ codes: [{ code: 'CANCELLED', exit: 130 }] });
  });

  test('jsonl ends with the result as an event', async () => {
    const run = await kbs(['explain', 'CANCELLED', '--output', 'jsonl']);
    const last = run.stdout.trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ v: 1, type: 'result', result: { codes: [{ code: 'CANCELLED' }] } });
  });

  test('json of a failure is on standard output, its text for people on standard error', async () => {
    const run = await kbs(['explain', 'NO_SUCH_CODE', '--output', 'json']);
    expect(run.exitCode).toBe(2);
    expect(JSON.parse(run.stdout)).toMatchObject({ errors: [{ code: 'USAGE', message: 'there is no error code NO_SUCH_CODE' }] });
    expect(run.stderr).toContain('Error: there is no error code NO_SUCH_CODE');
  });

  test.each(['5s', '0', 'soon'])('a time limit of %s is no time for a verification', async (limit) => {
    const run = await kbs(['verify', '-f', 'cluster.yaml', '--timeout', limit, '--output', 'json']);
    expect(run.exitCode).toBe(2);
    const [error] = (JSON.parse(run.stdout) as { errors: readonly { code: string; message: string }[] }).errors;
    expect(error?.code).toBe('USAGE');
    expect(error?.message).toContain('--timeout is ');
  });

  test('jsonl of a failure ends with the error as an event', async () => {
    const run = await kbs(['explain', 'NO_SUCH_CODE', '--output', 'jsonl']);
    expect(JSON.parse(run.stdout)).toMatchObject({ v: 1, type: 'error', errors: [{ code: 'USAGE' }] });
  });

  test('has no colours in a pipe, nor on a terminal with NO_COLOR or --no-color', async () => {
    expect((await kbs(['explain', 'CANCELLED'])).stdout).not.toMatch(COLOUR);
    const onTerminal = (command: string): string =>
      spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', env: { ...process.env, TERM: 'xterm', NO_COLOR: '' } })
        .stdout;
    const command = `${process.execPath} ${KBS} explain CANCELLED`;
    expect(onTerminal(command)).toMatch(COLOUR);
    expect(onTerminal(`${command} --no-color`)).not.toMatch(COLOUR);
    expect(onTerminal(`NO_COLOR=1 ${command}`)).not.toMatch(COLOUR);
  });
});
