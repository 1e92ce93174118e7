import { script } from '../../../host/index.js';

import { dialRow, hostOf, POD_PORTS } from '../dial.js';
import { row, skipped } from '../row.js';
import type { Check, ProbePod, Stage, VerifyRow } from '../types.js';

/** IPv4 and UDP headers. */
const HEADERS_BYTES = 28;
/** agnhost reads no longer datagrams. */
const LONGEST_DATAGRAM_BYTES = 2_000;

/** Every pod to every pod on another host, by address. */
export const podToPod: Check = {
  name: 'pod to pod',
  title: 'Pods reach pods on every other host',
  profile: 'quick',
  async run(stage) {
    const probes = await stage.probes();
    const pairs = probes.flatMap((from) => probes.filter((to) => to !== from).map((to) => [from, to] as const));
    return Promise.all(
      pairs.map(([from, to]) =>
        dialRow(stage, this.name, {
          from,
          edge: `${from.node} → ${to.node} pod`,
          target: { host: to.ip, port: POD_PORTS.http },
          isRight: (answer) => answer === to.name,
        }),
      ),
    );
  },
};

/** Every pod to another one beside it. */
export const podsOnOneHost: Check = {
  name: 'pods on one host',
  title: 'Pods reach pods on their own host',
  profile: 'full',
  async run(stage) {
    const [probes, peers] = await Promise.all([stage.probes(), stage.peers()]);
    const pairs = probes.flatMap((from) => peers.filter(({ node }) => node === from.node).map((to) => [from, to] as const));
    return Promise.all(
      pairs.map(([from, to]) =>
        dialRow(stage, this.name, {
          from,
          edge: `${from.node} → ${to.node} pod on the same host`,
          target: { host: to.ip, port: POD_PORTS.http, request: 'etc/hostname' },
          isRight: (answer) => answer === to.name,
        }),
      ),
    );
  },
};

/** How long packets of pods of a node may be: the MTU of the link its pods are behind. Bytes. */
async function podMtu(stage: Stage, { node, ip }: ProbePod): Promise<number> {
  const shown = await hostOf(stage, node).run(script('ip -o route get "$IP" && ip -o link show', { IP: ip }), { privileged: false });
  const [route = '', ...links] = shown.split('\n');
  const name = / dev (\S+)/.exec(route)?.[1];
  if (name === undefined) throw new Error(`${node} has no route to its own pod ${ip}: ${route}`);
  const link = links.find((line) => line.split(/[ :@]+/)[1] === name) ?? '';
  const mtu = / mtu (\d+)/.exec(link)?.[1];
  if (mtu === undefined) throw new Error(`link ${name} says no MTU: ${link}`);
  return Number(mtu);
}

/** A datagram as long as the path is said to carry, there and (five bytes shorter) back. It may not be cut into pieces on the way. */
function longPacket(stage: Stage, check: string, from: ProbePod, to: ProbePod, mtu: number): Promise<VerifyRow> {
  const bytes = Math.min(mtu - HEADERS_BYTES, LONGEST_DATAGRAM_BYTES);
  const text = 'x'.repeat(bytes - 'echo '.length);
  return dialRow(stage, check, {
    from,
    edge: `${from.node} → ${to.node} pod, packets of ${bytes + HEADERS_BYTES} bytes`,
    target: { host: to.ip, port: POD_PORTS.udp, protocol: 'udp', request: `echo ${text}` },
    isRight: (answer) => answer === text,
  });
}

/** Packets as long as the MTU, between hosts. */
export const podMtuCheck: Check = {
  name: 'packet size',
  title: 'Packets as long as the MTU get from host to host',
  profile: 'quick',
  async run(stage) {
    const probes = await stage.probes();
    const rows = probes.map(async (from): Promise<readonly VerifyRow[]> => {
      const edge = `${from.node} MTU of pods`;
      if (!hostOf(stage, from.node).isConnected) return [skipped(this.name, edge, 'this run has no connection to the host')];
      let mtu = 0;
      const read = await row(stage, this.name, edge, async () => {
        mtu = await podMtu(stage, from);
        return `${mtu} bytes`;
      });
      if (read.status !== 'ok') return [read];
      return Promise.all(probes.filter((to) => to !== from).map((to) => longPacket(stage, this.name, from, to, mtu)));
    });
    return (await Promise.all(rows)).flat();
  },
};
