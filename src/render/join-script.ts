import { gzipSync } from 'node:zlib';
import { Secret } from '../secret/index.js';
import { printYaml } from '../yaml/index.js';
import { renderTemplate } from './template.js';

/** Texts and calls a join script is put together from; every value is text that stands as it is. */
export type JoinScriptFields = Readonly<Record<string, unknown>>;

/** The shell script with which a machine joins by itself. @throws KbsError INTERNAL when a field is missing */
export function renderJoinScript(fields: JoinScriptFields): string {
  return renderTemplate('join-script.sh', fields);
}

/** Where cloud-init puts the script: in memory, gone with the next boot. */
const SCRIPT_PATH = '/run/kbs-join.sh';

/** cloud-init user-data that runs a script once at the first boot. The script in it is compressed. */
export function renderCloudInit(script: Secret): Secret {
  const content = gzipSync(script.reveal(), { level: 9 }).toString('base64');
  const document = {
    write_files: [{ path: SCRIPT_PATH, owner: 'root:root', permissions: '0600', encoding: 'gz+b64', content }],
    runcmd: [['sh', SCRIPT_PATH]],
  };
  return new Secret(`#cloud-config\n${printYaml(document)}`);
}
