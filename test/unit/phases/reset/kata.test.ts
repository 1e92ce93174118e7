import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../../src/host/index.js';
import { formerState, type FormerState } from '../../../../src/phases/reset/former-state.js';
import { cgroupsStep } from '../../../../src/phases/reset/kernel-steps.js';
import { endPodsStep } from '../../../../src/phases/reset/pods-step.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';

const DONE: JournalEntry = { kind: 'note', name: 'baseline', value: '1' };

function former(was?: 'absent' | 'directory'): FormerState {
  const state = formerState([DONE, ...(was === undefined ? [] : [{ kind: 'tree', path: '/opt/kata', was } as const])]);
  if (state === undefined) throw new Error('the baseline is complete');
  return state;
}

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kbs-kata-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function shellHost(path: string, local: string) {
  const run = (text: string): string =>
    execFileSync('/bin/sh', ['-c', text.replaceAll(path, local)], { encoding: 'utf8' }).replace(/\n$/, '');
  return memoryHost({ answers: [[/[\s\S]*/, run]] });
}

describe('reset of a host with Kata', () => {
  test('knows of it only when kbs brought it', () => {
    expect([former().hasKata, former('directory').hasKata, former('absent').hasKata]).toEqual([false, false, true]);
  });

  test('finds virtual machines that have left their shim', async () => {
    cpSync('/bin/sleep', join(root, 'qemu'));
    const machine = spawn(join(root, 'qemu'), ['60']);
    await new Promise((resolve) => machine.once('spawn', resolve));
    try {
      // Looked for, and never ended here: the look sees pods of others on this machine, too.
      const look = async (state: FormerState) =>
        JSON.stringify((await endPodsStep(state).prepare(shellHost('/opt/kata', root), stepContext())).plan);
      expect(await look(former('absent'))).toContain('qemu');
      expect(await look(former())).not.toContain('qemu');
    } finally {
      machine.kill();
    }
  }, 60_000);

  test('removes the control groups that Kata keeps apart, and those of nobody else', async () => {
    const groups = ['kata_overhead/a', 'memory/kata_overhead/a', 'vc/b', 'kubepods/c'].map((name) => join(root, name));
    const foreign = join(root, 'system.slice/vcs');
    for (const group of [...groups, foreign]) mkdirSync(group, { recursive: true });
    await (await cgroupsStep(former()).prepare(shellHost('/sys/fs/cgroup', root), stepContext())).apply();
    expect(groups.map((group) => existsSync(group))).toEqual([true, true, true, false]);
    await (await cgroupsStep(former('absent')).prepare(shellHost('/sys/fs/cgroup', root), stepContext())).apply();
    expect([...groups, foreign].map((group) => existsSync(group))).toEqual([false, false, false, false, true]);
    expect(existsSync(join(root, 'vc'))).toBe(false);
  });
});
