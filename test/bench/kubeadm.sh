#!/usr/bin/env bash
# What an administrator writes around kubeadm for a small cluster: the yardstick of `npm run bench`.
# Everything that can go at once on several hosts does; ssh connections are shared. Joins of further control planes go
# one after the other, as kubeadm 1.25 needs.
#
# kubeadm.sh BUNDLE IDENTITY KNOWN_HOSTS FLANNEL_YAML ENDPOINT "cp1=10.0.0.11 …" "w1=10.0.0.21 …"
# Without an endpoint the hosts are only prepared for `kubeadm join`; with PREPARED set this was done before.
set -euo pipefail
bundle=$1 identity=$2 known_hosts=$3 flannel=$4 endpoint=$5
read -ra control_planes <<<"$6"
read -ra workers <<<"$7"
version=$(basename "$(dirname "$(dirname "$(dirname "$(dirname "$(find "$bundle/dl.k8s.io" -name kubelet | head -n 1)")")")")")
scratch=$(mktemp -d)
trap 'for control in "$scratch"/*.ssh; do [ -S "$control" ] && ssh -O exit -o ControlPath="$control" x 2>/dev/null; done; rm -rf "$scratch"' EXIT

options=(-i "$identity" -o UserKnownHostsFile="$known_hosts" -o StrictHostKeyChecking=yes -o LogLevel=ERROR
  -o ControlMaster=auto -o ControlPersist=120 -o "ControlPath=$scratch/%h.ssh")
remote() { local address=$1; shift; ssh "${options[@]}" "root@$address" "$@"; }
say() { printf '%s %s\n' "$(date +%T)" "$*" >&2; }

all=(${control_planes[@]+"${control_planes[@]}"} ${workers[@]+"${workers[@]}"})
hosts_lines=$(for host in "${all[@]}"; do printf '%s %s\n' "${host#*=}" "${host%%=*}"; done)

prepare() { # name=address role
  local address=${1#*=} role=$2 images
  # What this cluster runs, and no more: the bundle has other runtimes, networks and load balancers, too.
  images=$(cd "$bundle" && ls images/amd64/{kubernetes,pause,coredns,flannel,agnhost}*.tar)
  [ "$role" = control-plane ] && images+=" $(cd "$bundle" && ls images/amd64/etcd*.tar)"
  remote "$address" 'mkdir -p /root/bundle'
  (cd "$bundle" && tar -cf - "dl.k8s.io/release/$version" github.com/{containerd,opencontainers,containernetworking,kubernetes-sigs} $images) |
    remote "$address" 'tar -xf - -C /root/bundle'
  remote "$address" "HOSTS='$hosts_lines' bash -s" <<'REMOTE'
set -euo pipefail
cd /root/bundle
install -m 0755 dl.k8s.io/release/*/bin/linux/amd64/{kubelet,kubeadm,kubectl} /usr/bin/
mkdir -p /usr/local/sbin /opt/cni/bin /etc/containerd /etc/systemd/system/kubelet.service.d
tar -xzf github.com/containerd/containerd/releases/download/*/containerd-*.tar.gz -C /usr/local
install -m 0755 github.com/opencontainers/runc/releases/download/*/runc.amd64 /usr/local/sbin/runc
tar -xzf github.com/containernetworking/plugins/releases/download/*/*.tgz -C /opt/cni/bin
tar -xzf github.com/kubernetes-sigs/cri-tools/releases/download/*/*.tar.gz -C /usr/bin
printf '%s\n' "$HOSTS" >>/etc/hosts
printf 'net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\n' >/etc/sysctl.d/k8s.conf
sysctl -q -p /etc/sysctl.d/k8s.conf
cat >/etc/containerd/config.toml <<'TOML'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.8"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
TOML
cat >/etc/systemd/system/containerd.service <<'UNIT'
[Unit]
After=network.target
[Service]
Type=notify
ExecStart=/usr/local/bin/containerd
Delegate=yes
KillMode=process
Restart=always
LimitNOFILE=infinity
TasksMax=infinity
[Install]
WantedBy=multi-user.target
UNIT
cat >/etc/systemd/system/kubelet.service <<'UNIT'
[Unit]
After=network-online.target containerd.service
[Service]
ExecStart=/usr/bin/kubelet
Restart=always
RestartSec=10
[Install]
WantedBy=multi-user.target
UNIT
cat >/etc/systemd/system/kubelet.service.d/10-kubeadm.conf <<'UNIT'
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
UNIT
systemctl daemon-reload
systemctl enable -q --now containerd
systemctl enable -q kubelet
for image in images/amd64/*.tar; do ctr -n k8s.io images import "$image" >/dev/null; done
REMOTE
  say "${1%%=*}: prepared"
}

if [ -z "${PREPARED-}" ]; then
  pids=()
  for host in ${control_planes[@]+"${control_planes[@]}"}; do prepare "$host" control-plane & pids+=($!); done
  for host in ${workers[@]+"${workers[@]}"}; do prepare "$host" worker & pids+=($!); done
  for pid in "${pids[@]}"; do wait "$pid"; done
fi
[ -n "$endpoint" ] || exit 0

first=${control_planes[0]#*=}
# HTTPProxyCIDR: kubeadm 1.25 built with a recent Go cannot parse its own URL there.
ignore=--ignore-preflight-errors=HTTPProxyCIDR
remote "$first" "cat >/root/kubeadm.yaml" <<CONFIG
apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: $first }
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
kubernetesVersion: $version
controlPlaneEndpoint: $endpoint
networking: { podSubnet: 10.244.0.0/16 }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard: { memory.available: 100Mi, nodefs.available: 1Gi, nodefs.inodesFree: 1%, imagefs.available: 1Gi }
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
conntrack: { maxPerCore: 0 }
CONFIG
upload=
[ ${#control_planes[@]} -eq 1 ] || upload=--upload-certs
remote "$first" "kubeadm init --config /root/kubeadm.yaml $upload $ignore" >"$scratch/init.log"
say 'control plane: initialised'
remote "$first" 'kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f -' <"$flannel" >/dev/null
join=$(remote "$first" 'kubeadm token create --print-join-command')
key=$(sed -nE 's/.*certificate-key ([0-9a-f]{64}).*/\1/p' "$scratch/init.log" | head -n 1)

pids=()
for host in ${workers[@]+"${workers[@]}"}; do remote "${host#*=}" "$join $ignore" >"$scratch/${host%%=*}.log" & pids+=($!); done
for host in "${control_planes[@]:1}"; do
  remote "${host#*=}" "$join --control-plane --certificate-key $key --apiserver-advertise-address ${host#*=} $ignore" >"$scratch/${host%%=*}.log"
  say "${host%%=*}: joined"
done
for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid"; done
say 'workers: joined'
remote "$first" "kubectl --kubeconfig /etc/kubernetes/admin.conf wait --for=condition=Ready node --all --timeout=300s" >/dev/null
say 'nodes: ready'
remote "$first" "kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system rollout status deployment/coredns --timeout=300s" >/dev/null
say 'done'
