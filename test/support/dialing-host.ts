import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Host } from '../../src/host/index.js';
import { memoryHost, type MemoryHostOptions } from './memory-host.js';

/** A stream that is no socket, as an SSH channel is none. */
function asChannel(socket: Socket): Duplex {
  const channel = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, (error) => done(error)),
    final: (done) => void socket.end(() => done()),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    if (!channel.push(chunk)) socket.pause();
  });
  socket.on('end', () => channel.push(null));
  socket.on('error', (error) => channel.destroy(error));
  socket.on('close', () => channel.destroy());
  return channel;
}

/** How many connections were asked of a host. */
export interface DialingHost extends Host {
  readonly dialed: () => number;
}

/** A host in memory from which programs on this machine's loopback can be reached, over streams that are no sockets. */
export function dialingHost(options: MemoryHostOptions & { readonly port?: number } = {}): DialingHost {
  let dialed = 0;
  const host = memoryHost({ roles: ['control-plane'], address: '127.0.0.1', ...options });
  return Object.assign(host, {
    dialed: () => dialed,
    dial: (address: string, port: number): Promise<Duplex> => {
      dialed += 1;
      return new Promise((resolve, reject) => {
        const socket = connect({ host: address, port: options.port ?? port });
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          resolve(asChannel(socket));
        });
      });
    },
  });
}
