import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kbs } from './run-kbs.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kbs-completion-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function scriptFor(shell: string): Promise<string> {
  const run = await kbs(['completion', shell]);
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  const file = join(folder, shell);
  writeFileSync(file, run.stdout);
  return file;
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0;
}

function said(program: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.trim();
}

/** Each case: the words of a line as bash splits them, the last one being typed; what bash offers. */
const LINES: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['no'], ['node']],
  [['node', 'dr'], ['drain']],
  [['node', 'drain', 'w1', '--forc'], ['--force']],
  [
    ['init', '--output', ''],
    ['text', 'json', 'jsonl'],
  ],
  [
    ['init', '-o', 'json'],
    ['json', 'jsonl'],
  ],
  [['verify', '--profile', '=', 'q'], ['quick']],
  [['init', '-f', ''], []],
  [
    ['phase', 'run', 'pro'],
    ['proof-images', 'proof'],
  ],
  [['explain', 'BUNDLE'], ['BUNDLE_DIGEST']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['status', '--acc'], ['--accept-new-host-keys']],
];

describe('kbs completion', () => {
  test('bash is offered commands, flags and values', async () => {
    const file = await scriptFor('bash');
    const shown = LINES.map(([words]) => {
      const line = ['kbs', ...words].map((word) => `'${word}'`).join(' ');
      const ask = `source '${file}'; COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _kbs; echo "\${COMPREPLY[*]}"`;
      return [words, said('bash', ['--norc', '-c', ask]).split(' ').filter(Boolean)];
    });
    expect(shown).toEqual(LINES);
  });

  test('every command is there, and nothing that is none', async () => {
    const file = await scriptFor('bash');
    const commands = said('bash', ['--norc', '-c', `source '${file}'; _kbs_words ''`]).split(' ');
    expect(commands).toEqual(expect.arrayContaining(['init', 'join', 'apply', 'node', 'completion']));
    for (const command of commands) expect((await kbs([command, '--help'])).exitCode, command).toBe(0);
  });

  test.skipIf(!isInstalled('zsh'))('zsh reads its script and finds words with what they are (skipped where there is no zsh)', async () => {
    const file = await scriptFor('zsh');
    said('zsh', ['-n', file]);
    const ask = `compdef() { :; }; source '${file}'; _kbs_words node; print -l -- $reply; _kbs_values 'verify --profile'; print $reply`;
    const words = said('zsh', ['-f', '-c', ask]);
    expect(words).toContain('cordon:Keep new pods off a node');
    expect(words).toContain('quick full');
  });

  test.skipIf(!isInstalled('fish'))('fish is offered commands, flags and values (skipped where there is no fish)', async () => {
    const file = await scriptFor('fish');
    const offered = (line: string): readonly string[] =>
      said('fish', ['--no-config', '-c', `source '${file}'; complete -C '${line}'`])
        .split('\n')
        .map((row) => row.split('\t')[0] ?? '');
    expect(offered('kbs node dr')).toEqual(['drain']);
    expect(offered('kbs verify --profile ')).toEqual(['full', 'quick']);
    expect(offered('kbs init --skip-p')).toEqual(['--skip-phase']);
  });

  test('refuses a shell that it does not know, and names those it does', async () => {
    const run = await kbs(['completion', 'tcsh']);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    for (const shell of ['bash', 'zsh', 'fish']) expect(run.stderr).toContain(shell);
  });

  test('gives the script as a field of the result', async () => {
    const result = JSON.parse((await kbs(['completion', 'fish', '--output', 'json'])).stdout) as { shell: string; script: string };
    expect(result.shell).toBe('fish');
    expect(result.script).toContain('complete -c kbs');
  });
});
