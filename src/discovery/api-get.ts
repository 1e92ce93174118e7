import { request } from 'node:https';
import { isIP } from 'node:net';
import type { Secret } from '../secret/index.js';
import type { Endpoint } from './types.js';

/** One GET from an API server. */
export interface ApiGet {
  readonly endpoint: Endpoint;
  readonly path: string;
  /** PEM of the authority the server must be signed by; `unchecked`: any server, for what proves itself by its content. */
  readonly trust: { readonly ca: string } | 'unchecked';
  /** Sent as bearer token. */
  readonly token?: Secret;
  readonly signal: AbortSignal;
}

/** What came back: a status of any kind, or why nothing did. */
export type ApiAnswer =
  | { readonly status: number; readonly body: string; readonly localAddress: string | undefined }
  | { readonly status: undefined; readonly reason: string; readonly isDistrust: boolean };

const TIMEOUT_MS = 10_000;
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/** Codes of TLS that say: this is not a server the CA vouches for. */
function isDistrust(error: NodeJS.ErrnoException): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(error.code ?? '');
}

/** An IPv4 address that came in over an IPv6 socket, as IPv4. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:/, '');
}

/** Asks an API server. A server that does not answer, or that is not trusted, is an answer too. */
export function apiGet({ endpoint, path, trust, token, signal }: ApiGet): Promise<ApiAnswer> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      resolve({ status: undefined, reason: error.message, isDistrust: isDistrust(error) });
    const sent = request({
      host: endpoint.host,
      port: endpoint.port,
      path,
      agent: false,
      timeout: TIMEOUT_MS,
      signal,
      headers: { accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }) },
      ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
      ...(trust === 'unchecked' ? { rejectUnauthorized: false } : { ca: trust.ca }),
    });
    sent.on('error', fail);
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.on('response', (response) => {
      const localAddress = plainAddress(response.socket.localAddress);
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      response.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes > BODY_LIMIT_BYTES) sent.destroy(new Error('the answer is larger than any that is expected'));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8'), localAddress }));
    });
    sent.end();
  });
}
