import { once } from 'node:events';
import { ensureArtifacts } from './artifacts.js';
import type { Lab } from './lab.js';
import { startMirror } from './mirror.js';

const PORT = 8080;

/** Serves a bundle directory on the lab's gateway until Ctrl-C. @param directory default: a bundle of the lab's own components. */
export async function serveInLab(lab: Lab, directory?: string): Promise<number> {
  const served = directory ?? (await ensureArtifacts({})).directory;
  const mirror = await startMirror({ directory: served, address: lab.gateway, port: PORT, netns: lab.netns });
  process.stderr.write(`lab: serving ${served}; Ctrl-C ends it\n`);
  process.stdout.write(`${mirror.url}\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await mirror.stop();
  return 0;
}
