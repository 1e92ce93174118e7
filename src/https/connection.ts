import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import pLimit from 'p-limit';
import { NoAnswer, NotSent } from './no-answer.js';
import { TlsAgent, type ClientCredentials, type Server } from './tls-agent.js';

/** A request as it is. */
export interface WireRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
}

/** An answer of any status. */
export interface HttpsAnswer {
  readonly status: number;
  readonly body: string;
}

/** When to stop waiting. */
export interface Limits {
  /** From the moment the request's turn has come. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Requests at a time, each on a connection of its own. They are forwarded channels of an SSH connection, which sshd's limit of ten
 * sessions does not count; a slow answer must not hold up the tries that are made beside it.
 */
const AT_ONCE = 8;

/** The way to one server: a few TLS connections that are kept and used in turns. */
export class Connection {
  readonly #agent: TlsAgent;
  readonly #turns = pLimit(AT_ONCE);
  #isUsable = true;
  #underWay = 0;

  private constructor(agent: TlsAgent) {
    this.#agent = agent;
  }

  /** Makes the first connection. @throws NoAnswer */
  static async open(server: Server, credentials: ClientCredentials): Promise<Connection> {
    const agent = new TlsAgent(server, credentials);
    await agent.open();
    return new Connection(agent);
  }

  /** Nothing has broken on it so far. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /**
   * Does something that makes requests with the agent, one after the other, when it has a turn.
   * @throws NoAnswer when it does not end in time, whatever `work` throws, the signal's reason when it fires
   */
  use<T>({ timeoutMs, signal }: Limits, work: (agent: TlsAgent, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#turns(async () => {
      signal.throwIfAborted();
      if (!this.#isUsable) throw new NotSent('the connection was closed', true);
      this.#underWay += 1;
      try {
        return await withinTime({ timeoutMs, signal }, (own) => work(this.#agent, own));
      } catch (error) {
        // One slow answer says nothing about the requests beside it; alone, it may be the connection that went silent.
        const isSlow = error instanceof LateAnswer && this.#underWay > 1;
        if (error instanceof NoAnswer && !isSlow) this.#isUsable = false;
        throw error;
      } finally {
        this.#underWay -= 1;
        if (!this.#isUsable && this.#underWay === 0) this.#agent.destroy();
      }
    });
  }

  /** An answer of any status. @throws NoAnswer; the signal's reason when it fires */
  send(request: WireRequest, limits: Limits): Promise<HttpsAnswer> {
    return this.use(limits, (agent, signal) => exchange(request, agent, signal));
  }

  /** Ends what is under way too. */
  close(): void {
    this.#isUsable = false;
    this.#agent.destroy();
  }
}

/** Too late for {@link Limits}. */
class LateAnswer extends NoAnswer {}

async function withinTime<T>({ timeoutMs, signal }: Limits, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const own = new AbortController();
  const late = new LateAnswer(`no answer within ${timeoutMs / 1000} s`, true);
  const timer = setTimeout(() => own.abort(late), timeoutMs);
  const cancel = (): void => own.abort(signal.reason);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await work(own.signal);
  } catch (error) {
    // Clients say "aborted"; why is known here.
    throw own.signal.aborted ? own.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}

/** Sends one request. @throws NoAnswer */
export function exchange({ method, path, body, contentType }: WireRequest, agent: TlsAgent, signal: AbortSignal): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(NoAnswer.from(error));
    const headers = {
      accept: 'application/json, */*',
      'user-agent': 'kbs',
      ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
    };
    const request = httpsRequest({ host: agent.server.name, path, method, headers, agent, signal }, (response) => {
      text(response).then((whole) => resolve({ status: response.statusCode ?? 0, body: whole }), fail);
    });
    request.once('error', fail);
    request.end(body);
  });
}
