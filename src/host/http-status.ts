import { messageOf } from '../errors/index.js';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import type { Duplex } from 'node:stream';
import { dialInTime } from '../https/index.js';
import type { Secret } from '../secret/index.js';

/** One request from a host's own view. */
export interface HttpProbe {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** PEM of the authority the server must be signed by; absent: plain HTTP. */
  readonly ca?: string;
  /** HTTPS with a certificate nobody signed; for loopback addresses only, where components make their own. */
  readonly isSelfSigned?: boolean;
  /** What the server may ask to be shown; PEM. Only with `ca`. */
  readonly client?: { readonly certificate: string; readonly privateKey: Secret };
  /** JSON to be posted; absent: GET. */
  readonly body?: string;
  /** Sent besides the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For everything, the connection included; default: {@link ANSWER_WITHIN_MS}. */
  readonly timeoutMs?: number;
}

/** What came back: a status, or why nothing did. */
export type HttpAnswer =
  { readonly status: number; readonly body: string } | { readonly status: undefined; readonly reason: string; readonly code?: string };

/** How long a server of a host is listened to. What is dead refuses at once; a host that has more to do than it can, or this machine, is slow. */
export const ANSWER_WITHIN_MS = 15_000;

const BODY_LIMIT_BYTES = 64 * 1024;

/**
 * Asks a server as seen from a host, over the host's own connection; no program is needed there.
 * Never throws: a server that is not there yet is an answer.
 */
export async function httpStatus(dial: (address: string, port: number) => Promise<Duplex>, probe: HttpProbe): Promise<HttpAnswer> {
  const { timeoutMs = ANSWER_WITHIN_MS } = probe;
  const deadlineMs = performance.now() + timeoutMs;
  let socket: Duplex;
  try {
    socket = await dialInTime({ dial }, probe.address, probe.port, timeoutMs);
  } catch (error) {
    return { status: undefined, reason: messageOf(error) };
  }
  const options = {
    method: probe.body === undefined ? 'GET' : 'POST',
    path: probe.path,
    headers: {
      host: probe.address,
      connection: 'close',
      ...probe.headers,
      ...(probe.body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(probe.body) }),
    },
  };
  return new Promise((resolve) => {
    const fail = (error: Error): void => {
      socket.destroy();
      const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
      resolve({ status: undefined, reason: error.message, ...code });
    };
    const request =
      probe.ca === undefined && probe.isSelfSigned !== true
        ? plainRequest({ ...options, createConnection: () => socket })
        : tlsRequest({
            ...options,
            createConnection: () =>
              tlsConnect({
                socket,
                ca: probe.ca,
                host: probe.address,
                rejectUnauthorized: probe.isSelfSigned !== true,
                ...(probe.client === undefined ? {} : { cert: probe.client.certificate, key: probe.client.privateKey.reveal() }),
              }),
          });
    const late = setTimeout(
      () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
      Math.max(deadlineMs - performance.now(), 1),
    );
    request.on('close', () => clearTimeout(late));
    request.on('error', fail);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (body.length < BODY_LIMIT_BYTES) body += chunk;
      });
      response.on('error', fail);
      response.on('end', () => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    request.end(probe.body);
  });
}
