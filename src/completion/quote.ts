/** A word for a shell, in single quotes; what is written before a quote in it ends them. @param quote how the shell writes a single quote */
export function quoted(text: string, quote: string): string {
  return `'${text.replaceAll("'", quote)}'`;
}
