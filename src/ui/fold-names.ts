/** `w12` → `w` and 12; a name without a number at its end has none. */
function split(name: string): { readonly stem: string; readonly number: number | undefined } {
  const match = /^(.*?)(0|[1-9]\d*)$/.exec(name);
  return match === null ? { stem: name, number: undefined } : { stem: match[1] ?? '', number: Number(match[2]) };
}

function follows(previous: string, next: string): boolean {
  const [one, other] = [split(previous), split(next)];
  return one.number !== undefined && one.stem === other.stem && other.number === one.number + 1;
}

/** Names as one line, in their order; three and more that count on are folded: `cp1, w1…w47`. */
export function foldNames(names: readonly string[]): string {
  const runs: string[][] = [];
  for (const name of names) {
    const last = runs.at(-1);
    const previous = last?.at(-1);
    if (last !== undefined && previous !== undefined && follows(previous, name)) last.push(name);
    else runs.push([name]);
  }
  return runs.flatMap((run) => (run.length < 3 ? run : [`${run[0] ?? ''}…${run.at(-1) ?? ''}`])).join(', ');
}
