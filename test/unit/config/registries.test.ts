import { describe, expect, test } from 'vitest';
import { aClusterFile, parseText, thrownBy } from './cluster-files.js';

function file(registries: string, type = 'containerd'): string {
  return aClusterFile(`  containerRuntime: { type: ${type}, registries: [${registries}] }`);
}

function problemsOf(text: string): readonly string[] {
  return thrownBy(() => parseText(text)).details;
}

describe('credentials of a registry', () => {
  test('name where the password is, relative to the cluster file, or a variable', () => {
    const { spec } = parseText(
      file(
        '{ host: r.example.org, credentials: { username: me, passwordFile: secret } }, { host: s.example.org, credentials: { username: me, passwordEnv: TOKEN } }',
      ),
    );
    expect(spec.containerRuntime.registries.map(({ credentials }) => credentials)).toEqual([
      { username: 'me', passwordFile: '/base/secret' },
      { username: 'me', passwordEnv: 'TOKEN' },
    ]);
  });

  test.each([
    ['{ username: me }', 'needs one of passwordFile and passwordEnv'],
    ['{ username: me, passwordFile: a, passwordEnv: B }', 'needs one of passwordFile and passwordEnv'],
    ['{ username: me, password: secret }', 'password'],
    ['{ username: "me:you", passwordEnv: B }', 'must be a name without colon'],
    ['{ username: me, passwordEnv: "$B" }', 'must be the name of an environment variable'],
  ])('%s is refused', (credentials, message) => {
    const problems = problemsOf(file(`{ host: r.example.org, credentials: ${credentials} }`));
    expect(problems[0]).toMatch(/^c\.yaml:\d+:\d+ spec\.containerRuntime\.registries\[0\]\.credentials/);
    expect(problems[0]).toContain(message);
  });

  test('for a mirror of Docker Engine are refused, and so are those it would show to mirrors', () => {
    const credentials = 'credentials: { username: me, passwordEnv: B }';
    const hub = 'host: docker.io, mirrors: ["https://m.example.org:5000"]';
    const mirror = `{ ${hub} }, { host: "m.example.org:5000", ${credentials} }`;
    expect(problemsOf(file(mirror, 'docker'))).toEqual([
      expect.stringContaining('registries[1].credentials — Docker Engine has no credentials for mirrors, and m.example.org:5000 is one'),
    ]);
    expect(problemsOf(file(`{ ${hub}, ${credentials} }`, 'docker'))).toEqual([
      expect.stringContaining('registries[0].credentials — Docker Engine would show them to the mirrors, too'),
    ]);
    expect(parseText(file(mirror)).warnings).toEqual([]);
  });

  test('that go over the network as they are draw a warning', () => {
    const registry =
      '{ host: "r.example.org:5000", mirrors: ["http://r.example.org:5000"], credentials: { username: me, passwordEnv: B } }';
    expect(parseText(file(registry)).warnings).toEqual([expect.stringContaining('anybody on the way can read the password')]);
  });
});

test('a registry that is there twice is refused', () => {
  expect(problemsOf(file('{ host: docker.io }, { host: docker.io }'))).toEqual([
    expect.stringMatching(/^c\.yaml:\d+:\d+ spec\.containerRuntime\.registries\[1\]\.host — docker\.io is there twice$/),
  ]);
});
