import type { LaunchedProcess, SharedLaunch } from '../host/index.js';
import type { OpenShell } from './open-shell.js';

/** Enough for what kbs does at a time on a host besides uploads; the others have channels of their own. */
const MOST_SHELLS = 2;

/** The shells that stay open on one host. */
export class OpenShells {
  #shells: readonly OpenShell[] = [];
  #opening = 0;
  #most = MOST_SHELLS;

  /** Shells that wait for a command. */
  get idle(): readonly OpenShell[] {
    return this.#shells.filter(({ isFree }) => isFree);
  }

  /**
   * Runs something in a shell that is free, or in a new one.
   * @returns undefined when there may be no more shells
   * @throws whatever `open` throws
   */
  async run(shared: SharedLaunch, open: () => Promise<OpenShell>): Promise<LaunchedProcess | undefined> {
    this.#shells = this.#shells.filter(({ isOpen }) => isOpen);
    const [free] = this.idle;
    if (free !== undefined) return free.run(shared);
    if (this.#shells.length + this.#opening >= this.#most) return undefined;
    this.#opening += 1;
    try {
      const shell = await open();
      this.#shells = [...this.#shells, shell];
      // Somebody else may have seen it before this.
      return shell.isFree ? shell.run(shared) : undefined;
    } finally {
      this.#opening -= 1;
    }
  }

  /** Gives idle shells' places to others until `isEnough`. @returns whether there was one */
  async giveUp(isEnough: () => boolean = () => false): Promise<boolean> {
    let hasGiven = false;
    for (let [shell] = this.idle; shell !== undefined && !isEnough(); [shell] = this.idle) {
      await shell.close();
      hasGiven = true;
    }
    return hasGiven;
  }

  /** Opens no more. */
  stop(): void {
    this.#most = 0;
  }
}
