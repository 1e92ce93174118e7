import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node, type YAMLParseError } from 'yaml';
import type { DocumentPath } from './document-path.js';

/** A place in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something that keeps a text from being read as one YAML document. */
interface SyntaxProblem {
  readonly position: Position;
  readonly message: string;
}

/** A YAML text with the places of its nodes. */
export interface YamlSource {
  /** The document as plain values; undefined when syntax problems made it unreadable. */
  readonly document: unknown;
  readonly problems: readonly SyntaxProblem[];
  /** Place of the value at a path, or of its key; of the nearest parent for what is not there. */
  locate(path: DocumentPath, atKey?: boolean): Position;
}

/** More aliases than a cluster file can have use for: a "billion laughs" text ends here. */
const MAX_ALIASES = 100;

function syntaxMessage(error: YAMLParseError, text: string): string {
  const written = text.slice(error.pos[0]).split(/[\s:,\]}]/, 1)[0] ?? '';
  const known: Partial<Record<YAMLParseError['code'], string>> = {
    DUPLICATE_KEY: `${written} is there twice`,
    MULTIPLE_DOCS: 'a second document begins here; a cluster file is one document',
    TAB_AS_INDENT: 'a tab is used for indentation; YAML allows spaces only',
    TAG_RESOLVE_FAILED: `the tag ${written} is not known`,
    NON_STRING_KEY: 'keys must be plain texts',
  };
  return known[error.code] ?? `is no valid YAML: ${error.message.replace(/\s+/g, ' ')}`;
}

/** Aliases that refer to nothing, or to a node that they are part of themselves. */
function aliasProblems(document: Document.Parsed, positionAt: (offset: number) => Position): readonly SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  visit(document, {
    Alias(_, alias) {
      const start = alias.range?.[0] ?? 0;
      const target = alias.resolve(document);
      const range = target?.range;
      if (target === undefined) problems.push({ position: positionAt(start), message: `*${alias.source} refers to no anchor before it` });
      else if (range && range[0] <= start && start < range[1]) {
        problems.push({ position: positionAt(start), message: `*${alias.source} refers to something it is part of` });
      }
    },
  });
  return problems;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

/** Offset of a path: scalars stand for themselves, collections are shown at their key. */
function offsetOf(document: Document.Parsed, path: DocumentPath, atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const [depth, key] of path.entries()) {
    const container = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(container) ? container.items.findLast((item) => keyText(item.key) === String(key)) : undefined;
    const item = isSeq(container) && typeof key === 'number' ? container.items[key] : undefined;
    if (pair === undefined && item === undefined) return offset;
    node = pair === undefined ? item : pair.value;
    const keyOffset = (pair?.key as Node | undefined)?.range?.[0];
    const valueOffset = (node as Node | null)?.range?.[0];
    const isLast = depth === path.length - 1;
    const showsValue = pair === undefined || (isLast && !atKey && ((isScalar(node) && node.source !== '') || isAlias(node)));
    offset = (showsValue ? valueOffset : keyOffset) ?? offset;
  }
  return offset;
}

function plainValues(document: Document.Parsed, problems: SyntaxProblem[]): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (error) {
    // The only thing toJS throws for a document without errors: aliases that unfold to too much.
    if (!(error instanceof ReferenceError)) throw error;
    problems.push({ position: { line: 1, column: 1 }, message: `aliases unfold to too much: more than ${MAX_ALIASES}` });
    return undefined;
  }
}

/** Reads a text as one YAML document; never throws for what the text contains. */
export function readYaml(text: string): YamlSource {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  const positionAt = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const errors = [...document.errors, ...document.warnings];
  const problems: SyntaxProblem[] = errors.map((error) => ({ position: positionAt(error.pos[0]), message: syntaxMessage(error, text) }));
  // With these two alone the rest of the document is still worth checking.
  const isReadable = errors.every((error) => error.code === 'DUPLICATE_KEY' || error.code === 'MULTIPLE_DOCS');
  if (isReadable) problems.push(...aliasProblems(document, positionAt));
  const isPlain = isReadable && problems.length === errors.length;
  return {
    document: isPlain ? plainValues(document, problems) : undefined,
    problems,
    locate: (path, atKey = false) => positionAt(offsetOf(document, path, atKey)),
  };
}
