/** Starts a section in what {@link FACTS_SCRIPT} prints. */
export const SECTION_MARK = '@@kbs-fact ';

/** Where kubeadm looks for CA certificates of the host. Source: kubeadm v1.25 app/phases/controlplane/volumes.go. */
export const TRUST_STORE_DIRECTORIES = [
  '/etc/ssl/certs',
  '/etc/ca-certificates',
  '/etc/pki',
  '/usr/local/share/ca-certificates',
  '/usr/share/ca-certificates',
] as const;

/** Paths whose free space is worth knowing. */
export const SPACE_PATHS = [
  '/',
  '/etc',
  '/usr',
  '/opt',
  '/tmp',
  '/var/lib',
  '/var/lib/etcd',
  '/var/lib/containerd',
  '/var/lib/kubelet',
  '/var/log',
] as const;

/**
 * Prints everything in HostFacts, a section for each source, for any POSIX shell (dash, busybox). What a host does not have
 * leaves its section empty: to look is never an error. Links are asked of ip first: in a container /sys may show those of its
 * host. The clock comes first, for the best comparison with the local one.
 */
export const FACTS_SCRIPT = `
section() { echo "${SECTION_MARK}$1"; }
section clock; date +%s%N
section hostname; cat /proc/sys/kernel/hostname
section uname; uname -m; uname -r
section os; cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null
section init; cat /proc/1/comm
section systemd; systemctl --version 2>/dev/null | head -n 1
section cgroup2; cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null
section cgroup1; cat /proc/cgroups 2>/dev/null
section cpus; getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c '^processor' /proc/cpuinfo
section memory; grep '^MemTotal:' /proc/meminfo
section machine-id; cat /etc/machine-id 2>/dev/null
section product-uuid; cat /sys/class/dmi/id/product_uuid 2>/dev/null
section links; ip -o link show 2>/dev/null || for link in /sys/class/net/*; do
  if [ -e "$link/mtu" ]; then echo "\${link##*/} $(cat "$link/mtu") $(cat "$link/address" 2>/dev/null)"; fi
done
section addresses; ip -o addr show 2>/dev/null
section swaps; cat /proc/swaps 2>/dev/null
section capabilities; grep '^CapBnd:' /proc/1/status
section resolved; systemctl is-active systemd-resolved 2>/dev/null
section trust; for folder in ${TRUST_STORE_DIRECTORIES.join(' ')}; do if [ -d "$folder" ]; then echo "$folder"; fi; done
section space; for path in ${SPACE_PATHS.join(' ')}; do
  there=$path
  while [ ! -e "$there" ]; do there=\${there%/*}; there=\${there:-/}; done
  echo "$path $(df -Pk -- "$there" 2>/dev/null | tail -n 1)"
done
section packages; for program in apt-get dnf yum zypper; do command -v "$program"; done
section end
`;
