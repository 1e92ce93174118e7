import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request instead of the file itself. */
export type Fault = (request: IncomingMessage, response: ServerResponse, content: Buffer | undefined) => void;

/** An HTTP server on loopback that serves files, with faults on order. */
export interface ArtifactServer {
  readonly url: string;
  /** `GET /path` or `GET /path bytes=5-`, in order. */
  readonly requests: readonly string[];
  /** The next requests get these answers, one each. */
  failNext(...faults: readonly Fault[]): void;
  /** Every request gets this answer from now on. */
  failAlways(fault: Fault): void;
  close(): Promise<void>;
}

function serve(request: IncomingMessage, response: ServerResponse, content: Buffer | undefined): void {
  if (content === undefined) {
    response.writeHead(404).end();
    return;
  }
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start > 0 && start >= content.length) response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
  else if (start > 0) {
    const range = `bytes ${start}-${content.length - 1}/${content.length}`;
    response.writeHead(206, { 'content-range': range, 'content-length': content.length - start }).end(content.subarray(start));
  } else response.writeHead(200, { 'content-length': content.length }).end(content);
}

/** Sends the first bytes of what was asked for, then breaks the connection. */
export function breakAfter(bytes: number): Fault {
  return (request, response, content = Buffer.alloc(0)) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const head = start > 0 ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {};
    response.writeHead(start > 0 ? 206 : 200, { ...head, 'content-length': content.length - start });
    response.write(content.subarray(start, start + bytes), () => response.destroy());
  };
}

/** Sends the first bytes, then nothing more, and keeps the connection. */
export function stallAfter(bytes: number): Fault {
  return (_request, response, content = Buffer.alloc(0)) => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, bytes));
  };
}

/** Only a status. */
export function status(code: number): Fault {
  return (_request, response) => response.writeHead(code).end();
}

/** The whole file, whatever range was asked for. */
export const ignoreRange: Fault = (_request, response, content = Buffer.alloc(0)) => {
  response.writeHead(200, { 'content-length': content.length }).end(content);
};

/** Serves `files` (path without leading slash → content). */
export async function startArtifactServer(files: Readonly<Record<string, Buffer>>): Promise<ArtifactServer> {
  const requests: string[] = [];
  const once: Fault[] = [];
  let always: Fault | undefined;
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/');
    requests.push(['GET', path, request.headers.range].filter((part) => part !== undefined).join(' '));
    const content = files[path.slice(1)];
    (once.shift() ?? always ?? serve)(request, response, content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    failNext: (...faults) => once.push(...faults),
    failAlways: (fault) => (always = fault),
    close: () =>
      new Promise((resolve, reject) => {
        server.closeAllConnections();
        server.close((error) => (error ? reject(error) : resolve()));
      }),
  };
}
