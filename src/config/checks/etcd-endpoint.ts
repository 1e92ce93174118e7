/** What is wrong with the client URL of an etcd member; undefined when nothing is. */
export function etcdEndpointProblem(text: string): string | undefined {
  const expected = `must be a client URL such as https://10.0.0.31:2379, not "${text}"`;
  if (!URL.canParse(text)) return expected;
  const { protocol, username, password } = new URL(text);
  if (protocol === 'http:') return 'must begin with https: the cluster’s secrets go over it';
  if (username !== '' || password !== '') return 'must be without user and password: the API servers show their certificate';
  return /^https:\/\/[^/:?#]+:\d{1,5}$/.test(text) ? undefined : expected;
}
