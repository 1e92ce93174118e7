import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

/**
 * A unified diff of one text file.
 * @param before undefined when there is no such file yet
 * @param after undefined when the file goes away
 */
export function unifiedDiff(path: string, before: string | undefined, after: string | undefined): string {
  const oldName = before === undefined ? '/dev/null' : path;
  const newName = after === undefined ? '/dev/null' : path;
  return createTwoFilesPatch(oldName, newName, before ?? '', after ?? '', undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  });
}
