/**
 * Prints what {@link parseFindings} reads. POSIX shell; changes nothing. Listeners come from /proc: `ss` is not on every host, and the
 * search through /proc/PID/fd, which is slow on busy hosts, is done only when a wanted port is taken.
 */
export const FINDINGS_SCRIPT = `
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
echo "uid $(id -u)"
if [ -e "$JOURNAL" ]; then echo 'managed yes'; fi

sockets() { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v ports="$PORTS" '
  BEGIN { count = split(ports, list, " "); for (i = 1; i <= count; i++) wanted[list[i]] = 1 }
  $4 == "0A" { parts = split($2, address, ":"); port = address[parts]; if (port in wanted) print port, $10 }'; }
sockets | sort -u | while read -r port inode; do
  [ -n "$port" ] || continue
  fd=$(find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" 2>/dev/null | head -n 1)
  pid=\${fd#/proc/}; pid=\${pid%%/*}
  name=$(cat "/proc/\${pid:-none}/comm" 2>/dev/null)
  if [ -n "$name" ]; then echo "listener $port $pid $name"
  # A component that ended while this went on (and is started anew) holds nothing.
  elif sockets | grep -qx "$port $inode"; then echo "listener $port"; fi
done

for path in /etc/kubernetes/manifests/*.yaml /etc/kubernetes/*.conf /etc/kubernetes/pki/*.crt /var/lib/kubelet/config.yaml \\
  $RUNTIME_LEFTOVERS /etc/cni/net.d/* /etc/rancher /var/lib/rancher /etc/k0s /var/lib/k0s /var/snap/microk8s; do
  if [ -e "$path" ]; then echo "path $path"; fi
done
if [ -d "$ETCD" ] && [ -n "$(ls -A "$ETCD")" ]; then echo "path $ETCD"; fi
systemctl list-unit-files --no-legend --no-pager $UNITS 2>/dev/null | awk '{ print "unit " $1 }'
for link in cni0 flannel.1 flannel0 kube-bridge kube-ipvs0 vxlan.calico weave cilium_host; do
  if grep -q "^ *$link:" /proc/net/dev; then echo "link $link"; fi
done

for address in $NEIGHBOURS; do
  ip -4 route get "$address" 2>/dev/null | sed -n "s/.* via \\([0-9.]*\\) .*/routed $address \\1/p"
done

for name in $COMMANDS; do command -v "$name" >/dev/null 2>&1 || echo "missing $name"; done
# A container may have the device and yet not be let near it.
for device in $DEVICES; do
  { [ -c "$device" ] && (exec 3<>"$device") 2>/dev/null; } || echo "nodevice $device"
done
for flag in $CPU_FLAGS; do
  sed -n 's/^flags[^:]*://p' /proc/cpuinfo 2>/dev/null | head -n 1 | grep -qw -- "$flag" || echo "noflag $flag"
done
for folder in $WRITABLE; do
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  [ -w "$folder" ] || echo "readonly $folder"
done
printf '%s\\n' "$DISKS" | while read -r path; do
  folder=$path
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  df -Pk "$folder" | awk -v path="$path" 'NR == 2 { printf "disk %s\\t%s\\t%s\\t%s\\n", path, $1, $2, $4 }'
done

sed -n 's/.*--container-runtime-endpoint=\\([^ "]*\\).*/socket \\1/p' "$KUBELET_FLAGS" 2>/dev/null
for name in $CONFLICTS; do
  if [ "$(dpkg-query -W -f '\${db:Status-Status}' "$name" 2>/dev/null)" = installed ]; then echo "package $name"; fi
done
if [ -d "$RUNTIME_DATA" ] && [ -n "$(ls -A "$RUNTIME_DATA" | grep -vx lost+found)" ]; then echo 'data runtime'; fi

for path in $OWN_FILES; do
  if [ -e "$path" ] && ! grep -qF "$MARK" -- "$path"; then echo "foreign $path"; fi
done
if [ -n "$RESOLVE" ] && ! getent ahostsv4 "$RESOLVE" >/dev/null 2>&1; then echo 'endpoint unknown'; fi
# Nobody there: no route, or silence. A refusal is an answer, too.
if [ -n "$FREE_ADDRESS" ]; then
  answer=$(LC_ALL=C timeout 2 bash -c "exec 3<>/dev/tcp/$FREE_ADDRESS/22" 2>&1)
  case $?/$answer in 0/*|*refused*) echo 'endpoint answered' ;; esac
fi

if systemctl is-active --quiet firewalld 2>/dev/null; then echo 'firewall firewalld'; fi
if systemctl is-active --quiet ufw 2>/dev/null && grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null; then echo 'firewall ufw'; fi
if [ "$(cat /sys/fs/selinux/enforce 2>/dev/null)" = 1 ]; then echo 'selinux enforcing'; fi
if [ -r /etc/resolv.conf ]; then awk '$1 == "nameserver" { print "nameserver " $2 }' /etc/resolv.conf; else echo 'resolver missing'; fi
`;
