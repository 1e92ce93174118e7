import { KbsError } from '../../errors/index.js';
import { sh } from '../../host/index.js';
import { octal, type DirectorySpec, type FileSpec } from '../../steps/index.js';
import { Secret } from '../../secret/index.js';

const END_MARK = 'KBS_EOF';

/** Permission bits as `stat -c %a` prints them. */
function modeOf(mode: number): string {
  return octal(mode).replace(/^0+/, '');
}

/** A command with a text on its standard input, nothing in it expanded. */
function withInput(command: string, text: string): string {
  if (!text.endsWith('\n') || text.split('\n').includes(END_MARK)) {
    throw new KbsError('INTERNAL', `this text cannot be put into a script: ${command}`);
  }
  return `${command} <<'${END_MARK}'\n${text}${END_MARK}`;
}

/** Calls that write a file; of its two texts the machine takes the first when the shell function says yes. */
export function putCalls(file: FileSpec, variant?: { readonly when: string; readonly file: FileSpec | undefined }): string {
  const content = file.content instanceof Secret ? file.content.reveal() : file.content;
  const call = withInput(`put ${sh`${file.path}`.text} ${modeOf(file.mode)}`, content);
  if (variant?.file === undefined || variant.file.content === file.content) return call;
  return `if ${variant.when}; then\n${putCalls(variant.file)}\nelse\n${call}\nfi`;
}

/** Calls that make folders. */
export function folderCalls(folders: readonly DirectorySpec[]): string {
  return folders.map(({ path, mode, ownTree }) => `folder ${path} ${modeOf(mode)}${ownTree === true ? ' tree' : ''}`).join('\n');
}

/** A file a machine downloads for itself. */
export interface Download {
  readonly name: string;
  readonly sha256: string;
  readonly url: string;
}

/** Call that installs a program which is a download of its own. */
export function programCall({ sha256, url, name }: Download, path: string): string {
  return sh`program ${sha256} ${url} ${name} ${path} 755`.text;
}

/** A file in an archive and where it goes. */
export interface PlacedEntry {
  readonly name: string;
  readonly mode: number;
  readonly sha256: string;
  readonly path: string;
}

/** Call that installs what is wanted of an archive. */
export function archiveCall({ sha256, url, name }: Download, entries: readonly PlacedEntry[]): string {
  const lines = entries.map((entry) => `${entry.sha256} ${modeOf(entry.mode)} ${entry.path} ${entry.name}\n`);
  return withInput(sh`archive ${sha256} ${url} ${name}`.text, lines.join(''));
}

/** Call that loads the images of an archive. */
export function imagesCall({ sha256, url, name }: Download, references: readonly string[]): string {
  return sh`images ${sha256} ${url} ${name} ${references}`.text;
}
