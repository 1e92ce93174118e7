package crictl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"sigs.k8s.io/yaml"
)

// Images of a few hundred megabytes have long lists of layers and annotations.
const maxMessageBytes = 16 << 20

var defaultEndpoints = []string{
	"unix:///run/containerd/containerd.sock",
	"unix:///run/crio/crio.sock",
	"unix:///var/run/cri-dockerd.sock",
}

type configFile struct {
	RuntimeEndpoint string `json:"runtime-endpoint"`
	ImageEndpoint   string `json:"image-endpoint"`
	TimeoutSeconds  int    `json:"timeout"`
}

// load fills in from the configuration file what neither a flag nor the environment gives.
func (s *settings) load(flags *pflag.FlagSet) error {
	var file configFile
	text, err := os.ReadFile(s.config)
	switch {
	case err == nil:
		if err := yaml.Unmarshal(text, &file); err != nil {
			return fmt.Errorf("%s: %w", s.config, err)
		}
	case !errors.Is(err, os.ErrNotExist) || flags.Changed("config"):
		return err
	}
	if s.runtimeEndpoint == "" {
		s.runtimeEndpoint = file.RuntimeEndpoint
	}
	if s.imageEndpoint == "" {
		s.imageEndpoint = file.ImageEndpoint
	}
	if file.TimeoutSeconds > 0 && !flags.Changed("timeout") {
		s.timeout = time.Duration(file.TimeoutSeconds) * time.Second
	}
	if s.runtimeEndpoint == "" {
		s.runtimeEndpoint = firstSocket()
	}
	if s.imageEndpoint == "" {
		s.imageEndpoint = s.runtimeEndpoint
	}
	return nil
}

func firstSocket() string {
	for _, endpoint := range defaultEndpoints {
		if _, err := os.Stat(strings.TrimPrefix(endpoint, "unix://")); err == nil {
			return endpoint
		}
	}
	return defaultEndpoints[0]
}

func dial(ctx context.Context, endpoint string, timeout time.Duration) (*grpc.ClientConn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	path := strings.TrimPrefix(endpoint, "unix://")
	connection, err := grpc.DialContext(ctx, path,
		grpc.WithBlock(),
		grpc.FailOnNonTempDialError(true),
		grpc.WithReturnConnectionError(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)),
		grpc.WithContextDialer(func(ctx context.Context, path string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}))
	if err != nil {
		return nil, fmt.Errorf("connect to %q: %w", endpoint, err)
	}
	return connection, nil
}

// withRuntime calls work with a client of the runtime service and a context that ends after the timeout.
func (s *settings) withRuntime(cmd *cobra.Command, work func(context.Context, runtimeapi.RuntimeServiceClient) error) error {
	connection, err := dial(cmd.Context(), s.runtimeEndpoint, s.timeout)
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), s.timeout)
	defer cancel()
	return work(ctx, runtimeapi.NewRuntimeServiceClient(connection))
}

// withImages is withRuntime for the image service; a pull may last, so its context has no end of its own.
func (s *settings) withImages(cmd *cobra.Command, work func(context.Context, runtimeapi.ImageServiceClient) error) error {
	connection, err := dial(cmd.Context(), s.imageEndpoint, s.timeout)
	if err != nil {
		return err
	}
	defer connection.Close()
	return work(cmd.Context(), runtimeapi.NewImageServiceClient(connection))
}
