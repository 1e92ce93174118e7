import { POD_PORTS } from '../dial.js';
import { podObject, podReady } from '../pod.js';
import { row } from '../row.js';
import type { Check, ProbePod, Stage } from '../types.js';

/** Channels of a pod's WebSocket. Source: Kubernetes v1.25 kubelet cri/streaming/remotecommand (v4.channel.k8s.io) and portforward. */
const CHANNELS = { stdout: 1, stderr: 2, status: 3, forwarded: 0, forwardError: 1 } as const;
const STREAM_MS = 20_000;
const LINES = 15;
const LINES_FOR_S = 12;
const TALKER = 'talker';

function podPath({ namespace }: Stage, pod: string, verb: string, query: URLSearchParams): string {
  return `/api/v1/namespaces/${namespace}/pods/${pod}/${verb}?${query.toString()}`;
}

/** Runs a program in a pod. @returns its standard output @throws Error when it cannot be run or ends badly */
async function exec(stage: Stage, pod: string, command: readonly string[]): Promise<string> {
  const query = new URLSearchParams([['stdout', 'true'], ['stderr', 'true'], ...command.map((word) => ['command', word])] as [
    string,
    string,
  ][]);
  let stdout = '';
  let stderr = '';
  let status = '';
  await stage.api.stream(podPath(stage, pod, 'exec', query), {
    timeoutMs: STREAM_MS * stage.slack,
    onData: (channel, bytes) => {
      if (channel === CHANNELS.stdout) stdout += bytes.toString();
      if (channel === CHANNELS.stderr) stderr += bytes.toString();
      if (channel === CHANNELS.status) status += bytes.toString();
      return channel !== CHANNELS.status;
    },
  });
  if (!status.includes('"Success"'))
    throw new Error(`it ended with ${status === '' ? 'no status' : status}: ${stderr.trim().slice(0, 200)}`);
  return stdout;
}

/** A program in a pod of every node. */
export const execCheck: Check = {
  name: 'exec',
  title: 'A program can be run in a pod on every node',
  profile: 'full',
  async run(stage) {
    const probes = await stage.probes();
    return Promise.all(
      probes.map((pod) =>
        row(stage, this.name, `API → ${pod.node} exec`, async () => {
          const hosts = await exec(stage, pod.name, ['/agnhost', 'etc-hosts']);
          if (!hosts.includes(pod.name)) throw new Error(`not the pod’s /etc/hosts: ${hosts.slice(0, 200)}`);
          return 'its own /etc/hosts came back';
        }),
      ),
    );
  },
};

/** Port-forward to a pod of every node. */
export const portForward: Check = {
  name: 'port-forward',
  title: 'A port of a pod on every node can be forwarded',
  profile: 'full',
  async run(stage) {
    const probes = await stage.probes();
    return Promise.all(probes.map((pod) => row(stage, this.name, `API → ${pod.node} port-forward`, () => forwardedAnswer(stage, pod))));
  },
};

async function forwardedAnswer(stage: Stage, pod: ProbePod): Promise<string> {
  let answer = '';
  let problem = '';
  await stage.api.stream(podPath(stage, pod.name, 'portforward', new URLSearchParams({ ports: String(POD_PORTS.http) })), {
    timeoutMs: STREAM_MS * stage.slack,
    send: { channel: CHANNELS.forwarded, text: 'GET /hostname HTTP/1.0\r\n\r\n' },
    onData: (channel, bytes) => {
      // The first two bytes on each channel are the number of the port; no text of ours or of the server has such bytes.
      if (channel === CHANNELS.forwarded) answer += bytes.toString();
      if (channel === CHANNELS.forwardError && bytes.length > 2) problem += bytes.toString();
      return problem === '' && !answer.includes(pod.name);
    },
  });
  if (!answer.includes(pod.name)) throw new Error(problem === '' ? `unexpected answer: ${answer.slice(0, 200)}` : problem);
  return `${pod.name} answered`;
}

/** Follows what a pod says until it ends, from two sides: the log and its standard output. */
export const attachAndLogs: Check = {
  name: 'attach and logs',
  title: 'What a pod says can be followed: logs -f and attach',
  profile: 'full',
  async run(stage) {
    const args = ['logs-generator', `--log-lines-total=${LINES}`, `--run-duration=${LINES_FOR_S}s`];
    // It is started again when it ends: on a busy host it may have said everything before the kubelet reports that it runs.
    await stage.api.apply(podObject(stage, TALKER, [{ args }]));
    await podReady(stage, TALKER);
    const last = ` ${LINES - 1} `;
    return Promise.all([
      row(stage, this.name, 'API → logs -f', async () => {
        const path = podPath(stage, TALKER, 'log', new URLSearchParams({ follow: 'true' }));
        const { status, body } = await stage.api.request('GET', path, { timeoutMs: STREAM_MS * stage.slack });
        if (status !== 200 || !body.includes(last)) throw new Error(`${status}: the last line did not come: ${body.slice(-200)}`);
        return 'every line came, the last one long after the request';
      }),
      row(stage, this.name, 'API → attach', async () => {
        let text = '';
        await stage.api.stream(podPath(stage, TALKER, 'attach', new URLSearchParams({ stdout: 'true', stderr: 'true' })), {
          timeoutMs: STREAM_MS * stage.slack,
          onData: (_channel, bytes) => {
            text += bytes.toString();
            return !text.includes('\n');
          },
        });
        // Attaching shows nothing that was said before: whatever comes was said meanwhile.
        if (!text.includes('/pods/')) throw new Error(`not what it says: ${text.slice(-200)}`);
        return 'a line came as it wrote it';
      }),
    ]);
  },
};
