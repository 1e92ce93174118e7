import { messageOf } from '../errors/index.js';
import { connect as tlsConnect } from 'node:tls';
import type { Duplex } from 'node:stream';

/** A TLS server as seen from a host. */
export interface TlsProbe {
  readonly address: string;
  readonly port: number;
  /** PEM of the authority the server must be signed by. */
  readonly ca: string;
  /** Default: 5 000. */
  readonly timeoutMs?: number;
}

/** The server's certificate as PEM, or why none came. */
export type ServedCertificate = { readonly certificate: string } | { readonly certificate: undefined; readonly reason: string };

/** Asks a TLS server, over a host's own connection, for the certificate it shows. Never throws: a server that is not there is an answer. */
export async function servedCertificate(
  dial: (address: string, port: number) => Promise<Duplex>,
  { address, port, ca, timeoutMs = 5_000 }: TlsProbe,
): Promise<ServedCertificate> {
  let socket: Duplex;
  try {
    socket = await dial(address, port);
  } catch (error) {
    return { certificate: undefined, reason: messageOf(error) };
  }
  return new Promise((resolve) => {
    const tls = tlsConnect({ socket, ca, host: address });
    const end = (answer: ServedCertificate): void => {
      tls.destroy();
      socket.destroy();
      resolve(answer);
    };
    tls.setTimeout(timeoutMs, () => end({ certificate: undefined, reason: 'no answer in time' }));
    tls.on('error', (error: Error) => end({ certificate: undefined, reason: error.message }));
    tls.on('secureConnect', () => {
      const certificate = tls.getPeerX509Certificate();
      end(certificate === undefined ? { certificate: undefined, reason: 'no certificate came' } : { certificate: certificate.toString() });
    });
  });
}
