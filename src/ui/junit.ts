/** One case of a JUnit report. */
export interface JunitCase {
  /** Cases of a group stand in one suite. */
  readonly group: string;
  readonly name: string;
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly ms: number;
  readonly detail: string;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' };

function attribute(text: string): string {
  // XML has no place for most control characters, not even written as numbers.
  const clean = [...text].filter((char) => char >= ' ' || char === '\n').join('');
  return clean.replaceAll(/[&<>"\n]/g, (char) => ENTITIES[char] ?? char);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function caseXml({ group, name, status, ms, detail }: JunitCase): string {
  const head = `    <testcase classname="${attribute(group)}" name="${attribute(name)}" time="${seconds(ms)}"`;
  if (status === 'ok') return `${head}/>`;
  const element = status === 'failed' ? 'failure' : 'skipped';
  return `${head}><${element} message="${attribute(detail)}"/></testcase>`;
}

function counts(cases: readonly JunitCase[]): string {
  const count = (status: JunitCase['status']): number => cases.filter((one) => one.status === status).length;
  return `tests="${cases.length}" failures="${count('failed')}" errors="0" skipped="${count('skipped')}"`;
}

/** A report as CI systems read it: a suite for each group, in the order of the cases. */
export function junitXml(name: string, cases: readonly JunitCase[]): string {
  const suites = [...new Set(cases.map(({ group }) => group))].map((group) => {
    const own = cases.filter((one) => one.group === group);
    const time = seconds(Math.max(0, ...own.map(({ ms }) => ms)));
    const head = `  <testsuite name="${attribute(group)}" ${counts(own)} time="${time}">`;
    return [head, ...own.map(caseXml), '  </testsuite>'].join('\n');
  });
  const head = `<testsuites name="${attribute(name)}" ${counts(cases)}>`;
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...suites, '</testsuites>', ''].join('\n');
}
