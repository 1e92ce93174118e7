/** Writes one progress line to standard error; standard output is for results only. */
export function report(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}
