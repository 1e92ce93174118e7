import { sh, type Command } from './command.js';
import type { HostShell } from './host-shell.js';
import type { SystemdUnits, UnitState } from './host.js';
import { parseUnitState } from './units-parse.js';
import { KbsError } from '../errors/index.js';

/** systemd's own limit for a start or stop is 90 s. */
const CHANGE_TIMEOUT_MS = 180_000;
const JOURNAL_LINES = 20;
const PROPERTIES = 'LoadState,UnitFileState,ActiveState,MainPID,ExecMainStartTimestamp,ExecMainStartTimestampMonotonic,NeedDaemonReload';

/** systemd units of a host through systemctl. */
export class SystemctlUnits implements SystemdUnits {
  constructor(private readonly shell: HostShell) {}

  async state(unit: string): Promise<UnitState> {
    // systemd before 247 does not know --timestamp; the clocks let the start be computed there.
    const command = sh`systemctl show --timestamp=us+utc -p ${PROPERTIES} -- ${unit} 2>/dev/null || {
      TZ=UTC systemctl show -p ${PROPERTIES} -- ${unit} && echo "Clocks=$(date +%s%N) $(cat /proc/uptime)"
    }`;
    return parseUnitState(await this.shell.look(command));
  }

  async daemonReload(): Promise<void> {
    await this.shell.output(sh`systemctl daemon-reload`, { timeoutMs: CHANGE_TIMEOUT_MS });
  }

  enable(unit: string): Promise<void> {
    return this.#change(sh`systemctl enable --quiet -- ${unit}`, unit);
  }

  disable(unit: string): Promise<void> {
    return this.#change(sh`systemctl disable --quiet -- ${unit}`, unit);
  }

  start(unit: string): Promise<void> {
    return this.#change(sh`systemctl start -- ${unit}`, unit);
  }

  stop(unit: string): Promise<void> {
    return this.#change(sh`systemctl stop -- ${unit}`, unit);
  }

  restart(unit: string): Promise<void> {
    return this.#change(sh`systemctl restart -- ${unit}`, unit);
  }

  async journal(unit: string, lines: number): Promise<readonly string[]> {
    const text = await this.shell.look(sh`journalctl --no-pager -q -o short-iso -n ${lines} -u ${unit}`);
    return text.split('\n').filter((line) => line !== '');
  }

  /** A unit that does not do what it is told says why in its journal. */
  async #change(command: Command, unit: string): Promise<void> {
    const result = await this.shell.exec(command, { timeoutMs: CHANGE_TIMEOUT_MS });
    if (result.exitCode === 0) return;
    const error = this.shell.failed(command, result);
    throw new KbsError(error.code, error.message, {
      where: error.where,
      details: [...error.details, ...(await this.journal(unit, JOURNAL_LINES))],
      remedy: [`systemctl status ${unit}`, `journalctl -u ${unit} -n 100`],
    });
  }
}
