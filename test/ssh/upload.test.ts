import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fileBytes, type Transport, type UploadOptions } from '../../src/host/index.js';
import { startSshd, whyNoSshd, type Sshd } from '../support/sshd.js';
import { aTransport, never } from '../support/ssh-transport.js';

const missing = whyNoSshd();
const MEBIBYTE = 1024 * 1024;

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

describe.skipIf(missing !== undefined)(`uploads ${missing ?? ''}`, () => {
  let sshd: Sshd;
  let transport: Transport;
  let folder: string;
  let offsets: number[];
  const content = randomBytes(3 * MEBIBYTE);
  const options: UploadOptions = { mode: 0o755, sha256: digest(content), sizeBytes: content.length };

  const open = (offset: number): Readable => {
    offsets.push(offset);
    return Readable.from([content.subarray(offset)], { objectMode: false });
  };
  const partOf = (name: string): string => join(folder, `.kbs-part-${options.sha256.slice(0, 16)}-${name}`);
  const expectInPlace = (path: string): void => {
    expect(execFileSync('sha256sum', [path]).toString().slice(0, 64)).toBe(options.sha256);
    const { mode, uid, gid } = statSync(path);
    expect({ mode: mode & 0o7777, uid, gid }).toEqual({ mode: 0o755, uid: 0, gid: 0 });
    expect(readdirSync(folder)).toEqual([path.slice(folder.length + 1)]);
  };

  beforeAll(async () => {
    sshd = await startSshd();
    transport = aTransport(sshd);
    await transport.connect(never);
  });
  afterAll(async () => {
    await transport.close();
    await sshd.stop();
  });
  beforeEach((context) => {
    offsets = [];
    folder = join(sshd.directory, `to-${context.task.id}`);
    mkdirSync(folder);
  });

  test('64 MiB arrive whole, with progress', async () => {
    const source = join(sshd.directory, 'large');
    writeFileSync(source, randomBytes(64 * MEBIBYTE));
    const sha256 = execFileSync('sha256sum', [source]).toString().slice(0, 64);
    const seen: number[] = [];
    const target = join(folder, 'large');
    await transport.upload((offset) => fileBytes(source, offset), target, {
      mode: 0o600,
      sha256,
      sizeBytes: 64 * MEBIBYTE,
      onProgress: (bytes) => seen.push(bytes),
    });
    expect(execFileSync('sha256sum', [target]).toString().slice(0, 64)).toBe(sha256);
    expect(seen.at(-1)).toBe(64 * MEBIBYTE);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test('a file replaces another of other content, and a link, not what the link leads to', async () => {
    writeFileSync(join(folder, 'file'), 'old');
    await transport.upload(open, join(folder, 'file'), options);
    expectInPlace(join(folder, 'file'));
    execFileSync('ln', ['-sf', '/etc/passwd', join(folder, 'file')]);
    await transport.upload(open, join(folder, 'file'), options);
    expectInPlace(join(folder, 'file'));
  });

  test('nothing is sent when the content is there; mode and owner are put right', async () => {
    writeFileSync(join(folder, 'there'), content, { mode: 0o600 });
    execFileSync('chown', ['nobody', join(folder, 'there')]);
    await transport.upload(open, join(folder, 'there'), options);
    expect(offsets).toEqual([]);
    expectInPlace(join(folder, 'there'));
  });

  test('an upload that was cut off goes on where it stopped, over a new connection', async () => {
    const slow = (offset: number): Readable => {
      offsets.push(offset);
      if (offset > 0) return Readable.from([content.subarray(offset)], { objectMode: false });
      return Readable.from(halfThenDrop());
    };
    async function* halfThenDrop(): AsyncGenerator<Buffer> {
      yield content.subarray(0, MEBIBYTE);
      for (let tries = 0; !existsSync(partOf('cut')) || statSync(partOf('cut')).size < MEBIBYTE; tries += 1) {
        if (tries > 200) throw new Error('the first half never arrived');
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      sshd.dropConnections();
      yield content.subarray(MEBIBYTE);
    }
    await transport.upload(slow, join(folder, 'cut'), options);
    expect(offsets).toEqual([0, MEBIBYTE]);
    expectInPlace(join(folder, 'cut'));
  });

  test('a part of other content is sent again from the start', async () => {
    writeFileSync(partOf('wrong'), Buffer.alloc(MEBIBYTE));
    await transport.upload(open, join(folder, 'wrong'), options);
    expect(offsets).toEqual([MEBIBYTE, 0]);
    expectInPlace(join(folder, 'wrong'));
  });

  test('a part that is too long is thrown away', async () => {
    writeFileSync(partOf('long'), Buffer.alloc(4 * MEBIBYTE));
    await transport.upload(open, join(folder, 'long'), options);
    expect(offsets).toEqual([0]);
    expectInPlace(join(folder, 'long'));
  });

  test('a whole part only needs to take its name', async () => {
    writeFileSync(partOf('whole'), content);
    await transport.upload(open, join(folder, 'whole'), options);
    expectInPlace(join(folder, 'whole'));
  });

  test('a source of other content than its digest is BUNDLE_DIGEST after a second try, and leaves nothing', async () => {
    const liar = { ...options, sha256: digest(Buffer.from('something else')) };
    await expect(transport.upload(open, join(folder, 'liar'), liar)).rejects.toMatchObject({ code: 'BUNDLE_DIGEST' });
    expect(offsets).toEqual([0, 0]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a missing folder is FILE_WRITE', async () => {
    await expect(transport.upload(open, join(folder, 'no', 'file'), options)).rejects.toMatchObject({
      code: 'FILE_WRITE',
      details: [expect.stringContaining('does not exist')],
    });
  });

  test('a full disk is FILE_WRITE with what df says, before anything is sent', async () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    execFileSync('nsenter', ['--mount', `--target=${sshd.pid}`, 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
    await expect(transport.upload(open, join(small, 'file'), options)).rejects.toMatchObject({
      code: 'FILE_WRITE',
      details: expect.arrayContaining([expect.stringContaining(small)]) as unknown,
    });
    expect(offsets).toEqual([]);
  });

  test('a disk that fills up on the way is FILE_WRITE, and what arrived is taken away', async () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    execFileSync('nsenter', ['--mount', `--target=${sshd.pid}`, 'mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small]);
    const inside = (command: string): string =>
      execFileSync('nsenter', ['--mount', `--target=${sshd.pid}`, 'sh', '-c', command]).toString();
    async function* fillThenSend(): AsyncGenerator<Buffer> {
      yield content.subarray(0, MEBIBYTE);
      for (let tries = 0; !inside(`ls -A ${small}`).includes('.kbs-part-'); tries += 1) {
        if (tries > 200) throw new Error('nothing arrived');
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      // Another program takes the room that was free at the start.
      inside(`head -c 4m /dev/zero >${small}/other 2>/dev/null; true`);
      yield content.subarray(MEBIBYTE);
    }
    await expect(transport.upload(() => Readable.from(fillThenSend()), join(small, 'file'), options)).rejects.toMatchObject({
      code: 'FILE_WRITE',
      details: expect.arrayContaining([expect.stringMatching(/^only \d+ of \d+ bytes arrived/), expect.stringContaining(small)]) as unknown,
    });
    expect(inside(`ls -A ${small}`)).toBe('other\n');
    inside(`rm ${small}/other`);
    await transport.upload(open, join(small, 'file'), options);
    expect(inside(`ls -A ${small}`)).toBe('file\n');
  });

  test('an upload can be cancelled and leaves its part for the next', async () => {
    const abort = new AbortController();
    const endless = new Readable({ read: () => undefined });
    endless.push(content.subarray(0, MEBIBYTE));
    setTimeout(() => abort.abort(), 700);
    const cancelled = transport.upload(() => endless, join(folder, 'later'), { ...options, signal: abort.signal });
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(existsSync(join(folder, 'later'))).toBe(false);
    await transport.upload(open, join(folder, 'later'), options);
    expect(offsets).toEqual([MEBIBYTE]);
    expectInPlace(join(folder, 'later'));
  });
});
