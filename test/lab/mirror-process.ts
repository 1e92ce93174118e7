import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { MirrorCommand, MirrorReply, MirrorRequest } from './mirror.js';

// The mirror's own process: one JSON object per line on standard input, one reply each on standard output. It ends with its input.

const [directory = '.', address = '127.0.0.1', port = '0'] = process.argv.slice(2);
const faults = new Map<string, { readonly kind: 'break'; readonly afterBytes: number } | { readonly kind: 'corrupt' }>();
const requests: MirrorRequest[] = [];

class ByteRange {
  constructor(
    readonly start: number,
    readonly end: number,
  ) {}
}

function parseRange(header: string | undefined, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return 'whole';
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : new ByteRange(start, end);
}

/** Lets some bytes through and then cuts the connection. */
class Breaking extends Transform {
  constructor(
    private left: number,
    private readonly cut: () => void,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const passed = chunk.subarray(0, this.left);
    this.left -= passed.length;
    if (passed.length === chunk.length) return done(null, passed);
    this.push(passed);
    // What was let through has to be on its way before the connection goes.
    setImmediate(this.cut);
  }
}

/** Keeps the length and changes the first byte of every chunk. */
class Corrupting extends Transform {
  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const changed = Buffer.from(chunk);
    changed.writeUInt8(changed.readUInt8(0) ^ 0xff, 0);
    done(null, changed);
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://mirror').pathname)).replace(/^\/+/, '');
  const record = (status: number): void => {
    const { range } = request.headers;
    requests.push({ method: request.method ?? '', path, status, ...(range === undefined ? {} : { range }) });
  };
  const refuse = (status: number, headers: Record<string, string> = {}): void => {
    record(status);
    response.writeHead(status, { 'Content-Length': '0', ...headers }).end();
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, { Allow: 'GET, HEAD' });
  const file = join(directory, path);
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) return refuse(404);
  const etag = `"${found.size.toString(16)}-${Math.trunc(found.mtimeMs).toString(16)}"`;
  if (request.headers['if-none-match'] === etag) return refuse(304, { ETag: etag });
  const wanted = request.headers['if-range'] === undefined || request.headers['if-range'] === etag ? request.headers.range : undefined;
  const range = parseRange(wanted, found.size);
  if (range === 'unsatisfiable') return refuse(416, { 'Content-Range': `bytes */${found.size}` });
  const { start, end } = range === 'whole' ? { start: 0, end: found.size - 1 } : range;
  const status = range === 'whole' ? 200 : 206;
  record(status);
  response.writeHead(status, {
    'Accept-Ranges': 'bytes',
    'Content-Length': end - start + 1,
    'Content-Type': path.endsWith('.json') ? 'application/json' : 'application/octet-stream',
    ETag: etag,
    ...(status === 206 ? { 'Content-Range': `bytes ${start}-${end}/${found.size}` } : {}),
  });
  if (request.method === 'HEAD' || found.size === 0) return void response.end();
  await send(createReadStream(file, { start, end, highWaterMark: 1 << 18 }), response, path);
}

async function send(content: NodeJS.ReadableStream, response: ServerResponse, path: string): Promise<void> {
  const fault = faults.get(path);
  if (fault === undefined) return pipeline(content, response);
  const changed = fault.kind === 'corrupt' ? new Corrupting() : new Breaking(fault.afterBytes, () => response.socket?.destroySoon());
  return pipeline(content, changed, response);
}

function obey(command: MirrorCommand): MirrorReply {
  switch (command.do) {
    case 'break':
      faults.set(command.file, { kind: 'break', afterBytes: command.afterBytes });
      return {};
    case 'corrupt':
      faults.set(command.file, { kind: 'corrupt' });
      return {};
    case 'heal':
      faults.clear();
      return {};
    case 'requests':
      return { requests };
  }
}

function reply(value: MirrorReply): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const server = createServer((request, response) => {
  // A client that hangs up in the middle of a file is no fault of the mirror.
  answer(request, response).catch(() => response.destroy());
});
server.on('error', (error) => {
  reply({ error: error.message });
  process.exitCode = 1;
  process.stdin.destroy();
});
server.listen(Number(port), address, () => reply({ port: (server.address() as AddressInfo).port }));
createInterface({ input: process.stdin })
  .on('line', (line) => reply(obey(JSON.parse(line) as MirrorCommand)))
  .on('close', () => {
    server.close();
    server.closeAllConnections();
  });
