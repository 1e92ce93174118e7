import type { Lab } from '../lab/lab.js';

/**
 * A runc in place of the packaged one that can do without CAP_SYS_RESOURCE, which hosts of a lab do not have: a negative oom_score_adj
 * becomes 0, and the capability is left out. Docker and CRI-O have no such switch, and a machine of the field needs none.
 */
export function mildRunc(real: string): string {
  return `#!/bin/sh
mild() {
  if [ -f "$1" ]; then
    tr '\\n' ' ' <"$1" | sed -E -e 's/("oomScoreAdj": *)-[0-9]+/\\10/g' -e 's/"CAP_SYS_RESOURCE", *//g' -e 's/(, *)?"CAP_SYS_RESOURCE"//g' >"$1.mild" &&
      cat "$1.mild" >"$1" && rm -f "$1.mild"
  fi
}
before=
for word do
  case $before in
    --bundle | -b) mild "$word/config.json" ;;
    --process | -p) mild "$word" ;;
  esac
  before=$word
done
exec ${real} "$@"
`;
}

const PACKAGED = '/usr/sbin/runc.packaged';

/** Puts the wrapper on hosts, before the package of runc comes: dpkg unpacks its program beside it. */
export async function divertRunc(lab: Lab, hosts: readonly string[]): Promise<void> {
  const script = `dpkg-divert --local --quiet --divert ${PACKAGED} --no-rename --add /usr/sbin/runc &&
cat >/usr/sbin/runc <<'EOF'
${mildRunc(PACKAGED)}EOF
chmod 755 /usr/sbin/runc`;
  await Promise.all(
    hosts.map(async (host) => {
      const result = await lab.ssh(host, script);
      if (result.exitCode !== 0) throw new Error(`${host}: ${result.stderr}`);
    }),
  );
}
