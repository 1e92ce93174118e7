import { createHash } from 'node:crypto';

/** The Debian release of the hosts. */
export const SUITE = 'bookworm';

/** What a Debian server has; no container runtime and nothing of Kubernetes. */
export const PACKAGES: readonly string[] = [
  'adduser',
  'ca-certificates',
  'conntrack',
  'cron',
  'curl',
  'dbus',
  'ebtables',
  'ethtool',
  'gpg',
  'gpgv',
  'hostname',
  'iproute2',
  'ipset',
  'iptables',
  'iputils-ping',
  'kmod',
  'less',
  'libpam-systemd',
  'logrotate',
  'mount',
  'nano',
  'netbase',
  'nftables',
  'openssh-server',
  'procps',
  'rsync',
  'socat',
  'sudo',
  'systemd',
  'systemd-sysv',
  'tzdata',
  'util-linux',
  'vim-tiny',
  'xz-utils',
];

// nspawn brings the v1 controllers up read-only and the mounts private. A plain `remount,rw` of them fails (busy).
const WRITABLE_CGROUPS = `[Unit]
Description=Writable control groups and shared mounts
DefaultDependencies=no
Before=sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount --make-rshared /
ExecStart=/bin/sh -c 'for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mountpoint -q "$d" || continue; mount -o remount,bind,rw "$d"; done'

[Install]
WantedBy=sysinit.target
`;

// Timers that change files by themselves, and a terminal that does not exist. Masked, not disabled: presets may undo a disable.
const MASKED_UNITS: readonly string[] = [
  'apt-daily-upgrade.timer',
  'apt-daily.timer',
  'console-getty.service',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
  'getty@tty1.service',
  'logrotate.timer',
];

/** Shell script that runs inside the fresh root file system. */
export const CONFIGURE = `set -eu
cat > /etc/systemd/system/writable-cgroups.service <<'UNIT'
${WRITABLE_CGROUPS}UNIT
systemctl enable -q writable-cgroups.service
systemctl mask -q ${MASKED_UNITS.join(' ')}
rm -f /etc/machine-id /var/lib/dbus/machine-id /etc/ssh/ssh_host_* /etc/hostname /etc/systemd/system/getty.target.wants/*
ln -s /etc/machine-id /var/lib/dbus/machine-id
useradd --create-home --shell /bin/bash --user-group admin
echo 'LANG=C.UTF-8' > /etc/default/locale
printf 'PermitRootLogin prohibit-password\\n' > /etc/ssh/sshd_config.d/root-login.conf
printf '# This machine has no way to the archives of Debian.\\n' > /etc/apt/sources.list
mkdir -p /var/lib/containerd /var/lib/containers /var/lib/docker /var/lib/kubelet /var/lib/etcd
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/*.log /var/log/apt /tmp/* /var/tmp/*
`;

/** Names the root file system by all that went into it. */
export function recipeDigest(architecture: string): string {
  return createHash('sha256')
    .update(JSON.stringify([SUITE, architecture, PACKAGES, CONFIGURE]))
    .digest('hex')
    .slice(0, 16);
}
