import { KbsError } from '../errors/index.js';
import { Connection, dialInTime, NoAnswer, type ClientCredentials } from '../https/index.js';
import { decimalId, EtcdRefusal, GATEWAY, parseAnswer, parseMember, parseStatus, type AnswerJson } from './gateway.js';
import type { EtcdAccess, EtcdAccessOptions, EtcdMember, EtcdMemberHealth, EtcdPlace } from './types.js';

const DIAL_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

/** Nobody answers with a quorum behind it. */
class NoEtcd extends Error {
  override readonly name = 'NoEtcd';

  constructor(
    readonly said: readonly string[],
    readonly isDistrust: boolean,
  ) {
    super(said.join('; '));
  }
}

/** etcd's own words when it refused; undefined for other errors. */
export function etcdSays(error: unknown): string | undefined {
  return error instanceof KbsError && error.cause instanceof EtcdRefusal ? error.cause.said : undefined;
}

function unreachable({ said, isDistrust }: NoEtcd): KbsError {
  const why = isDistrust
    ? 'a member answers, but has another CA or does not take our certificate'
    : 'no member answers, or they have no quorum';
  return new KbsError('ETCD_UNREACHABLE', `etcd cannot be asked: ${why}`, {
    details: said,
    remedy: ['crictl ps -a --name etcd; crictl logs $(crictl ps -a --name etcd -q | head -n 1)   # on a control plane'],
  });
}

class GatewayAccess implements EtcdAccess {
  #credentials: Promise<ClientCredentials> | undefined;
  #opening: Promise<Connection> | undefined;
  #current: Connection | undefined;

  constructor(private readonly options: EtcdAccessOptions) {}

  async members(signal: AbortSignal): Promise<readonly EtcdMember[]> {
    const { members = [] } = await this.#ask('list the members of etcd', GATEWAY.list, { linearizable: true }, signal);
    return members.map(parseMember);
  }

  async tryMembers(signal: AbortSignal): Promise<readonly EtcdMember[] | undefined> {
    try {
      return await this.members(signal);
    } catch (error) {
      const isSilent = error instanceof KbsError && error.code === 'ETCD_UNREACHABLE';
      if (isSilent && !(error.cause instanceof NoEtcd && error.cause.isDistrust)) return undefined;
      throw error;
    }
  }

  health(members: readonly EtcdMember[], signal: AbortSignal): Promise<readonly EtcdMemberHealth[]> {
    return Promise.all(members.map((member) => this.#healthOf(member, signal)));
  }

  async addLearner(peerUrl: string, signal: AbortSignal): Promise<EtcdMember> {
    const { member = {} } = await this.#ask(`add ${peerUrl} to etcd`, GATEWAY.add, { peerURLs: [peerUrl], isLearner: true }, signal);
    return parseMember(member);
  }

  async promote(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask(`promote member ${id} of etcd`, GATEWAY.promote, { ID: decimalId(id) }, signal);
  }

  async remove(id: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#ask(`remove member ${id} from etcd`, GATEWAY.remove, { ID: decimalId(id) }, signal);
      return true;
    } catch (error) {
      if (etcdSays(error)?.includes('member not found') === true) return false;
      throw error;
    }
  }

  async moveLeader(leader: EtcdMember, to: string, signal: AbortSignal): Promise<void> {
    await this.#wrapped(`let member ${to} of etcd lead instead of ${leader.name}`, signal, () =>
      this.#askMember(leader, GATEWAY.moveLeader, { targetID: decimalId(to) }, signal),
    );
  }

  close(): void {
    this.#current?.close();
    this.#current = undefined;
  }

