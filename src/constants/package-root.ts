import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The next folder upwards with a package.json: how deep this file lies depends on how it was built. */
function packageRoot(from: string): string {
  const folder = dirname(from);
  return existsSync(join(folder, 'package.json')) || folder === from ? folder : packageRoot(folder);
}

/** Folder of the installed package, with a trailing slash: `templates/` and `manifests/` are below it. The same from src and from dist. */
export const PACKAGE_ROOT = `${packageRoot(fileURLToPath(import.meta.url))}/`;
