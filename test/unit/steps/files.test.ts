import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/secret/index.js';
import { filesStep, removeFilesStep } from '../../../src/steps/index.js';
import { memoryHost, stepContext } from '../../support/memory-host.js';

const id = { id: 'some/files', title: 'Write files' };

describe('filesStep', () => {
  test('planning a new file shows a diff, makes folders and writes nothing', async () => {
    const host = memoryHost({ files: { '/etc/': '' } });
    const step = filesStep({ ...id, files: [{ path: '/etc/a/b/config', content: 'one\n', mode: 0o600 }] });
    const { plan } = await step.prepare(host, stepContext());
    expect(plan).toMatchObject({ change: 'create', summary: 'create /etc/a/, create /etc/a/b/, create /etc/a/b/config' });
    expect(plan).toHaveProperty('diff', expect.stringContaining('+one'));
    expect(host.changes).toEqual([]);
    expect(host.journaled).toEqual([]);
    expect(host.ran).toEqual([]);
  });

  test('applying makes missing parents 0755, journals everything first and is unchanged the second time', async () => {
    const host = memoryHost({ files: { '/etc/': '' } });
    const step = filesStep({ ...id, files: [{ path: '/etc/a/b/config', content: 'one\n', mode: 0o600 }] });
    await (await step.prepare(host, stepContext())).apply();
    expect(host.fs.get('/etc/a/b')).toMatchObject({ type: 'directory', mode: 0o755 });
    expect(host.fs.get('/etc/a/b/config')).toMatchObject({ mode: 0o600 });
    expect(host.journaled).toEqual([
      { kind: 'path', path: '/etc/a', was: 'absent' },
      { kind: 'path', path: '/etc/a/b', was: 'absent' },
      { kind: 'path', path: '/etc/a/b/config', was: 'absent' },
    ]);
    const before = host.changes.length;
    expect((await step.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
    expect(host.changes).toHaveLength(before);
  });

  test('a file that exists is replaced after its original is journaled, with a diff of both texts', async () => {
    const host = memoryHost({ files: { '/etc/config': 'old\n' } });
    const step = filesStep({ ...id, files: [{ path: '/etc/config', content: 'new\n', mode: 0o644 }] });
    const prepared = await step.prepare(host, stepContext());
    expect(prepared.plan).toMatchObject({ change: 'update', summary: 'change /etc/config' });
    expect(prepared.plan).toHaveProperty('diff', expect.stringMatching(/-old\n\+new/));
    await prepared.apply();
    expect(host.journaled).toEqual([{ kind: 'path', path: '/etc/config', was: 'file' }]);
    expect(host.fs.get('/etc/config')?.content.toString()).toBe('new\n');
  });

  test('what nobody else could read is not shown when the file opens: a secret was in it', async () => {
    const host = memoryHost({ files: { '/etc/': '' } });
    const config = (content: string | Secret, mode: number) => filesStep({ ...id, files: [{ path: '/etc/config', content, mode }] });
    await (await config(new Secret('password = "old"\n'), 0o600).prepare(host, stepContext())).apply();
    const prepared = await config('no password\n', 0o644).prepare(host, stepContext());
    expect(prepared.plan).toEqual({ change: 'update', summary: 'change /etc/config' });
    await prepared.apply();
    expect(host.fs.get('/etc/config')).toMatchObject({ mode: 0o644 });
  });

  test('a secret never appears in the plan, and equal secrets are unchanged', async () => {
    const host = memoryHost({ files: { '/etc/key': { content: 'old-key', mode: 0o600 } } });
    const step = filesStep({ ...id, files: [{ path: '/etc/key', content: new Secret('new-key'), mode: 0o600 }] });
    const prepared = await step.prepare(host, stepContext());
    expect(JSON.stringify(prepared.plan)).not.toMatch(/new-key|old-key/);
    expect(prepared.plan).not.toHaveProperty('diff');
    await prepared.apply();
    expect((await step.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('a wrong mode or owner alone is a change without a diff', async () => {
    const host = memoryHost({
      files: { '/etc/mode': { content: 'x', mode: 0o644 }, '/etc/owner': { content: 'x', mode: 0o600, owner: 'bob' } },
    });
    const step = filesStep({ ...id, files: ['mode', 'owner'].map((name) => ({ path: `/etc/${name}`, content: 'x', mode: 0o600 })) });
    const prepared = await step.prepare(host, stepContext());
    expect(prepared.plan).toMatchObject({ summary: 'mode of /etc/mode 0644 → 0600, owner of /etc/owner bob:root → root:root' });
    expect(prepared.plan).not.toHaveProperty('diff');
    await prepared.apply();
    expect(host.fs.get('/etc/mode')?.mode).toBe(0o600);
    expect(host.fs.get('/etc/owner')?.owner).toBe('root');
  });

  test('a folder is made with its mode as a tree of its own, and an existing one gets the mode', async () => {
    const host = memoryHost({ files: { '/etc/wide/': { mode: 0o755 }, '/var/lib/': '' } });
    const directories = [
      { path: '/var/lib/data', mode: 0o700, ownTree: true },
      { path: '/etc/wide', mode: 0o700 },
    ];
    const step = filesStep({ ...id, files: [], directories });
    await (await step.prepare(host, stepContext())).apply();
    expect(host.fs.get('/var/lib/data')?.mode).toBe(0o700);
    expect(host.fs.get('/etc/wide')?.mode).toBe(0o700);
    expect(host.journaled).toEqual([
      { kind: 'tree', path: '/var/lib/data', was: 'absent' },
      { kind: 'path', path: '/etc/wide', was: 'directory' },
    ]);
  });

  test('what is neither file nor folder is refused before anything is written', async () => {
    const host = memoryHost({ files: { '/etc/config': 'x' } });
    const file = host.fs.get('/etc/config');
    if (file) file.type = 'other';
    const step = filesStep({ ...id, files: [{ path: '/etc/config', content: 'new', mode: 0o644 }] });
    const prepared = await step.prepare(host, stepContext());
    await expect(prepared.apply()).rejects.toMatchObject({ code: 'FILE_WRITE' });
    expect(host.changes).toEqual([]);
  });

  test('a file somebody changes back at once fails the verification', async () => {
    const host = memoryHost({ files: { '/etc/config': 'old' } });
    const write = host.files.writeAtomic.bind(host.files);
    Object.assign(host.files, {
      writeAtomic: async (...args: Parameters<typeof write>) => {
        await write(...args);
        host.fs.get('/etc/config')?.content.write('OLD');
      },
    });
    const step = filesStep({ ...id, files: [{ path: '/etc/config', content: 'new', mode: 0o644 }] });
    await expect((await step.prepare(host, stepContext())).apply()).rejects.toMatchObject({ code: 'VERIFY_FAILED', where: { host: 'w1' } });
  });
});

describe('removeFilesStep', () => {
  test('only what is there is journaled and removed', async () => {
    const host = memoryHost({ files: { '/etc/a': 'x' } });
    const step = removeFilesStep({ ...id, paths: ['/etc/a', '/etc/b'] });
    const prepared = await step.prepare(host, stepContext());
    expect(prepared.plan).toEqual({ change: 'remove', summary: 'remove /etc/a' });
    expect(host.changes).toEqual([]);
    await prepared.apply();
    expect(host.journaled).toEqual([{ kind: 'path', path: '/etc/a', was: 'file' }]);
    expect(host.changes).toEqual(['remove /etc/a']);
    expect((await step.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });
});
