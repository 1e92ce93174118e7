import { Agent, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import type { Secret } from '../secret/index.js';
import { NoAnswer } from './no-answer.js';

/** Who kbs is for a server, and whom it trusts; PEM. */
export interface ClientCredentials {
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: Secret;
}

/** One server that wants a client certificate. */
export interface Server {
  /** Name or address its certificate must hold, however it is reached. */
  readonly name: string;
  /** A new connection to its port. */
  readonly dial: () => Promise<Duplex>;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** API servers close connections after 90 s without a request; a request must not meet that. Source: k8s.io/apiserver v0.25 secure_serving.go */
const IDLE_MS = 60_000;

/** Codes of TLS that say: this is not the server we trust, or it does not trust us. */
function isDistrust(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|ERR_SSL_/.test(code);
}

function handshake(stream: Duplex, name: string, credentials: ClientCredentials): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      socket: stream,
      // An address is no name that TLS could send, but is checked against the certificate all the same.
      ...(isIP(name) === 0 ? { servername: name } : { host: name }),
      ca: credentials.ca,
      cert: credentials.certificate,
      key: credentials.privateKey.reveal(),
      ALPNProtocols: ['http/1.1'],
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

/** Where HTTP clients get their connections to one server: TLS over what `dial` gives, kept for the next request. */
export class TlsAgent extends Agent {
  #spare: TLSSocket | undefined;

  constructor(
    readonly server: Server,
    private readonly credentials: ClientCredentials,
  ) {
    super({ keepAlive: true, timeout: IDLE_MS });
  }

  /** Makes the connection of the first request. @throws NoAnswer */
  async open(): Promise<void> {
    this.#spare = await this.#connect();
  }

  async #connect(): Promise<TLSSocket> {
    let stream: Duplex;
    try {
      stream = await this.server.dial();
    } catch (error) {
      throw NoAnswer.from(error);
    }
    return handshake(stream, this.server.name, this.credentials);
  }

  override createConnection(_options: RequestOptions, callback?: (error: Error | null, socket: Duplex) => void): undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    const socket = spare === undefined || spare.destroyed ? this.#connect() : Promise.resolve(spare);
    // Node's types want a socket beside an error, Node does not.
    const failed = callback as ((error: Error) => void) | undefined;
    socket.then(
      (connected) => callback?.(null, connected),
      (error: unknown) => failed?.(NoAnswer.from(error)),
    );
  }

  /** One server, so one pool, whatever a client says of its requests. */
  override getName(): string {
    return this.server.name;
  }

  override destroy(): void {
    this.#spare?.destroy();
    super.destroy();
  }
}
