import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync, existsSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { KbsError } from '../../../src/errors/index.js';
import { sh } from '../../../src/host/index.js';
import { imageImportStep, unpackStep, uploadStep, type LocalFile } from '../../../src/steps/index.js';
import { memoryHost, stepContext, type MemoryAnswer } from '../../support/memory-host.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kbs-steps-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function aLocalFile(name: string, content: string): LocalFile {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, sha256: digest(content), sizeBytes: content.length };
}

describe('uploadStep', () => {
  test('a program is uploaded once, its old version is journaled', async () => {
    const kubelet = aLocalFile('kubelet', 'new kubelet');
    const host = memoryHost({ files: { '/usr/bin/kubelet': 'old kubelet' } });
    const step = uploadStep({ id: 'b/k', title: 'Upload', files: [{ source: async () => kubelet, to: '/usr/bin/kubelet', mode: 0o755 }] });
    const prepared = await step.prepare(host, stepContext());
    expect(prepared.plan).toEqual({ change: 'update', summary: 'replace /usr/bin/kubelet' });
    expect(host.changes).toEqual([]);
    await prepared.apply();
    expect(host.fs.get('/usr/bin/kubelet')).toMatchObject({ content: Buffer.from('new kubelet'), mode: 0o755 });
    expect(host.journaled).toEqual([{ kind: 'path', path: '/usr/bin/kubelet', was: 'file' }]);
    expect((await step.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('a wrong mode alone is a change', async () => {
    const tool = aLocalFile('tool', 'tool');
    const host = memoryHost({ files: { '/usr/bin/tool': { content: 'tool', mode: 0o644 } } });
    const step = uploadStep({ id: 'b/k', title: 'Upload', files: [{ source: async () => tool, to: '/usr/bin/tool', mode: 0o755 }] });
    expect((await step.prepare(host, stepContext())).plan).toMatchObject({ summary: 'mode of /usr/bin/tool 0644 → 0755' });
  });
});

describe('unpackStep', () => {
  const CONTENT = { 'bin/one': 'first', 'bin/two': 'second', README: 'unwanted' };

  function anArchive(): LocalFile {
    mkdirSync(join(folder, 'src/bin'), { recursive: true });
    for (const [name, content] of Object.entries(CONTENT)) writeFileSync(join(folder, 'src', name), content);
    execFileSync('tar', ['-czf', join(folder, 'a.tgz'), '-C', join(folder, 'src'), '.']);
    const bytes = readFileSync(join(folder, 'a.tgz'));
    return { path: join(folder, 'a.tgz'), sha256: digest(bytes), sizeBytes: bytes.length };
  }

  function aStep(file: LocalFile, target = '/opt/bin') {
    return unpackStep({
      id: 'b/a',
      title: 'Unpack',
      archive: async () => file,
      entries: async () => Object.entries(CONTENT).map(([name, content]) => ({ name, mode: 0o755, sha256: digest(content) })),
      target: (name) => (name.startsWith('bin/') ? `${target}/${name.slice(4)}` : undefined),
    });
  }

  test('planning compares each selected file and changes nothing', async () => {
    const host = memoryHost({ files: { '/opt/bin/one': { content: 'first', mode: 0o755 }, '/opt/bin/two': 'old' } });
    expect((await aStep(anArchive()).prepare(host, stepContext())).plan).toEqual({ change: 'update', summary: 'unpack /opt/bin/two' });
    expect(host.changes).toEqual([]);
    expect(host.ran).toEqual([]);
  });

  test('when every file is right nothing is uploaded', async () => {
    const host = memoryHost({
      files: { '/opt/bin/one': { content: 'first', mode: 0o755 }, '/opt/bin/two': { content: 'second', mode: 0o755 } },
    });
    expect((await aStep(anArchive()).prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('an archive that a run left behind is cleared away', async () => {
    const file = anArchive();
    const host = memoryHost({
      files: {
        '/opt/bin/one': { content: 'first', mode: 0o755 },
        '/opt/bin/two': { content: 'second', mode: 0o755 },
        [`/var/lib/kbs/artifacts/${file.sha256}`]: 'partial',
      },
    });
    const prepared = await aStep(file).prepare(host, stepContext());
    expect(prepared.plan).toMatchObject({ change: 'remove' });
    await prepared.apply();
    expect(host.fs.has(`/var/lib/kbs/artifacts/${file.sha256}`)).toBe(false);
  });

  test.each([
    ['on the same file system', () => join(folder, 'target')],
    ['on another file system', () => mkdtempSync('/dev/shm/kbs-steps-')],
  ])('the script it sends really unpacks %s, sets modes, replaces a running program and clears up', async (_where, makeTarget) => {
    const file = anArchive();
    const target = makeTarget();
    onTestFinished(() => rmSync(target, { recursive: true, force: true }));
    const artifacts = join(folder, 'artifacts');
    mkdirSync(target, { recursive: true });
    mkdirSync(artifacts);
    execFileSync('cp', ['/bin/sleep', join(target, 'one')]);
    chmodSync(join(target, 'one'), 0o700);
    const real: MemoryAnswer = [
      /tar -xf|^rm -rf/,
      (text) => execFileSync('/bin/sh', ['-c', text.replaceAll('/var/lib/kbs/artifacts', artifacts)], { encoding: 'utf8' }),
    ];
    const host = memoryHost({ answers: [real], files: { [`${target}/one`]: 'running', '/var/lib/': '' } });
    execFileSync('cp', [file.path, join(artifacts, file.sha256)]);
    const running = execFileSync('/bin/sh', ['-c', `"${join(target, 'one')}" 20 >/dev/null 2>&1 & echo $!`], { encoding: 'utf8' }).trim();
    try {
      const prepared = await aStep(file, target).prepare(host, stepContext());
      // The memory host does not see the real folder, so the verification cannot succeed here; what counts is what is on the disk.
      await expect(prepared.apply()).rejects.toMatchObject({ code: 'VERIFY_FAILED' });
    } finally {
      process.kill(Number(running));
    }
    expect(readFileSync(join(target, 'one'), 'utf8')).toBe('first');
    expect(readFileSync(join(target, 'two'), 'utf8')).toBe('second');
    expect(statSync(join(target, 'two')).mode & 0o7777).toBe(0o755);
    expect(existsSync(join(target, 'README'))).toBe(false);
    expect(execFileSync('ls', ['-A', artifacts, target], { encoding: 'utf8' })).not.toMatch(/unpacked|kbs-new|[0-9a-f]{64}/);
  });

  test('a file that cannot stand next to its target ends it there', async () => {
    const file = anArchive();
    const target = mkdtempSync('/dev/shm/kbs-steps-');
    onTestFinished(() => rmSync(target, { recursive: true, force: true }));
    const artifacts = join(folder, 'artifacts');
    mkdirSync(artifacts);
    mkdirSync(join(target, 'one.kbs-new'));
    const real: MemoryAnswer = [
      /tar -xf|^rm -rf/,
      (text) => execFileSync('/bin/sh', ['-c', text.replaceAll('/var/lib/kbs/artifacts', artifacts)], { encoding: 'utf8', stdio: 'pipe' }),
    ];
    const host = memoryHost({ answers: [real], files: { [`${target}/one`]: 'old', '/var/lib/': '' } });
    execFileSync('cp', [file.path, join(artifacts, file.sha256)]);
    const prepared = await aStep(file, target).prepare(host, stepContext());
    await expect(prepared.apply()).rejects.toThrow(/cannot overwrite directory/);
    expect(existsSync(join(target, 'two'))).toBe(false);
  });
});

describe('imageImportStep', () => {
  const LIST = 'ctr images ls -q';

  function aStep(images: Record<string, LocalFile | undefined>) {
    return imageImportStep({
      id: 'images/import',
      title: 'Import',
      images: Object.entries(images).map(([reference, file]) => ({ reference, archive: async () => file })),
      runtime: {
        list: sh`ctr images ls -q`,
        import: (path) => sh`ctr images import ${path}`,
        pull: (reference) => sh`crictl pull ${reference}`,
      },
    });
  }

  /** An import, which takes its archive away when it has come to a good end. */
  const IMPORT = /^\(\nctr images import (\S+)\n\) && rm -f -- (\S+)$/;

  /** A runtime with some images, to which an import or a pull adds all that was asked for. */
  function aRuntime(present: string[], afterwards: string[]) {
    let now = present;
    const bring = (): string => {
      now = afterwards;
      return '';
    };
    return memoryHost({
      answers: [
        [LIST, () => now.join('\n')],
        [
          IMPORT,
          (text, host) => {
            host.fs.delete(IMPORT.exec(text)?.[2] ?? '');
            return bring();
          },
        ],
        ['crictl pull', bring],
      ],
      files: { '/var/lib/': '' },
    });
  }

  test('references of one archive are imported once, and the archive does not stay', async () => {
    const file = aLocalFile('images.tar', 'images');
    const host = aRuntime(['a:1'], ['a:1', 'b:1', 'c:1']);
    const step = aStep({ 'a:1': file, 'b:1': file, 'c:1': file });
    const prepared = await step.prepare(host, stepContext());
    expect(prepared.plan).toEqual({ change: 'create', summary: 'import b:1, c:1' });
    expect(host.changes).toEqual([]);
    await prepared.apply();
    const archive = `/var/lib/kbs/artifacts/${file.sha256}`;
    expect(host.ran.filter((text) => IMPORT.test(text))).toEqual([`(\nctr images import ${archive}\n) && rm -f -- ${archive}`]);
    expect(host.fs.has(`/var/lib/kbs/artifacts/${file.sha256}`)).toBe(false);
    expect((await step.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('an import is told which of the archive’s images are lacking', async () => {
    const told: string[] = [];
    const host = aRuntime(['a:1'], ['a:1', 'b:1', 'c:1', 'd:1']);
    const [one, other] = [aLocalFile('1.tar', 'one'), aLocalFile('2.tar', 'two')];
    const images = Object.entries({ 'a:1': one, 'b:1': one, 'c:1': other, 'd:1': other });
    const step = imageImportStep({
      id: 'images/import',
      title: 'Import',
      images: images.map(([reference, file]) => ({ reference, archive: async () => file })),
      runtime: {
        list: sh`ctr images ls -q`,
        import: (path, references) => {
          told.push(references.join(' '));
          return sh`ctr images import ${path}`;
        },
        pull: (reference) => sh`crictl pull ${reference}`,
      },
    });
    await (await step.prepare(host, stepContext())).apply();
    expect(told).toEqual(['b:1', 'c:1 d:1']);
  });

  test('several archives are all imported and cleared away', async () => {
    const files = [aLocalFile('1.tar', 'one'), aLocalFile('2.tar', 'two'), aLocalFile('3.tar', 'three')];
    const host = aRuntime([], ['a', 'b', 'c']);
    await (await aStep({ a: files[0], b: files[1], c: files[2] }).prepare(host, stepContext())).apply();
    expect(host.ran.filter((text) => IMPORT.test(text))).toHaveLength(3);
    expect([...host.fs.keys()].filter((path) => path.startsWith('/var/lib/kbs/artifacts/'))).toEqual([]);
  });

  test('an image without an archive is pulled', async () => {
    const host = aRuntime([], ['a:1']);
    await (await aStep({ 'a:1': undefined }).prepare(host, stepContext())).apply();
    expect(host.ran).toContain('crictl pull a:1');
    expect(host.changes.filter((change) => change.startsWith('upload'))).toEqual([]);
  });

  test('a runtime that is not installed yet has no images, which is no error', async () => {
    const host = memoryHost({ answers: [[LIST, new KbsError('REMOTE_COMMAND', 'ctr: not found')]] });
    expect((await aStep({ 'a:1': undefined }).prepare(host, stepContext())).plan).toEqual({ change: 'create', summary: 'pull a:1' });
  });

  test('a lost connection while listing is not taken for an empty runtime', async () => {
    const host = memoryHost({ answers: [[LIST, new KbsError('SSH_LOST', 'gone')]] });
    await expect(aStep({ 'a:1': undefined }).prepare(host, stepContext())).rejects.toMatchObject({ code: 'SSH_LOST' });
  });

  test('an archive that does not bring what it should fails the verification', async () => {
    const host = aRuntime([], ['docker.io/library/a:1']);
    const apply = (await aStep({ 'a:1': aLocalFile('x.tar', 'x') }).prepare(host, stepContext())).apply();
    await expect(apply).rejects.toMatchObject({ code: 'VERIFY_FAILED', details: ['present: docker.io/library/a:1'] });
  });
});
