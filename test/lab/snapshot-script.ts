/**
 * Paths whose content is not part of a host's state; a directory stands for all below it. Everything else on the file system counts.
 * Kernel file systems, temporary files, logs, and what systemd, logins, sudo, cron and apt write in passing.
 */
export const IGNORED_PATHS: readonly string[] = [
  '/proc',
  '/sys',
  '/dev',
  '/tmp',
  '/var/log',
  // The runtime state of systemd and of login sessions.
  '/run/systemd',
  '/run/user',
  '/run/log',
  '/run/credentials',
  '/run/host',
  '/run/dbus',
  '/run/sudo',
  '/run/utmp',
  '/run/motd.dynamic',
  '/var/lib/systemd/timers',
  '/var/lib/systemd/random-seed',
  '/var/lib/sudo',
  '/var/lib/logrotate',
  // Made by any use of iptables, the one below included.
  '/run/xtables.lock',
  // What apt and dpkg remember; installed packages are a section of their own.
  '/var/lib/dpkg',
  '/var/lib/apt',
  '/var/cache/apt',
  '/var/cache/debconf',
];

/** Settings that move by themselves: counters, clocks, the kernel's own tuning. */
const MOVING_SETTINGS = [
  'fs/aio-nr',
  'fs/dentry-state',
  'fs/file-nr',
  'fs/inode-nr',
  'fs/inode-state',
  'fs/quota/.*',
  'kernel/ns_last_pid',
  'kernel/perf_event_max_sample_rate',
  'kernel/pty/nr',
  'kernel/random/.*',
  'net/netfilter/nf_conntrack_count',
];

/** Settings of the one kernel all hosts share: every kubelet sets them, those of other labs that are up too. */
const SHARED_SETTINGS = ['kernel/panic', 'kernel/panic_on_oops', 'vm/overcommit_memory'];

const IGNORED_SETTINGS = [...MOVING_SETTINGS, ...SHARED_SETTINGS].join('|');

/** Units that come and go with logins, and mounts systemd makes for a moment. */
const MOVING_UNITS = '(session-|user@|user-|run-user-|run-credentials-|systemd-tmpfiles-clean|modprobe@|run-r[0-9a-f]+\\.)';

/**
 * Shell script that prints a host's state: a line `@@ section`, then lines of `key<TAB>value`. $1: more paths to ignore, one per line.
 * Few processes, since tests take many snapshots: openssl is three times as fast as sha256sum, and no setting has a process of its own.
 */
export const SNAPSHOT_SCRIPT = `set -u
export LC_ALL=C
section() { printf '@@ %s\\n' "$1"; }
# A new address is tentative for a second or two while the kernel asks whether anybody has it: flags and routes come afterwards.
for attempt in $(seq 100); do
  [ -n "$(ip -6 addr show tentative)" ] || break
  sleep 0.1
done
prune=
for path in ${IGNORED_PATHS.join(' ')} $1; do prune="$prune -path $path -prune -o"; done

section files
find / $prune \\( -type d -printf '%p\\tdirectory %m %u:%g\\n' -o -type l -printf '%p\\tlink %u:%g -> %l\\n' -o -type f -printf '%p\\tfile %m %u:%g %s\\n' -o -printf '%p\\t%y %m %u:%g\\n' \\)
section digests
find / $prune -type f -print0 | xargs -0 -r openssl dgst -sha256 -r | sed 's/^\\([0-9a-f]*\\) \\*\\(.*\\)$/\\2\\t\\1/'
section unit-files
systemctl list-unit-files --plain --no-legend --no-pager | grep -Ev '^${MOVING_UNITS}' | awk '{ print $1 "\\t" $2 }'
section units
systemctl list-units --plain --no-legend --no-pager --state=active,activating,failed | grep -Ev '^${MOVING_UNITS}|^system-modprobe|\\.device ' | awk '{ print $1 "\\t" $2 " " $3 " " $4 }'
section processes
for process in /proc/[0-9]*; do
  group=$(sed -n 's/^[0-9]*:name=systemd://p;s/^0:://p' $process/cgroup 2>/dev/null | head -n 1)
  case $group in /system.slice/*|/kubepods*|/docker*|/machine.slice/*|/libpod*) printf '%s %s\\n' "$group" "$(cat $process/comm 2>/dev/null)" ;; esac
done | sort -u
section listening
ss -Hlntu | awk '{ print $1 " " $5 }' | sort -u
section sysctls
find /proc/sys -type f -perm /0444 ! -path '/proc/sys/fs/binfmt_misc/*' -print0 | sort -z | xargs -0 -r grep -asHZ '' |
  sed 's,^/proc/sys/,,; s/\\x00/\\t/' | grep -Ev '^(${IGNORED_SETTINGS})\t'
section links
ip -d -o link show | sed -E 's/^[0-9]+: ([^:@]+)(@[^:]+)?: /\\1\\t/; s/[a-z_]+_timer +[0-9.]+//g; s/\\\\//g'
section addresses
ip -o addr show | sed -E 's/^[0-9]+: ([^ ]+) +/\\1 /; s/\\\\//g'
section routes
ip route show table all
section rules
for family in -4 -6; do ip $family rule show | sed "s/^/$family /"; done
section nftables
nft --stateless list ruleset 2>/dev/null
for save in iptables-nft-save ip6tables-nft-save iptables-legacy-save ip6tables-legacy-save; do
  section $save
  $save 2>/dev/null | grep -v '^#' | sed -E 's/ ?\\[[0-9]+:[0-9]+\\] ?//'
done
section ipsets
ipset save 2>/dev/null
section mounts
awk '{ shared = ""; for (i = 7; $i != "-"; i++) if ($i ~ /^shared/) shared = " shared"; print $5 "\\t" $4 " " $6 " " $(i+1) " " $(i+2) " " $(i+3) shared }' /proc/1/mountinfo | grep -Ev '^/run/(user|credentials)/'
section cgroups
find /sys/fs/cgroup -path '*/user.slice/*' -prune -o -type d -print | grep -Ev '/${MOVING_UNITS}|/system-modprobe\\.slice'
section users
getent passwd | sed 's/:/\\t/'
section groups
getent group | sed 's/:/\\t/'
section packages
dpkg-query -W -f '\${Package}:\${Architecture}\\t\${Version} \${Status}\\n'
section modules
cut -d ' ' -f 1 /proc/modules 2>/dev/null
section swap
tail -n +2 /proc/swaps
section end
`;
