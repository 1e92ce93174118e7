import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpackTreeStep, type LocalFile } from '../../../src/steps/index.js';
import { memoryHost, stepContext, type MemoryHost } from '../../support/memory-host.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kbs-tree-'));
  mkdirSync(join(root, 'artifacts'));
  mkdirSync(join(root, 'bin'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** An archive as Kata's is made, with a link in it. */
function anArchive(content: string): LocalFile {
  const source = mkdtempSync(join(root, 'source-'));
  mkdirSync(join(source, 'opt/kata/bin'), { recursive: true });
  writeFileSync(join(source, 'opt/kata/bin/shim'), content, { mode: 0o744 });
  symlinkSync('shim', join(source, 'opt/kata/bin/current'));
  const path = `${source}.tar.xz`;
  execFileSync('tar', ['-cJf', path, '-C', source, '.']);
  const bytes = readFileSync(path);
  return { path, sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
}

/** Commands really run; what would have been uploaded lies where they look for it. */
function shellHost(...uploads: readonly LocalFile[]): MemoryHost {
  const run = (text: string): string => {
    for (const file of uploads) execFileSync('cp', [file.path, join(root, 'artifacts', file.sha256)]);
    const local = text.replaceAll('/var/lib/kbs/artifacts', join(root, 'artifacts'));
    return execFileSync('/bin/sh', ['-c', local], { encoding: 'utf8', stdio: 'pipe' }).replace(/\n$/, '');
  };
  return memoryHost({ answers: [[/tree_digest|ln -sfT/, run]], files: { '/var/lib/': '', '/tmp/': '' } });
}

const tree = () => join(root, 'kata');
const link = () => join(root, 'bin/shim');

function aStep(file: LocalFile) {
  return unpackTreeStep({
    id: 'r/k',
    title: 'Install',
    archive: async () => file,
    tree: { path: tree(), member: 'opt/kata', links: [{ path: link(), to: `${tree()}/bin/shim` }], stateTrees: [join(root, 'run')] },
  });
}

async function apply(file: LocalFile, host = shellHost(file)): Promise<string> {
  const prepared = await aStep(file).prepare(host, stepContext());
  if (prepared.plan.change === 'none') return 'none';
  await prepared.apply();
  return prepared.plan.summary;
}

describe('a tree of an archive', () => {
  test('comes as a whole, with links in it and to it, once', async () => {
    const file = anArchive('first');
    expect(await apply(file)).toBe(`unpack ${tree()}, link ${link()}`);
    expect(readFileSync(join(tree(), 'bin/current'), 'utf8')).toBe('first');
    expect(readlinkSync(link())).toBe(`${tree()}/bin/shim`);
    expect(execFileSync('ls', ['-A', root], { encoding: 'utf8' })).not.toMatch(/kbs-(new|old)/);
    expect(await apply(file)).toBe('none');
  });

  test('is journaled as a whole, with what its programs come to fill, before anything is unpacked', async () => {
    const file = anArchive('first');
    const host = shellHost(file);
    await apply(file, host);
    const entries = host.journaled.filter(({ kind }) => kind === 'tree').map((entry) => ('path' in entry ? entry.path : ''));
    expect(entries).toEqual(expect.arrayContaining([tree(), `${tree()}.kbs-new`, join(root, 'run')]));
    expect(host.journaled).toContainEqual({ kind: 'path', path: link(), was: 'absent' });
  });

  test('is replaced by that of another archive, and nothing of the old one stays', async () => {
    const [first, second] = [anArchive('first'), anArchive('second')];
    await apply(first);
    writeFileSync(join(tree(), 'old'), '');
    expect(await apply(second)).toContain(tree());
    expect(readFileSync(join(tree(), 'bin/shim'), 'utf8')).toBe('second');
    expect(existsSync(join(tree(), 'old'))).toBe(false);
  });

  test.each([
    ['content', () => appendFileSync(join(tree(), 'bin/shim'), 'x')],
    ['a mode', () => execFileSync('chmod', ['0700', join(tree(), 'bin/shim')])],
    ['a link', () => execFileSync('ln', ['-sfn', 'elsewhere', join(tree(), 'bin/current')])],
    ['a file more', () => writeFileSync(join(tree(), 'more'), '')],
  ])('that was altered (%s) is seen and unpacked anew', async (_what, alter) => {
    const file = anArchive('first');
    await apply(file);
    alter();
    expect(await apply(file)).toBe(`unpack anew, what is there was altered: ${tree()}`);
    expect(await apply(file)).toBe('none');
  });

  test('a link that is gone comes back without another upload', async () => {
    const file = anArchive('first');
    await apply(file);
    rmSync(link());
    const host = shellHost();
    expect(await apply(file, host)).toBe(`link ${link()}`);
    expect(host.changes.filter((change) => change.startsWith('upload'))).toEqual([]);
  });

  test('of somebody else is not touched', async () => {
    mkdirSync(tree());
    writeFileSync(join(tree(), 'theirs'), '');
    await expect(apply(anArchive('first'))).rejects.toMatchObject({ code: 'FILE_WRITE' });
    expect(existsSync(join(tree(), 'theirs'))).toBe(true);
  });

  test('an archive without it leaves nothing behind', async () => {
    const source = mkdtempSync(join(root, 'source-'));
    writeFileSync(join(source, 'README'), '');
    execFileSync('tar', ['-cJf', `${source}.tar.xz`, '-C', source, '.']);
    const file = { path: `${source}.tar.xz`, sha256: 'a'.repeat(64), sizeBytes: 1 };
    const host = shellHost(file);
    // The memory host checks what is uploaded; here it lies there already.
    host.files.upload = async () => undefined;
    await expect(apply(file, host)).rejects.toThrow();
    expect(existsSync(tree())).toBe(false);
    expect(existsSync(`${tree()}.kbs-new`)).toBe(false);
  });
});
