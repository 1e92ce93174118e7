import { ensureAptArchive } from './apt-archive.js';
import type { Lab } from './lab.js';
import { LabError } from './lab-error.js';
import { type Mirror, startMirror } from './mirror.js';

/** Where hosts have the lab's archive noted. */
export const APT_SOURCE_FILE = '/etc/apt/sources.list.d/lab.list';

/**
 * Lets the hosts that are in the lab now install Debian packages: an archive with these packages on the lab's gateway, noted as an
 * apt source. The hosts have not read its index yet; that is for whoever installs. To be called before a snapshot is taken.
 * @returns the server; stopping it takes the archive away.
 */
export async function offerPackages(lab: Lab, packages: readonly string[]): Promise<Mirror> {
  const directory = await ensureAptArchive(packages);
  const mirror = await startMirror({ directory, address: lab.gateway, netns: lab.netns });
  const line = `deb [trusted=yes] ${mirror.url}/ ./\n`;
  await Promise.all(
    lab.hosts.map(async (host) => {
      const result = await lab.exec(host, ['sh', '-c', 'cat > "$1" && chmod 644 "$1"', 'write', APT_SOURCE_FILE], { input: line });
      if (result.exitCode !== 0) throw new LabError(`cannot write ${APT_SOURCE_FILE} on ${host.name}: ${result.stderr.trim()}`);
    }),
  );
  return mirror;
}
