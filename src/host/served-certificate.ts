import { connect as tlsConnect } from 'node:tls';
import type { Duplex } from 'node:stream';
import { messageOf } from '../errors/index.js';
import { dialInTime } from '../https/index.js';
import { ANSWER_WITHIN_MS } from './http-status.js';

/** A TLS server as seen from a host. */
export interface TlsProbe {
  readonly address: string;
  readonly port: number;
  /** PEM of the authority the server must be signed by. */
  readonly ca: string;
  /** For everything, the connection included; default: {@link ANSWER_WITHIN_MS}. */
  readonly timeoutMs?: number;
}

/** The server's certificate as PEM, or why none came. */
export type ServedCertificate = { readonly certificate: string } | { readonly certificate: undefined; readonly reason: string };

/** Asks a TLS server, over a host's own connection, for the certificate it shows. Never throws: a server that is not there is an answer. */
export async function servedCertificate(
  dial: (address: string, port: number) => Promise<Duplex>,
  { address, port, ca, timeoutMs = ANSWER_WITHIN_MS }: TlsProbe,
): Promise<ServedCertificate> {
  const deadlineMs = performance.now() + timeoutMs;
  let socket: Duplex;
  try {
    socket = await dialInTime({ dial }, address, port, timeoutMs);
  } catch (error) {
    return { certificate: undefined, reason: messageOf(error) };
  }
  return new Promise((resolve) => {
    const tls = tlsConnect({ socket, ca, host: address });
    const late = setTimeout(
      () => end({ certificate: undefined, reason: `no answer within ${timeoutMs / 1000} s` }),
      Math.max(deadlineMs - performance.now(), 1),
    );
    const end = (answer: ServedCertificate): void => {
      clearTimeout(late);
      tls.destroy();
      socket.destroy();
      resolve(answer);
    };
    tls.on('error', (error: Error) => end({ certificate: undefined, reason: error.message }));
    tls.on('secureConnect', () => {
      const certificate = tls.getPeerX509Certificate();
      end(certificate === undefined ? { certificate: undefined, reason: 'no certificate came' } : { certificate: certificate.toString() });
    });
  });
}
