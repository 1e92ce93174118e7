import type { Agent, RequestOptions } from 'node:https';
import { Exec, KubeConfig, type Cluster } from '@kubernetes/client-node';
import { NoAnswer } from '../https/index.js';
import { SERVER_NAME } from './server-name.js';
import type { StreamOptions } from './types.js';

// Loading @kubernetes/client-node takes half a second: this file is imported dynamically only.

/** Leads the library's WebSockets over connections that hosts make. */
class AgentConfig extends KubeConfig {
  constructor(private readonly agent: Agent) {
    super();
  }

  override getCurrentCluster(): Cluster {
    return { name: SERVER_NAME, server: `https://${SERVER_NAME}`, skipTLSVerify: false };
  }

  override async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
    options.agent = this.agent;
  }
}

/** What the library hands over when a WebSocket cannot be opened: an event with an error in it. */
function refusal(event: unknown): Error {
  const message = event instanceof Object && 'message' in event ? String(event.message) : String(event);
  return new Error(message);
}

/** Part of a WebSocket; the library's own type comes from a package that is not ours to import. */
interface Socket {
  onclose: (() => void) | null;
  send(bytes: Buffer): void;
  close(): void;
}

/** @throws NoAnswer */
async function opened(socket: Promise<unknown>): Promise<Socket> {
  try {
    return (await socket) as Socket;
  } catch (event) {
    throw NoAnswer.from(refusal(event));
  }
}

/**
 * Opens a WebSocket of the API server and reads it until its reader has enough, the server closes it, or the signal fires.
 * @throws NoAnswer when the server does not open it
 */
export async function readPodStream(path: string, { send, onData }: StreamOptions, agent: Agent, signal: AbortSignal): Promise<void> {
  const { handler } = new Exec(new AgentConfig(agent));
  const socket = await opened(handler.connect(path, null, (channel: number, bytes: Buffer) => onData(channel, bytes)));
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      socket.close();
      reject(NoAnswer.from(signal.reason));
    };
    socket.onclose = () => {
      signal.removeEventListener('abort', abort);
      resolve();
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    if (send !== undefined) socket.send(Buffer.concat([Buffer.from([send.channel]), Buffer.from(send.text)]));
  });
}
