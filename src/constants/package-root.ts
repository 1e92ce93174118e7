import { fileURLToPath } from 'node:url';

/** Folder of the installed package, with a trailing slash: `templates/` and `manifests/` are below it. The same from src and from dist. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url));