  /** One request to whoever answers; what broke off is not repeated: a change may have been made. */
  #ask(what: string, path: string, body: object, signal: AbortSignal): Promise<AnswerJson> {
    return this.#wrapped(what, signal, async () => post(await this.#connect(signal), path, body, signal));
  }

  async #wrapped(what: string, signal: AbortSignal, work: () => Promise<AnswerJson>): Promise<AnswerJson> {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw new KbsError('CANCELLED', `cancelled while trying to ${what}`, { cause: error });
      if (error instanceof NoEtcd)
        throw new KbsError('ETCD_UNREACHABLE', unreachable(error).message, { ...unreachable(error), cause: error });
      if (error instanceof NoAnswer) throw new KbsError('ETCD_UNREACHABLE', `to ${what} broke off: ${error.message}`, { cause: error });
      if (error instanceof EtcdRefusal) throw new KbsError('ETCD_REFUSED', `etcd did not ${what}: ${error.said}`, { cause: error });
      throw error;
    }
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    if (this.#current?.isUsable === true) return this.#current;
    // Shared by all who ask meanwhile.
    this.#opening ??= this.#openFirst(signal).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openFirst(signal: AbortSignal): Promise<Connection> {
    const credentials = await this.#readCredentials();
    const failures = new Map<string, Error>();
    const tries = this.options.places.map(async (place) => {
      try {
        return await this.#open(place, credentials, signal);
      } catch (error) {
        if (!(error instanceof NoAnswer || error instanceof EtcdRefusal)) throw error;
        failures.set(place.name, error);
        throw error;
      }
    });
    try {
      const winner = await Promise.any(tries);
      closeOthers(tries, winner);
      this.#current = winner;
      return winner;
    } catch (error) {
      const reasons: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
      const bug = reasons.find((reason) => !(reason instanceof NoAnswer || reason instanceof EtcdRefusal));
      if (bug instanceof Error) throw bug;
      throw new NoEtcd(
        [...failures].map(([name, { message }]) => `${name}: ${message}`),
        [...failures.values()].some((reason) => reason instanceof NoAnswer && !reason.retryable),
      );
    }
  }

  /** A member without a quorum, or a learner, takes connections too: only one that lists the members counts. */
  async #open(place: EtcdPlace, credentials: ClientCredentials, signal: AbortSignal): Promise<Connection> {
    const connection = await this.#dial(place, place, credentials);
    try {
      await post(connection, GATEWAY.list, { linearizable: true }, signal);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #dial(from: EtcdPlace, to: { readonly address: string; readonly port: number }, credentials: ClientCredentials): Promise<Connection> {
    const { address, port } = to;
    const server = { name: this.options.serverName ?? address, dial: () => dialInTime(from, address, port, DIAL_TIMEOUT_MS) };
    return Connection.open(server, credentials);
  }

  #readCredentials(): Promise<ClientCredentials> {
    this.#credentials ??= this.options.credentials().catch((error: unknown) => {
      this.#credentials = undefined;
      throw error;
    });
    return this.#credentials;
  }

  async #healthOf(member: EtcdMember, signal: AbortSignal): Promise<EtcdMemberHealth> {
    try {
      const status = parseStatus(await this.#askMember(member, GATEWAY.status, {}, signal));
      return { member, status, ...(status.leaderId === undefined ? { problem: 'it knows no leader' } : {}) };
    } catch (error) {
      return { member, problem: error instanceof Error ? error.message : 'nobody could ask it' };
    }
  }

  /** One member and no other, from wherever it is reached first. @throws NoAnswer, EtcdRefusal */
  async #askMember({ clientUrls: [url] }: EtcdMember, path: string, body: object, signal: AbortSignal): Promise<AnswerJson> {
    if (url === undefined) throw new NoAnswer('it has never been started', false);
    const { hostname, port } = new URL(url);
    const to = { address: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
    const credentials = await this.#readCredentials();
    const dialed = this.options.places.map((place) => this.#dial(place, to, credentials));
    const connection = await Promise.any(dialed).catch((error: unknown) => {
      const [reason] = (error instanceof AggregateError ? error.errors : [error]) as readonly unknown[];
      throw NoAnswer.from(reason ?? 'nobody could ask it');
    });
    closeOthers(dialed, connection);
    try {
      return await post(connection, path, body, signal);
    } finally {
      connection.close();
    }
  }
}

/** @throws NoAnswer, EtcdRefusal */
async function post(connection: Connection, path: string, body: object, signal: AbortSignal): Promise<AnswerJson> {
  return parseAnswer(await connection.send({ method: 'POST', path, body: JSON.stringify(body) }, { timeoutMs: ANSWER_TIMEOUT_MS, signal }));
}

/** Those that answer later than the first are not needed; what they run into is of no interest. */
function closeOthers(tries: readonly Promise<Connection>[], winner: Connection): void {
  for (const one of tries) {
    one.then(
      (connection) => (connection === winner ? undefined : connection.close()),
      () => undefined,
    );
  }
}

/** The members of etcd, reached over the hosts' own connections. Nothing is contacted yet. */
export function createEtcdAccess(options: EtcdAccessOptions): EtcdAccess {
  return new GatewayAccess(options);
}
