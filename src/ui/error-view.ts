import { ERROR_KINDS, type ErrorPlace, type KbsErrorJson } from '../errors/index.js';
import { foldNames } from './fold-names.js';
import type { Style } from './style.js';
import { countOf, indentLines } from './text.js';

/** What the error view needs besides the errors. */
export interface ErrorViewOptions {
  readonly style: Style;
  /** Path of the run log, named at the end. */
  readonly runLog?: string | undefined;
}

/** What failed, where, what was seen, what to try: one error in full, several grouped by host. No newline at the end. */
export function renderError(errors: readonly KbsErrorJson[], options: ErrorViewOptions): string {
  const [first, ...rest] = errors;
  if (!first) return '';
  const blocks = rest.length === 0 ? [renderSingle(first, options.style)] : renderGroups(errors, options.style);
  return [...blocks, renderFooter(errors, options)].join('\n\n');
}

function renderSingle(error: KbsErrorJson, style: Style): string {
  const place = renderPlace(error.where);
  const head = `${style.red('Error:')} ${style.bold(error.message)}`;
  return [head, ...(place === '' ? [] : [`  ${style.dim('at')} ${place}`]), ...renderEvidence(error, style)].join('\n');
}

function renderGroups(errors: readonly KbsErrorJson[], style: Style): readonly string[] {
  const groups = new Map<string, KbsErrorJson[]>();
  for (const error of errors) {
    const host = error.where.host ?? '';
    groups.set(host, [...(groups.get(host) ?? []), error]);
  }
  const hosts = [...groups.keys()].filter((host) => host !== '').length;
  const heading = `${style.red('Error:')} ${style.bold(countOf(errors.length, 'problem') + (hosts > 0 ? ` on ${countOf(hosts, 'host')}` : ''))}`;
  const blocks = alike(groups).map(({ names, members }) => {
    const items = members.map((error) => renderItem(error, style)).join('\n');
    const title = names.length === 1 ? foldNames(names) : `${foldNames(names)} (${countOf(names.length, 'host')})`;
    return title === '' ? items : `${style.bold(title)}\n${items}`;
  });
  return [heading, ...blocks];
}

/** Stands for the own name of each of several hosts. */
const ANY_HOST = 'HOST';

/** An error as it would read on any host: its own name taken out. */
function withoutName(error: KbsErrorJson, host: string): KbsErrorJson {
  const name = new RegExp(`(?<![\\w.-])${host.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`, 'g');
  const plain = (text: string): string => text.replace(name, ANY_HOST);
  return {
    ...error,
    where: { ...error.where, host: ANY_HOST },
    message: plain(error.message),
    details: error.details.map(plain),
    remedy: error.remedy.map(plain),
  };
}

interface AlikeHosts {
  readonly names: readonly string[];
  readonly members: readonly KbsErrorJson[];
}

/** Hosts with the same problems in one block, in the order of the first of each. */
function alike(groups: ReadonlyMap<string, readonly KbsErrorJson[]>): readonly AlikeHosts[] {
  const blocks = new Map<string, { names: string[]; members: readonly KbsErrorJson[]; plain: readonly KbsErrorJson[] }>();
  for (const [host, members] of groups) {
    const plain = host === '' ? members : members.map((error) => withoutName(error, host));
    const key = JSON.stringify(plain);
    const block = blocks.get(key);
    if (block === undefined) blocks.set(key, { names: [host], members, plain });
    else block.names.push(host);
  }
  return [...blocks.values()].map(({ names, members, plain }) => ({ names, members: names.length === 1 ? members : plain }));
}

function renderItem(error: KbsErrorJson, style: Style): string {
  const place = renderPlace({ ...error.where, host: undefined });
  const head = `  ${style.red('-')} ${error.message}${place === '' ? '' : style.dim(` (${place})`)}`;
  return [head, ...renderEvidence(error, style).map((line) => indentLines(line, '  '))].join('\n');
}

function renderEvidence(error: KbsErrorJson, style: Style): readonly string[] {
  const seen = error.details.map((line) => indentLines(style.dim(line), '    '));
  const remedies = error.remedy.map((line) => indentLines(style.cyan(line), '    '));
  return [...(seen.length > 0 ? [`  ${style.dim('seen:')}`, ...seen] : []), ...(remedies.length > 0 ? ['  Try:', ...remedies] : [])];
}

function renderFooter(errors: readonly KbsErrorJson[], { style, runLog }: ErrorViewOptions): string {
  const codes = [...new Set(errors.map((error) => error.code))];
  const lines = codes.map((code) => style.dim(`${code}: ${ERROR_KINDS[code].title}. More: kbs explain ${code}`));
  if (runLog !== undefined) lines.push(style.dim(`Run log: ${runLog}`));
  return lines.join('\n');
}

function renderPlace(where: { readonly [Part in keyof ErrorPlace]?: string | undefined }): string {
  const parts = [where.host && `host ${where.host}`, where.phase && `phase ${where.phase}`, where.step && `step ${where.step}`];
  return parts.filter(Boolean).join(', ');
}
