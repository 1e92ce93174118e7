import type { Secret } from '../secret/index.js';

/** A secret only a person can tell. */
export type SecretQuestion =
  | { readonly kind: 'passphrase'; /** Private key file. */ readonly file: string }
  | { readonly kind: 'sudo-password'; readonly user: string; readonly target: string };

/** Asks a person, at a terminal. undefined: no answer. */
export type AskSecret = (question: SecretQuestion) => Promise<Secret | undefined>;

/** What all SSH connections of a run share. */
export interface SshContextOptions {
  /** Variables: SSH_AUTH_SOCK, KBS_SSH_PASSPHRASE, KBS_SUDO_PASSWORD. Default: those of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: that of the user who runs kbs. */
  readonly homeDirectory?: string;
  /** Default: `<home>/.ssh/config`. */
  readonly configFile?: string;
  /** Write down unknown host keys instead of refusing them. A changed key is refused all the same. */
  readonly acceptNewHostKeys?: boolean;
  /** Left out without a terminal: then nothing is ever asked. Questions come one at a time, each once. */
  readonly ask?: AskSecret;
}

/** The way to one host, as in the cluster file; what is left out comes from `~/.ssh/config`, then from defaults. */
export interface SshTarget {
  /** Name or address for SSH; also looked up in `~/.ssh/config`. */
  readonly address: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  readonly identityFile?: string | undefined;
  readonly bastion?:
    | {
        readonly address: string;
        readonly user?: string | undefined;
        readonly port?: number | undefined;
        readonly identityFile?: string | undefined;
      }
    | undefined;
  readonly knownHostsFile?: string | undefined;
  /** Default: 20. */
  readonly connectTimeoutSeconds?: number | undefined;
}
