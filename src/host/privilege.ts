import { KbsError } from '../errors/index.js';
import type { Secret } from '../secret/index.js';

/** How commands become root on a machine. */
export type Privilege =
  | { readonly kind: 'root' }
  | { readonly kind: 'sudo' }
  | { readonly kind: 'sudo-password'; readonly password: Secret }
  | { readonly kind: 'none'; readonly problem: KbsError };

/** What the first command on a machine finds out about it. */
export interface MachineProbe {
  readonly uid: number;
  readonly user: string;
  /** The login shell leaves alone what stands between single quotes. */
  readonly keepsQuotes: boolean;
  /** `timeout -k` is there (coreutils, newer busybox). */
  readonly hasTimeout: boolean;
  readonly sudo: 'missing' | 'works' | 'refused';
  /** What sudo said when it refused. */
  readonly sudoMessage: string;
}

/** An argument of {@link PROBE_SCRIPT} with everything that csh and fish read inside single quotes. */
export const PROBE_CANARY = 'a\nb!c\\\\d';

/** Run once after logging in, as the login user, in any POSIX shell. */
export const PROBE_SCRIPT = `LC_ALL=C; export LC_ALL
if [ "$1" = "$(printf 'a\\012b\\041c\\134\\134d')" ]; then echo 'kbs-quotes kept'; fi
echo "kbs-uid $(id -u)"
echo "kbs-user $(id -un)"
if timeout -k 1 5 true 2>/dev/null; then echo 'kbs-timeout yes'; fi
if [ "$(id -u)" = 0 ]; then exit 0; fi
if ! command -v sudo >/dev/null 2>&1; then echo 'kbs-sudo missing'
elif said=$(sudo -n -- /bin/sh -c : 2>&1 </dev/null); then echo 'kbs-sudo works'
else echo 'kbs-sudo refused'; echo "kbs-said $said"; fi`;

/** Reads what {@link PROBE_SCRIPT} printed; lines of login scripts in between do no harm. */
export function parseProbe(output: string): MachineProbe {
  const value = (name: string): string | undefined => new RegExp(`^kbs-${name} (.*)$`, 'm').exec(output)?.[1]?.trim();
  const uid = value('uid');
  if (uid === undefined || !/^\d+$/.test(uid)) {
    throw new KbsError('REMOTE_COMMAND', 'the host runs no command for the login user', {
      details: output.split('\n').slice(0, 10),
      remedy: ['log in by hand with ssh and see whether `/bin/sh -c id` works'],
    });
  }
  const sudo = value('sudo');
  return {
    uid: Number(uid),
    user: value('user') ?? uid,
    keepsQuotes: value('quotes') === 'kept',
    hasTimeout: value('timeout') === 'yes',
    sudo: sudo === 'works' || sudo === 'missing' ? sudo : 'refused',
    sudoMessage: value('said') ?? '',
  };
}

/** The program and arguments that run a shell script as root, or as the login user. */
export function privilegedArgv(privilege: Privilege, argv: readonly string[]): readonly string[] {
  switch (privilege.kind) {
    case 'root':
      return argv;
    case 'sudo':
      return ['sudo', '-n', '--', ...argv];
    case 'sudo-password':
      // -k with a command: a cached login is not used, so the password line is always read and never left to the command.
      return ['sudo', '-k', '-S', '-p', '', '--', ...argv];
    case 'none':
      throw privilege.problem;
  }
}

/** What stands before a command's own input. */
export function privilegedHead(privilege: Privilege): string {
  return privilege.kind === 'sudo-password' ? `${privilege.password.reveal()}\n` : '';
}

/** The error of every privileged command on a machine where nobody can become root. */
export function sudoDenied(target: string, probe: MachineProbe, said: string): KbsError {
  const details = said === '' ? [] : said.split('\n');
  if (probe.sudo === 'missing') {
    return new KbsError('SUDO_DENIED', `${probe.user} is not root on ${target}, and there is no sudo`, {
      details,
      remedy: ['log in as root: ssh.user: root in the cluster file', 'apt-get install sudo   # as root on the host'],
    });
  }
  return new KbsError('SUDO_DENIED', `${probe.user} may not become root on ${target}`, {
    details,
    remedy: [
      `echo '${probe.user} ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/90-kbs && chmod 440 /etc/sudoers.d/90-kbs   # as root on the host`,
      'export KBS_SUDO_PASSWORD=…   # when sudo asks for a password and there is no terminal',
    ],
  });
}
