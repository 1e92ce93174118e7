import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import { LabError } from './lab-error.js';

/** Where a mirror serves what. */
export interface MirrorOptions {
  /** A bundle directory. */
  readonly directory: string;
  /** The address to listen on, as it is inside the network namespace. */
  readonly address: string;
  /** Without it the system picks a free one. */
  readonly port?: number;
  /** Name of the network namespace, as `ip netns` lists it. */
  readonly netns?: string;
}

/** A request that the mirror got. */
export interface MirrorRequest {
  readonly method: string;
  /** Relative to the bundle directory. */
  readonly path: string;
  readonly status: number;
  /** The header of that name. */
  readonly range?: string;
}

/** A running mirror. Files are named relative to the bundle directory; faults last until {@link Mirror.heal}. */
export interface Mirror {
  /** Without a trailing slash. */
  readonly url: string;
  /** Cuts the connection each time after so many bytes of this file's answer. */
  breakAfter(file: string, bytes: number): Promise<void>;
  /** Serves this file with its right length and wrong bytes. */
  corrupt(file: string): Promise<void>;
  /** Ends all faults. */
  heal(): Promise<void>;
  /** All requests so far, in the order they were answered. */
  requests(): Promise<readonly MirrorRequest[]>;
  /** Ends the mirror; connections are cut. It also ends with the process that started it. */
  stop(): Promise<void>;
}

/** What the mirror's process is told. */
export type MirrorCommand =
  | { readonly do: 'break'; readonly file: string; readonly afterBytes: number }
  | { readonly do: 'corrupt'; readonly file: string }
  | { readonly do: 'heal' }
  | { readonly do: 'requests' };

/** What the mirror's process says: first its port or an error, then one reply per command. */
export interface MirrorReply {
  readonly port?: number;
  readonly error?: string;
  readonly requests?: readonly MirrorRequest[];
}

/** Serves a bundle directory over HTTP in a process of its own. @throws LabError when it cannot listen. */
export async function startMirror(options: MirrorOptions): Promise<Mirror> {
  const program = fileURLToPath(new URL('mirror-process.ts', import.meta.url));
  const node = [process.execPath, '--import', import.meta.resolve('tsx'), program];
  const inside = options.netns === undefined ? [] : ['ip', 'netns', 'exec', options.netns];
  const [command = '', ...rest] = [...inside, ...node, options.directory, options.address, String(options.port ?? 0)];
  // Detached: Ctrl-C must not take the mirror away from what is still being cleaned up.
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = once(child, 'close').catch((error: unknown) => {
    throw new LabError(`cannot start ${command}`, undefined, { cause: error });
  });
  // Reported where it is awaited; a mirror that ends unasked shows in the next command.
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<MirrorReply> => {
    const line = await lines.next();
    if (line.done === true) throw new LabError('the mirror has ended');
    return JSON.parse(line.value) as MirrorReply;
  };
  const oneByOne = pLimit(1);
  const tell = (order: MirrorCommand): Promise<MirrorReply> =>
    oneByOne(() => {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      return read();
    });
  // A write to a mirror that has ended; `read` says so.
  child.stdin.on('error', () => undefined);
  const first = await Promise.race([read(), ended.then(read)]);
  if (first.port === undefined) throw new LabError(`the mirror cannot listen on ${options.address}: ${first.error ?? 'no port'}`);
  return {
    url: `http://${options.address.includes(':') ? `[${options.address}]` : options.address}:${first.port}`,
    breakAfter: async (file, bytes) => void (await tell({ do: 'break', file, afterBytes: bytes })),
    corrupt: async (file) => void (await tell({ do: 'corrupt', file })),
    heal: async () => void (await tell({ do: 'heal' })),
    requests: async () => (await tell({ do: 'requests' })).requests ?? [],
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
