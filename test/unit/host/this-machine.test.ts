import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost, fileBytes, type ByteSource, type Host } from '../../../src/host/index.js';
import { createLocalTransport } from '../../../src/local/index.js';
import { Secret } from '../../../src/secret/index.js';

const never = new AbortController().signal;
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!isRoot)('this machine as a host (needs root)', () => {
  let folder: string;
  let host: Host;
  const aHost = (): Promise<Host> =>
    createHost({
      name: 'me',
      address: '127.0.0.1',
      roles: ['worker'],
      transport: createLocalTransport(),
      signal: never,
      journalDirectory: join(folder, 'kbs'),
    });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kbs-local-'));
    host = await aHost();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('tells facts that agree with what node sees', () => {
    expect(host.facts).toMatchObject({ hostname: hostname(), privilegeProblem: undefined });
    expect(host.facts.memoryBytes).toBeGreaterThan(0);
    expect(host.facts.interfaces.map((link) => link.name)).toContain('lo');
    expect(host.facts.freeBytes['/var/lib/etcd']).toBeGreaterThan(0);
    expect(Math.abs(host.facts.clockSkewMs)).toBeLessThan(1_000);
  });

  test('a written file has its content, mode and owner, and leaves nothing else behind', async () => {
    const path = join(folder, 'file');
    await host.files.writeAtomic(path, 'one\nü', { mode: 0o640 });
    expect(readFileSync(path, 'utf8')).toBe('one\nü');
    const stat = (await host.files.stat([path])).get(path);
    expect(stat).toMatchObject({ type: 'file', mode: 0o640, owner: 'root', group: 'root', sizeBytes: 6 });
    expect(Math.abs((stat?.ctimeMs ?? 0) - statSync(path).ctimeMs)).toBeLessThan(2);
    await host.files.writeAtomic(path, 'two', { mode: 0o600, owner: 'nobody:root' });
    expect((await host.files.stat([path])).get(path)).toMatchObject({ mode: 0o600, owner: 'nobody', group: 'root' });
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('files written at the same time each have their own content, mode and owner, and leave nothing else behind', async () => {
    const secret = new Secret('geheim\n\nü');
    await Promise.all([
      host.files.writeAtomic(join(folder, 'one'), secret, { mode: 0o600 }),
      host.files.writeAtomic(join(folder, 'empty'), '', { mode: 0o644 }),
      host.files.writeAtomic(join(folder, `o'dd "$HOME`), 'x'.repeat(300_000), { mode: 0o640, owner: 'nobody:root' }),
      host.files.writeAtomic(join(folder, 'last'), 'no newline', { mode: 0o755 }),
    ]);
    const texts = await Promise.all(['one', 'empty', `o'dd "$HOME`, 'last', 'none'].map((name) => host.files.read(join(folder, name))));
    expect(texts).toEqual(['geheim\n\nü', '', 'x'.repeat(300_000), 'no newline', undefined]);
    const paths = ['one', 'empty', `o'dd "$HOME`, 'last'].map((name) => join(folder, name));
    const stats = await host.files.stat(paths);
    expect(paths.map((path) => [stats.get(path)?.mode, stats.get(path)?.owner])).toEqual([
      [0o600, 'root'],
      [0o644, 'root'],
      [0o640, 'nobody'],
      [0o755, 'root'],
    ]);
    expect(readdirSync(folder).sort()).toEqual(['empty', 'last', `o'dd "$HOME`, 'one']);
  });

  test('of files asked for at the same time only those fail that cannot be had, and each says why', async () => {
    writeFileSync(join(folder, 'file'), 'text');
    const read = await Promise.allSettled([join(folder, 'file'), folder, join(folder, 'absent')].map((path) => host.files.read(path)));
    expect(read).toMatchObject([
      { status: 'fulfilled', value: 'text' },
      { status: 'rejected', reason: { code: 'FILE_READ', message: `${folder} could not be read` } },
      { status: 'fulfilled', value: undefined },
    ]);
    const written = await Promise.allSettled(
      [join(folder, 'new'), join(folder, 'no', 'file')].map((path) => host.files.writeAtomic(path, 'x', { mode: 0o644 })),
    );
    expect(written).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'FILE_WRITE', message: `${join(folder, 'no', 'file')} could not be written` } },
    ]);
    expect(readdirSync(folder).sort()).toEqual(['file', 'new']);
  });

  test('a write replaces a link, not what it leads to', async () => {
    writeFileSync(join(folder, 'target'), 'keep');
    symlinkSync(join(folder, 'target'), join(folder, 'link'));
    await host.files.writeAtomic(join(folder, 'link'), 'new', { mode: 0o644 });
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('keep');
    expect(readFileSync(join(folder, 'link'), 'utf8')).toBe('new');
  });

  test('a write into a missing folder is FILE_WRITE', async () => {
    await expect(host.files.writeAtomic(join(folder, 'no', 'file'), 'x', { mode: 0o644 })).rejects.toMatchObject({
      code: 'FILE_WRITE',
      where: { host: 'me' },
    });
  });

  test('a write to a full disk is FILE_WRITE with what df says; the old file stays, nothing else does', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    try {
      writeFileSync(join(folder, 'file'), 'old');
      const failed = host.files.writeAtomic(join(folder, 'file'), 'x'.repeat(200_000), { mode: 0o644 });
      await expect(failed).rejects.toMatchObject({
        code: 'FILE_WRITE',
        details: expect.arrayContaining([expect.stringContaining('No space left'), expect.stringContaining(folder)]) as unknown,
      });
      expect(readdirSync(folder)).toEqual(['file']);
      expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('old');
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  test('reads files as they are, and tells absent ones', async () => {
    writeFileSync(join(folder, 'file'), 'text\n\n');
    expect(await host.files.read(join(folder, 'file'))).toBe('text\n\n');
    expect((await host.files.readSecret(join(folder, 'file')))?.reveal()).toBe('text\n\n');
    expect(await host.files.read(join(folder, 'absent'))).toBeUndefined();
    await expect(host.files.read(folder)).rejects.toMatchObject({ code: 'FILE_READ' });
  });

  test('digests are of regular files only, whatever their names', async () => {
    const odd = join(folder, `o'dd "n\\ame`);
    writeFileSync(odd, 'x');
    symlinkSync(odd, join(folder, 'link'));
    const digests = await host.files.sha256([odd, join(folder, 'link'), folder, join(folder, 'absent')]);
    expect([...digests.values()]).toEqual([createHash('sha256').update('x').digest('hex'), undefined, undefined, undefined]);
  });

  test('removes files, links and empty folders; others and absent ones do no harm', async () => {
    mkdirSync(join(folder, 'full'));
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'full', 'file'), '');
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(join(folder, 'full'), join(folder, 'link'));
    await host.files.remove(['file', 'link', 'empty', 'full', 'absent'].map((name) => join(folder, name)));
    expect(readdirSync(folder)).toEqual(['full']);
    expect(readdirSync(join(folder, 'full'))).toEqual(['file']);
  });

  test('uploads as over SSH', async () => {
    const content = randomBytes(3_000_000);
    const sha256 = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(folder, 'source'), content);
    const open = (offset: number): ByteSource => fileBytes(join(folder, 'source'), offset);
    await host.files.upload(open, join(folder, 'big'), { mode: 0o755, sha256, sizeBytes: content.length });
    expect((await host.files.sha256([join(folder, 'big')])).get(join(folder, 'big'))).toBe(sha256);
  });

  test('dials', async () => {
    const server = createServer((socket) => socket.end('hi'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const stream = await host.dial('127.0.0.1', typeof address === 'object' && address ? address.port : 0);
    const [chunk] = (await stream.toArray()) as Buffer[];
    expect(chunk?.toString()).toBe('hi');
    await new Promise((resolve) => server.close(resolve));
  });

  test('the journal keeps originals with mode, owner and time, and the first of each', async () => {
    const [file, link, sub] = [join(folder, 'file'), join(folder, 'link'), join(folder, 'sub')];
    writeFileSync(file, 'original', { mode: 0o640 });
    execFileSync('touch', ['-d', '2020-01-01', file]);
    execFileSync('chown', ['nobody', file]);
    symlinkSync('file', link);
    mkdirSync(sub, { mode: 0o711 });
    await host.journal.record([
      { kind: 'path', path: file, was: 'file' },
      { kind: 'path', path: link, was: 'link' },
      { kind: 'path', path: sub, was: 'directory' },
      { kind: 'path', path: join(folder, 'new'), was: 'absent' },
    ]);
    writeFileSync(file, 'changed');
    const again = await aHost();
    await again.journal.record([{ kind: 'path', path: file, was: 'file' }]);
    expect(await again.journal.entries()).toHaveLength(4);
    const original = (path: string): string => join(folder, 'kbs', 'original', path);
    expect(readFileSync(original(file), 'utf8')).toBe('original');
    expect(statSync(original(file)).mtime.getFullYear()).toBe(2020);
    const stats = await host.files.stat([
      original(file),
      original(link),
      original(sub),
      join(folder, 'kbs'),
      join(folder, 'kbs', 'journal.jsonl'),
    ]);
    expect([...stats.values()]).toMatchObject([
      { type: 'file', mode: 0o640, owner: 'nobody' },
      { type: 'link' },
      { type: 'directory', mode: 0o711 },
      { type: 'directory', mode: 0o700 },
      { type: 'file', mode: 0o600 },
    ]);
  });

  test('a journal line a crash cut off does not spoil the next one', async () => {
    await host.journal.record([{ kind: 'module', name: 'overlay' }]);
    appendFileSync(join(folder, 'kbs', 'journal.jsonl'), '{"kind":"mod');
    const again = await aHost();
    await again.journal.record([{ kind: 'module', name: 'br_netfilter' }]);
    expect(await (await aHost()).journal.entries()).toEqual([
      { kind: 'module', name: 'overlay' },
      { kind: 'module', name: 'br_netfilter' },
    ]);
  });

  test('a journal that went away between two notes is made anew, for its owner alone', async () => {
    await host.journal.record([{ kind: 'module', name: 'overlay' }]);
    rmSync(join(folder, 'kbs'), { recursive: true });
    await host.journal.record([{ kind: 'module', name: 'br_netfilter' }]);
    expect(await (await aHost()).journal.entries()).toEqual([{ kind: 'module', name: 'br_netfilter' }]);
    expect(statSync(join(folder, 'kbs')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'kbs', 'journal.jsonl')).mode & 0o777).toBe(0o600);
  });

  test('a note after one that failed closes what that one has left of a line', async () => {
    const journal = join(folder, 'kbs', 'journal.jsonl');
    await host.journal.record([{ kind: 'module', name: 'overlay' }]);
    const gone = { kind: 'path', path: join(folder, 'gone'), was: 'file' } as const;
    await expect(host.journal.record([gone])).rejects.toMatchObject({ code: 'FILE_WRITE' });
    appendFileSync(journal, '{"kind":"mod');
    await host.journal.record([{ kind: 'module', name: 'br_netfilter' }]);
    expect(readFileSync(journal, 'utf8').split('\n')).toEqual([
      '{"kind":"module","name":"overlay"}',
      '{"kind":"mod',
      '{"kind":"module","name":"br_netfilter"}',
      '',
    ]);
  });

  test('an original that cannot be saved stops the record: no line without its backup', async () => {
    await expect(host.journal.record([{ kind: 'path', path: join(folder, 'gone'), was: 'file' }])).rejects.toMatchObject({
      code: 'FILE_WRITE',
    });
    expect(await (await aHost()).journal.entries()).toEqual([]);
  });
});
