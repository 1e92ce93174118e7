import { mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openArtifactStore, type ArtifactStore, type ArtifactStoreOptions } from '../../../src/bundle/index.js';
import { breakAfter, ignoreRange, stallAfter, startArtifactServer, status, type ArtifactServer } from './artifact-server.js';
import { anArchive, aChecksumFile, IMAGES, IMAGES_PATH, KUBELET, KUBELET_PATH, sha256Of, someFiles, writeFiles } from './materials.js';

let folder = '';
let cacheDirectory = '';
const servers: ArtifactServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kbs-bundle-'));
  cacheDirectory = join(folder, 'cache');
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await rm(folder, { recursive: true });
});

async function aServer(files = someFiles()): Promise<ArtifactServer> {
  const server = await startArtifactServer(files);
  servers.push(server);
  return server;
}

/** Quick to try again and to give up. */
const PATIENCE = { retries: 2, retryDelayMs: 5, stallMs: 200 };

function openMirror(server: ArtifactServer, changes: Partial<ArtifactStoreOptions> = {}): Promise<ArtifactStore> {
  const artifacts = { source: 'mirror' as const, url: `${server.url}/`, checksums: `${server.url}/checksums.json` };
  return openArtifactStore({ artifacts, cacheDirectory, signal: new AbortController().signal, patience: PATIENCE, ...changes });
}

function openBundle(path: string): Promise<ArtifactStore> {
  return openArtifactStore({ artifacts: { source: 'bundle', path }, cacheDirectory, signal: new AbortController().signal });
}

function kubeletRequests(server: ArtifactServer): readonly string[] {
  return server.requests.filter((request) => request.includes(KUBELET_PATH));
}

