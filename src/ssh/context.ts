import { homedir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../secret/index.js';
import { readConfigText } from './config-file.js';
import { SshConnection } from './connection.js';
import { HostKeys } from './host-keys.js';
import type { AskSecret, SecretQuestion, SshContextOptions, SshTarget } from './options.js';
import { describeTarget, resolveSettings, type SshSettings } from './settings.js';

const SYSTEM_CONFIG = '/etc/ssh/ssh_config';

/** What all SSH connections of a run share: configuration, answers of the user, connections to jump hosts. */
export class SshContext {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #homeDirectory: string;
  readonly #configFile: string;
  readonly #ask: AskSecret | undefined;
  readonly #hostKeys: HostKeys;
  readonly #jumps = new Map<string, SshConnection>();
  readonly #answers = new Map<string, Promise<Secret | undefined>>();
  #configText: Promise<string> | undefined;
  #lastQuestion: Promise<unknown> = Promise.resolve();

  constructor(options: SshContextOptions = {}) {
    this.#env = options.env ?? process.env;
    this.#homeDirectory = options.homeDirectory ?? homedir();
    this.#configFile = options.configFile ?? join(this.#homeDirectory, '.ssh', 'config');
    this.#ask = options.ask;
    this.#hostKeys = new HostKeys(options.acceptNewHostKeys ?? false);
  }

  /** The password sudo wants from a user: KBS_SUDO_PASSWORD, or asked for once; undefined when neither gives it. */
  sudoPassword(user: string, target: string): Promise<Secret | undefined> {
    return this.#answer(`sudo ${user}`, 'KBS_SUDO_PASSWORD', { kind: 'sudo-password', user, target });
  }

  /** Everything needed to log in to a target. @throws KbsError CONFIG_INVALID */
  async settingsFor(target: SshTarget): Promise<SshSettings> {
    this.#configText ??= this.#readConfig();
    const configText = await this.#configText;
    return resolveSettings(target, { configText, homeDirectory: this.#homeDirectory, env: this.#env, platform: process.platform });
  }

  /** A connection of its own to a host, through shared connections to its jump hosts. */
  connectionTo(settings: SshSettings): SshConnection {
    const askPassphrase = (file: string): Promise<Secret | undefined> =>
      this.#answer(`key ${file}`, 'KBS_SSH_PASSPHRASE', { kind: 'passphrase', file });
    return new SshConnection(settings, { hostKeys: this.#hostKeys, askPassphrase }, settings.via && this.#jump(settings.via));
  }

  /** Closes the connections to jump hosts, after those of the hosts behind them. */
  async close(): Promise<void> {
    const jumps = [...this.#jumps.values()];
    this.#jumps.clear();
    await Promise.all(jumps.map((jump) => jump.close()));
  }

  #jump(settings: SshSettings): SshConnection {
    const key = describeTarget(settings);
    const shared = this.#jumps.get(key) ?? this.connectionTo(settings);
    this.#jumps.set(key, shared);
    return shared;
  }

  async #readConfig(): Promise<string> {
    const own = await readConfigText(this.#configFile, this.#homeDirectory);
    const system = process.platform === 'win32' ? '' : await readConfigText(SYSTEM_CONFIG, this.#homeDirectory);
    return `${own}\nHost *\n${system}`;
  }

  /** Each question once, one at a time: several hosts may need the same answer at the same moment. */
  #answer(key: string, variable: string, question: SecretQuestion): Promise<Secret | undefined> {
    const fromEnv = this.#env[variable];
    if (fromEnv !== undefined && fromEnv !== '') return Promise.resolve(new Secret(fromEnv));
    const ask = this.#ask;
    if (!ask) return Promise.resolve(undefined);
    const known = this.#answers.get(key);
    if (known) return known;
    const answer = this.#lastQuestion.then(() => ask(question));
    this.#answers.set(key, answer);
    // A question that failed does not keep the next one from being asked.
    this.#lastQuestion = answer.catch(() => undefined);
    return answer;
  }
}
