import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { uploadFile } from '../../../src/host/upload-file.js';

const CONTENT = Buffer.from('what is sent');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kbs-upload-'));
  mkdirSync(join(folder, 'bin'));
  for (const [name, body] of [
    ['sync', `echo "$@" >>'${folder}/synced'`],
    ['chown', ':'],
  ] as const) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Uploads to this machine, where `sync` only notes what it is called with, and nobody needs to be root. */
async function upload(options: { readonly isShortLived?: boolean }): Promise<string> {
  const target = join(folder, 'target');
  const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
  await uploadFile(
    async ({ text }, { stdin }) => {
      const input = stdin === undefined ? '' : CONTENT;
      const { status, signal, stdout, stderr } = spawnSync('/bin/sh', ['-c', text], { input, env, encoding: 'utf8' });
      return { exitCode: status, signal, stdout, stderr };
    },
    (offset) => Readable.from([CONTENT.subarray(offset)]),
    target,
    { mode: 0o600, sha256: createHash('sha256').update(CONTENT).digest('hex'), sizeBytes: CONTENT.length, ...options },
  );
  return target;
}

test('a file is on the disk before it has its name', async () => {
  const target = await upload({});
  expect(readFileSync(target)).toEqual(CONTENT);
  expect(readFileSync(join(folder, 'synced'), 'utf8')).toMatch(/\.kbs-part-\S+-target\n$/);
});

test('nobody waits for the disk where a file is used at once and taken away', async () => {
  const target = await upload({ isShortLived: true });
  expect(readFileSync(target)).toEqual(CONTENT);
  expect(existsSync(join(folder, 'synced'))).toBe(false);
});
