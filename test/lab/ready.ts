import { capture } from './command.js';
import { LabError } from './lab-error.js';
import { inNamespace } from './network.js';

// One shell asks all hosts in turn: a process per attempt and host would take the processor from the hosts that boot.
const ASK = `deadline=$((SECONDS + $1)); shift
while [ $# -gt 0 ]; do
  waiting=()
  for address; do
    if { exec 3<>"/dev/tcp/$address/22"; } 2>/dev/null && read -r -t 2 banner <&3 && [[ $banner == SSH-* ]]; then :; else waiting+=("$address"); fi
    exec 3>&-
  done
  set -- "\${waiting[@]}"
  [ $# -eq 0 ] && exit 0
  [ $SECONDS -ge $deadline ] && { echo "$@"; exit 1; }
  sleep 0.05
done`;

/** Waits until sshd answers at every address. @throws LabError naming those that do not. */
export async function waitForSshd(netns: string, addresses: readonly string[], forSeconds: number): Promise<void> {
  if (addresses.length === 0) return;
  const result = await capture([...inNamespace(netns), 'bash', '-c', ASK, 'ask', String(forSeconds), ...addresses]);
  if (result.exitCode !== 0) throw new LabError(`no sshd at ${result.stdout.trim() || result.stderr.trim()} after ${forSeconds} s`);
}