describe('a mirror', () => {
  test('gives files at their official URL without scheme, checked and in the cache', async () => {
    const server = await aServer();
    const file = await (await openMirror(server)).file('kubelet', 'v1.25.0', 'amd64');
    expect(file).toMatchObject({ sha256: sha256Of(KUBELET), sizeBytes: KUBELET.length });
    expect(await readFile(file.path)).toEqual(KUBELET);
    expect(kubeletRequests(server)).toEqual([`GET /${KUBELET_PATH}`]);
  });

  test('is not asked again for what is in the cache, by a later run either', async () => {
    const server = await aServer();
    await (await openMirror(server)).file('kubelet', '1.25.0', 'amd64');
    await (await openMirror(server)).file('kubelet', '1.25.0', 'amd64');
    expect(kubeletRequests(server)).toHaveLength(1);
  });

  test('is asked once by several who want the same file at the same time', async () => {
    const server = await aServer();
    const store = await openMirror(server);
    const files = await Promise.all(Array.from({ length: 5 }, () => store.file('kubelet', '1.25.0', 'amd64')));
    expect(new Set(files.map((file) => file.path)).size).toBe(1);
    expect(kubeletRequests(server)).toHaveLength(1);
  });

  test('gives one archive for images that share it', async () => {
    const server = await aServer();
    const store = await openMirror(server);
    const one = await store.imageArchive('registry.k8s.io/kube-apiserver:v1.25.0', 'amd64');
    const other = await store.imageArchive('registry.k8s.io/pause:3.8', 'amd64');
    expect(one).toEqual(other);
    expect(await readFile(one?.path ?? '')).toEqual(IMAGES);
    expect(server.requests.filter((request) => request.includes(IMAGES_PATH))).toHaveLength(1);
  });

  test("has kbs's own digests when it names no checksum file, and no images", async () => {
    const server = await aServer();
    const store = await openMirror(server, { artifacts: { source: 'mirror', url: server.url } });
    expect(server.requests).toEqual([]);
    expect(await store.imageArchive('registry.k8s.io/pause:3.8', 'amd64')).toBeUndefined();
    // The content here is not the official kubelet.
    await expect(store.file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({ code: 'BUNDLE_DIGEST' });
  });

  test('may have its checksum file on this machine', async () => {
    const server = await aServer();
    await writeFiles(folder, { 'sums.json': aChecksumFile() });
    const store = await openMirror(server, { artifacts: { source: 'mirror', url: server.url, checksums: join(folder, 'sums.json') } });
    expect((await store.file('kubelet', '1.25.0', 'amd64')).sizeBytes).toBe(KUBELET.length);
  });

  test('tells how far a download is, up to the last byte', async () => {
    const seen: unknown[] = [];
    const store = await openMirror(await aServer(), { onProgress: (...progress) => seen.push(progress) });
    await store.file('kubelet', '1.25.0', 'amd64');
    expect(seen.at(-1)).toEqual(['kubelet 1.25.0 amd64', KUBELET.length, KUBELET.length]);
  });
});

describe('a wrong digest', () => {
  test('stops with both digests and the source, and keeps nothing', async () => {
    const expected = 'b'.repeat(64);
    const server = await aServer(someFiles({ kubelet: expected }));
    const store = await openMirror(server);
    await expect(store.file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({
      code: 'BUNDLE_DIGEST',
      exit: 8,
      details: [
        expect.stringContaining(expected),
        expect.stringContaining(sha256Of(KUBELET)),
        expect.stringContaining(`${server.url}/${KUBELET_PATH}`),
      ],
    });
    expect(kubeletRequests(server)).toHaveLength(1);
    expect(await readdir(join(cacheDirectory, 'blobs'))).toEqual([]);
  });

  test('of what an earlier run left is cured by downloading in one piece', async () => {
    const server = await aServer();
    await openMirror(server);
    await writeFile(join(cacheDirectory, 'blobs', `${sha256Of(KUBELET)}.partial`), 'something else');
    const file = await (await openMirror(server)).file('kubelet', '1.25.0', 'amd64');
    expect(await readFile(file.path)).toEqual(KUBELET);
    expect(kubeletRequests(server)).toEqual([`GET /${KUBELET_PATH} bytes=14-`, `GET /${KUBELET_PATH}`]);
  });

  test('of a file in the cache is cured by downloading it again', async () => {
    const server = await aServer();
    const { path } = await (await openMirror(server)).file('kubelet', '1.25.0', 'amd64');
    await writeFile(path, KUBELET.subarray(1));
    expect(await readFile((await (await openMirror(server)).file('kubelet', '1.25.0', 'amd64')).path)).toEqual(KUBELET);
  });
});

describe('a connection that breaks', () => {
  test('is made again, and the download goes on where it ended', async () => {
    const server = await aServer();
    const store = await openMirror(server);
    server.failNext(breakAfter(40_000), breakAfter(10_000));
    expect(await readFile((await store.file('kubelet', '1.25.0', 'amd64')).path)).toEqual(KUBELET);
    expect(kubeletRequests(server)).toEqual([
      `GET /${KUBELET_PATH}`,
      `GET /${KUBELET_PATH} bytes=40000-`,
      `GET /${KUBELET_PATH} bytes=50000-`,
    ]);
  });

  test('is told of each time it is going to be tried again', async () => {
    const server = await aServer();
    const told: string[] = [];
    const store = await openMirror(server, { onInterrupted: (name, reason) => told.push(`${name}: ${reason}`) });
    server.failNext(breakAfter(40_000), status(503), status(503));
    await expect(store.file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({ code: 'ARTIFACT_DOWNLOAD' });
    expect(told).toHaveLength(PATIENCE.retries);
    expect(told[1]).toBe('kubelet 1.25.0 amd64: the server answered HTTP 503');
  });

  test('for good ends the run with the number of bytes; the next run goes on from there', async () => {
    const server = await aServer();
    const store = await openMirror(server);
    server.failNext(breakAfter(40_000), status(503), status(503));
    await expect(store.file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({
      code: 'ARTIFACT_DOWNLOAD',
      exit: 8,
      message: expect.stringContaining('40000 of 100000 bytes') as string,
    });
    await (await openMirror(server)).file('kubelet', '1.25.0', 'amd64');
    expect(kubeletRequests(server).at(-1)).toBe(`GET /${KUBELET_PATH} bytes=40000-`);
  });

  test('with a server that is gone altogether is an error of the download', async () => {
    const server = await aServer();
    const store = await openMirror(server);
    await server.close();
    servers.splice(0);
    await expect(store.file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({ code: 'ARTIFACT_DOWNLOAD' });
  });

  test('to a server that cannot resume starts again from the first byte', async () => {
    const server = await aServer();
    const store = await openMirror(server);
    server.failNext(breakAfter(40_000), ignoreRange);
    expect(await readFile((await store.file('kubelet', '1.25.0', 'amd64')).path)).toEqual(KUBELET);
  });

  test('by silence is given up after the stall timeout and tried again', async () => {
    const server = await aServer();
    const store = await openMirror(server);
    server.failNext(stallAfter(1000));
    expect(await readFile((await store.file('kubelet', '1.25.0', 'amd64')).path)).toEqual(KUBELET);
    expect(kubeletRequests(server)[1]).toBe(`GET /${KUBELET_PATH} bytes=1000-`);
  });

  test('leftovers longer than the file are thrown away', async () => {
    const server = await aServer();
    await openMirror(server);
    await writeFile(join(cacheDirectory, 'blobs', `${sha256Of(KUBELET)}.partial`), Buffer.concat([KUBELET, KUBELET]));
    expect(await readFile((await (await openMirror(server)).file('kubelet', '1.25.0', 'amd64')).path)).toEqual(KUBELET);
  });

  test('leftovers of a kbs that was killed are taken over, those of a living one are not', async () => {
    const server = await aServer();
    await openMirror(server);
    const blob = join(cacheDirectory, 'blobs', sha256Of(KUBELET));
    await writeFile(`${blob}.partial-4194305-dead`, KUBELET.subarray(0, 60_000));
    await writeFile(`${blob}.partial-${process.ppid}-alive`, KUBELET.subarray(0, 70_000));
    await (await openMirror(server)).file('kubelet', '1.25.0', 'amd64');
    expect(kubeletRequests(server)).toEqual([`GET /${KUBELET_PATH} bytes=60000-`]);
    expect((await stat(`${blob}.partial-${process.ppid}-alive`)).size).toBe(70_000);
  });
});

describe('a server that refuses', () => {
  test.each([500, 502, 503, 429])('with HTTP %i is asked again', async (code) => {
    const server = await aServer();
    const store = await openMirror(server);
    server.failNext(status(code));
    expect((await store.file('kubelet', '1.25.0', 'amd64')).sizeBytes).toBe(KUBELET.length);
  });

  test.each([
    [404, 'ARTIFACT_MISSING'],
    [410, 'ARTIFACT_MISSING'],
    [401, 'ARTIFACT_DOWNLOAD'],
    [403, 'ARTIFACT_DOWNLOAD'],
  ])('with HTTP %i is not asked again: %s', async (code, expected) => {
    const server = await aServer();
    const store = await openMirror(server);
    server.failAlways(status(code));
    await expect(store.file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({
      code: expected,
      message: expect.stringContaining(KUBELET_PATH) as string,
    });
    expect(kubeletRequests(server)).toHaveLength(1);
  });

  test('a failed request is not remembered', async () => {
    const server = await aServer();
    const store = await openMirror(server);
    server.failNext(status(404));
    await expect(store.file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({ code: 'ARTIFACT_MISSING' });
    expect((await store.file('kubelet', '1.25.0', 'amd64')).sizeBytes).toBe(KUBELET.length);
  });
});

test('a cancelled download says so and keeps what came', async () => {
  const server = await aServer();
  const abort = new AbortController();
  const store = await openMirror(server, {
    signal: abort.signal,
    patience: { ...PATIENCE, stallMs: 60_000 },
    onProgress: () => setImmediate(() => abort.abort()),
  });
  server.failNext(stallAfter(5000));
  await expect(store.file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({ code: 'CANCELLED' });
  expect((await stat(join(cacheDirectory, 'blobs', `${sha256Of(KUBELET)}.partial`))).size).toBe(5000);
});

describe('a bundle', () => {
  test('is used in place', async () => {
    await writeFiles(folder, someFiles());
    const store = await openBundle(folder);
    expect((await store.file('kubelet', '1.25.0', 'amd64')).path).toBe(join(folder, KUBELET_PATH));
    expect((await store.imageArchive('registry.k8s.io/pause:3.8', 'amd64'))?.path).toBe(join(folder, IMAGES_PATH));
    expect(await readdir(join(cacheDirectory, 'blobs'))).toEqual([]);
  });

  test('is read once: a later run believes an unchanged file', async () => {
    await writeFiles(folder, someFiles());
    await (await openBundle(folder)).file('kubelet', '1.25.0', 'amd64');
    // Same size, same inode, time put back: only the content differs, which nobody looks at again.
    const path = join(folder, KUBELET_PATH);
    const { atime, mtime } = await stat(path);
    await utimes(path, atime, mtime);
    await (await openBundle(folder)).file('kubelet', '1.25.0', 'amd64');
    await writeFile(path, Buffer.alloc(KUBELET.length));
    await utimes(path, atime, mtime);
    await expect((await openBundle(folder)).file('kubelet', '1.25.0', 'amd64')).resolves.toMatchObject({ path });
  });

  test('with a changed file stops with both digests and the file', async () => {
    await writeFiles(folder, someFiles());
    await (await openBundle(folder)).file('kubelet', '1.25.0', 'amd64');
    const changed = Buffer.alloc(KUBELET.length);
    await writeFile(join(folder, 'new'), changed);
    await rename(join(folder, 'new'), join(folder, KUBELET_PATH));
    await expect((await openBundle(folder)).file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({
      code: 'BUNDLE_DIGEST',
      details: [
        expect.stringContaining(sha256Of(KUBELET)),
        expect.stringContaining(sha256Of(changed)),
        expect.stringContaining(join(folder, KUBELET_PATH)),
      ],
    });
  });

  test('that lacks a file says where it should be and what is there', async () => {
    await writeFiles(folder, someFiles());
    await rename(join(folder, KUBELET_PATH), join(folder, `${KUBELET_PATH}.old`));
    await expect((await openBundle(folder)).file('kubelet', '1.25.0', 'amd64')).rejects.toMatchObject({
      code: 'ARTIFACT_MISSING',
      details: [expect.stringContaining(join(folder, KUBELET_PATH)), expect.stringContaining('kubelet.old')],
    });
  });

  test.each([
    ['no checksum file', {}],
    ['a checksum file that is no JSON', { 'checksums.json': Buffer.from('<html>') }],
    ['a checksum file that is no catalogue', { 'checksums.json': Buffer.from('[]') }],
  ])('with %s cannot be opened', async (_, files) => {
    await writeFiles(folder, files);
    await expect(openBundle(folder)).rejects.toMatchObject({ code: 'ARTIFACT_MISSING', exit: 8 });
  });
});

describe('what the catalogue does not have', () => {
  test.each([
    ['version', '1.25.9', 'amd64', 'it has: 1.25.0'],
    ['architecture', '1.25.0', 'riscv64', 'it has: amd64'],
  ])('another %s is an error that says what there is', async (_, version, architecture, detail) => {
    await writeFiles(folder, someFiles());
    await expect((await openBundle(folder)).file('kubelet', version, architecture)).rejects.toMatchObject({
      code: 'ARTIFACT_MISSING',
      details: [detail],
    });
  });

  test('an image that is not listed among others is an error', async () => {
    await writeFiles(folder, someFiles());
    await expect((await openBundle(folder)).imageArchive('registry.k8s.io/etcd:3.5.4-0', 'amd64')).rejects.toMatchObject({
      code: 'ARTIFACT_MISSING',
    });
  });
});

describe('fetching beforehand', () => {
  const kubelet = { kind: 'file', name: 'kubelet', version: '1.25.0', architecture: 'amd64' } as const;
  const image = { kind: 'images', reference: 'registry.k8s.io/pause:3.8', architecture: 'amd64' } as const;

  test('leaves nothing to download', async () => {
    const server = await aServer();
    const store = await openMirror(server);
    await store.prefetch([kubelet, kubelet, image]);
    const asked = server.requests.length;
    await store.file('kubelet', '1.25.0', 'amd64');
    await store.imageArchive('registry.k8s.io/kube-apiserver:v1.25.0', 'amd64');
    expect(server.requests).toHaveLength(asked);
  });

  test('throws the failure itself when there is one', async () => {
    const store = await openMirror(await aServer(someFiles({ kubelet: 'b'.repeat(64) })));
    await expect(store.prefetch([kubelet, image])).rejects.toMatchObject({ name: 'KbsError', code: 'BUNDLE_DIGEST' });
  });

  test('throws every different failure once when there are several', async () => {
    await writeFiles(folder, { 'checksums.json': aChecksumFile() });
    const failure = (await openBundle(folder)).prefetch([
      kubelet,
      image,
      { ...image, reference: 'registry.k8s.io/kube-apiserver:v1.25.0' },
    ]);
    await expect(failure).rejects.toMatchObject({
      name: 'KbsErrors',
      errors: [{ code: 'ARTIFACT_MISSING' }, { code: 'ARTIFACT_MISSING' }],
    });
  });
});

describe('the files of an archive', () => {
  async function archiveFile(content: Buffer) {
    const path = join(folder, 'archive');
    await writeFile(path, content);
    return { path, sha256: sha256Of(content), sizeBytes: content.length };
  }

  test.each([{ gzip: true }, { gzip: false }])('are listed with mode, size and digest ($gzip)', async (options) => {
    await writeFiles(folder, someFiles());
    const store = await openBundle(folder);
    expect(await store.entries(await archiveFile(await anArchive(options)))).toEqual([
      { name: 'bin/containerd', mode: 0o755, sizeBytes: 10, sha256: sha256Of(Buffer.from('containerd')) },
      { name: 'bin/ctr', mode: 0o700, sizeBytes: 3, sha256: sha256Of(Buffer.from('ctr')) },
      { name: 'bin/empty', mode: 0o644, sizeBytes: 0, sha256: sha256Of(Buffer.alloc(0)) },
    ]);
  });

  test('are remembered by the digest of the archive', async () => {
    await writeFiles(folder, someFiles());
    const file = await archiveFile(await anArchive({ gzip: true }));
    const first = await (await openBundle(folder)).entries(file);
    await rm(file.path);
    expect(await (await openBundle(folder)).entries(file)).toEqual(first);
  });

  test.each([
    ['a program', KUBELET],
    ['a cut off archive', undefined],
  ])('cannot be had from %s', async (_, content) => {
    await writeFiles(folder, someFiles());
    const file = await archiveFile(content ?? (await anArchive({ gzip: true })).subarray(0, 60));
    await expect((await openBundle(folder)).entries(file)).rejects.toMatchObject({ code: 'ARTIFACT_MISSING' });
  });
});
