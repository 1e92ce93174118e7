import { connect as http2Connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import type { KubeCredentials, KubeResponse } from './types.js';

/** The API server did not answer: refused, broken, late. Nothing is known about what it did with the request. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  constructor(
    message: string,
    /** Trying again later may help; not so when the server has another CA. */
    readonly retryable: boolean,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** One request of a {@link Connection}. */
export interface WireRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A name every API server's certificate holds, however it is reached. Source: kubeadm v1.25 pkiutil (GetAPIServerAltNames). */
const SERVER_NAME = 'kubernetes';
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Lists of pods are larger than HTTP/2's 64 KiB; a window that small costs a round trip for each. */
const WINDOW_BYTES = 4 * 1024 * 1024;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Codes of TLS that say: this is not the server we trust, or it does not trust us. */
function isDistrust(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|ERR_SSL_/.test(code);
}

function handshake(stream: Duplex, credentials: KubeCredentials): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      socket: stream,
      servername: SERVER_NAME,
      ca: credentials.ca,
      cert: credentials.certificate,
      key: credentials.privateKey.reveal(),
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.2',
    });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      stream.destroy();
      reject(new NoAnswer(error.message, !isDistrust(error), error));
    };
    const timer = setTimeout(() => fail(new Error('the TLS handshake did not end in time')), HANDSHAKE_TIMEOUT_MS);
    // Without a listener for its whole life a broken channel would end the process.
    socket.on('error', fail);
    stream.on('error', fail);
    // The TLS socket's own: the stream below closes before TLS says what it did not like.
    socket.once('close', () => fail(new Error('the connection was closed during the TLS handshake')));
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

/** One TLS connection to one API server, with any number of requests on it at a time (HTTP/2). */
export class Connection {
  readonly #session: ClientHttp2Session;
  #underWay = 0;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
  }

  /** @param dial a connection to the API server's port. @throws NoAnswer */
  static async open(dial: () => Promise<Duplex>, credentials: KubeCredentials): Promise<Connection> {
    let stream: Duplex;
    try {
      stream = await dial();
    } catch (error) {
      throw new NoAnswer(messageOf(error), true, error);
    }
    const socket = await handshake(stream, credentials);
    const session = http2Connect(`https://${SERVER_NAME}`, {
      createConnection: () => socket,
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
    });
    session.setLocalWindowSize(WINDOW_BYTES);
    // Every request hears of a broken session itself.
    session.on('error', () => socket.destroy());
    session.once('close', () => stream.destroy());
    session.unref();
    return new Connection(session);
  }

  get isUsable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** @throws NoAnswer; the signal's reason when it fires */
  async send(request: WireRequest): Promise<KubeResponse> {
    request.signal.throwIfAborted();
    if (!this.isUsable) throw new NoAnswer('the connection was closed', true);
    // An idle connection does not keep the process alive, a request under way does.
    if (this.#underWay++ === 0) this.#session.ref();
    try {
      return await this.#exchange(request);
    } finally {
      if (--this.#underWay === 0 && this.isUsable) this.#session.unref();
    }
  }

  #exchange({ method, path, body, contentType, timeoutMs, signal }: WireRequest): Promise<KubeResponse> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request(
        {
          ':method': method,
          ':path': path,
          accept: 'application/json, */*',
          'user-agent': 'kbs',
          ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
        },
        { endStream: body === undefined },
      );
      const cancel = (): void => {
        stream.close(constants.NGHTTP2_CANCEL);
        reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled'));
      };
      const timer = setTimeout(() => {
        stream.close(constants.NGHTTP2_CANCEL);
        // A connection that went silent must not swallow the next request too.
        if (this.#underWay <= 1) this.#session.destroy();
        reject(new NoAnswer(`no answer to ${method} ${path} within ${timeoutMs / 1000} s`, true));
      }, timeoutMs);
      signal.addEventListener('abort', cancel, { once: true });
      stream.once('close', () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', cancel);
      });
      collect(stream).then(resolve, reject);
      if (body !== undefined) stream.end(body);
    });
  }

  async close(): Promise<void> {
    if (this.#session.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#session.once('close', resolve);
      this.#session.destroy();
    });
  }
}

function collect(stream: ClientHttp2Stream): Promise<KubeResponse> {
  return new Promise((resolve, reject) => {
    let status: number | undefined;
    const chunks: Buffer[] = [];
    stream.once('response', (headers) => {
      status = headers[':status'];
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    let isWhole = false;
    stream.once('end', () => {
      isWhole = true;
    });
    stream.on('error', (error: Error) => reject(new NoAnswer(error.message, true, error)));
    stream.once('close', () => {
      // A session that is torn down ends its streams without an error, some after half of the answer.
      if (status === undefined || !isWhole || stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
        reject(new NoAnswer('the connection broke before the answer was whole', true));
      } else {
        resolve({ status, body: Buffer.concat(chunks).toString('utf8') });
      }
    });
  });
}
