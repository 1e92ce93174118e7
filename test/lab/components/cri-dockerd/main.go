// Command cri-dockerd is a stand-in for Mirantis' cri-dockerd 0.3, whose module cannot be had: the dockershim it grew out of, behind
// the flags that a unit of cri-dockerd passes. For tests alone.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "unsafe"

	"google.golang.org/grpc"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
	"k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/cri/streaming"
	"k8s.io/kubernetes/pkg/kubelet/dockershim"
)

// What cri-dockerd accepts of a request, in bytes.
const maxMessageSize = 16 * 1024 * 1024

var version = "unknown"

// What the older version of the interface is served with; the newer one has the same messages on the wire under another name.

//go:linkname runtimeService k8s.io/cri-api/pkg/apis/runtime/v1alpha2._RuntimeService_serviceDesc
var runtimeService grpc.ServiceDesc

//go:linkname imageService k8s.io/cri-api/pkg/apis/runtime/v1alpha2._ImageService_serviceDesc
var imageService grpc.ServiceDesc

var (
	endpoint      = flag.String("container-runtime-endpoint", "unix:///var/run/cri-dockerd.sock", "socket to serve on; fd:// takes it from systemd")
	dockerSocket  = flag.String("docker-endpoint", "unix:///var/run/docker.sock", "where dockerd answers")
	sandboxImage  = flag.String("pod-infra-container-image", "k8s.gcr.io/pause:3.6", "image that holds a pod's namespaces")
	networkPlugin = flag.String("network-plugin", "cni", "network plugin")
	cniBinDir     = flag.String("cni-bin-dir", "/opt/cni/bin", "folders of CNI plugins")
	cniConfDir    = flag.String("cni-conf-dir", "/etc/cni/net.d", "folder of CNI configurations")
	cniCacheDir   = flag.String("cni-cache-dir", "/var/lib/cni/cache", "folder of CNI's cache")
	rootDir       = flag.String("cri-dockerd-root-directory", "/var/lib/cri-dockerd", "state")
	hairpinMode   = flag.String("hairpin-mode", config.PromiscuousBridge, "how pods reach themselves")
	streamingAddr = flag.String("streaming-bind-addr", ":0", "where exec, attach and port-forward are served")
	pullDeadline  = flag.Duration("image-pull-progress-deadline", time.Minute, "patience with a pull that stands still")
	timeout       = flag.Duration("runtime-request-timeout", 2*time.Minute, "patience with dockerd")
	showVersion   = flag.Bool("version", false, "print the version")
)

func main() {
	flag.Parse()
	if *showVersion {
		fmt.Printf("cri-dockerd %s (stand-in)\n", version)
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "cri-dockerd (stand-in):", err)
		os.Exit(1)
	}
}

func run() error {
	client := &dockershim.ClientConfig{
		DockerEndpoint:            *dockerSocket,
		RuntimeRequestTimeout:     *timeout,
		ImagePullProgressDeadline: *pullDeadline,
	}
	info, err := dockershim.NewDockerClientFromConfig(client).Info()
	if err != nil {
		return fmt.Errorf("dockerd does not answer: %w", err)
	}
	streams := streaming.DefaultConfig
	streams.Addr = *streamingAddr
	plugins := &dockershim.NetworkPluginSettings{
		HairpinMode:        config.HairpinMode(*hairpinMode),
		PluginName:         *networkPlugin,
		PluginBinDirString: *cniBinDir,
		PluginBinDirs:      strings.Split(*cniBinDir, ","),
		PluginConfDir:      *cniConfDir,
		PluginCacheDir:     *cniCacheDir,
	}
	service, err := dockershim.NewDockerService(client, *sandboxImage, &streams, plugins, "", info.CgroupDriver, *rootDir)
	if err != nil {
		return err
	}
	if err := service.Start(); err != nil {
		return err
	}
	listener, err := listen(*endpoint)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageSize), grpc.MaxSendMsgSize(maxMessageSize))
	runtimeapi.RegisterRuntimeServiceServer(server, service)
	runtimeapi.RegisterImageServiceServer(server, service)
	for _, description := range []grpc.ServiceDesc{runtimeService, imageService} {
		description.ServiceName = strings.Replace(description.ServiceName, "v1alpha2", "v1", 1)
		server.RegisterService(&description, service)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		os.Exit(0)
	}()
	if err := notifyReady(); err != nil {
		return err
	}
	return server.Serve(listener)
}

// listen takes the socket systemd holds (sd_listen_fds: the first one is 3), or makes its own.
func listen(endpoint string) (net.Listener, error) {
	if endpoint == "fd://" {
		if os.Getenv("LISTEN_FDS") != "1" {
			return nil, fmt.Errorf("no sockets found via socket activation: make sure the service was started by systemd")
		}
		return net.FileListener(os.NewFile(3, "systemd"))
	}
	path, isUnix := strings.CutPrefix(endpoint, "unix://")
	if !isUnix {
		return nil, fmt.Errorf("endpoint %q is neither fd:// nor unix://", endpoint)
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return net.Listen("unix", path)
}

// notifyReady tells systemd that a unit of type notify has started.
func notifyReady() error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	connection, err := net.Dial("unixgram", socket)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = connection.Write([]byte("READY=1"))
	return err
}
