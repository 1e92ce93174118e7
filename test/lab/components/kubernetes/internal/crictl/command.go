// Package crictl is a stand-in for crictl: the commands that installers and people use most, with crictl's names and flags.
package crictl

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
)

const about = `This is NOT cri-tools' crictl but the test lab's stand-in for it: the same names and flags for
version, info, pods, ps, images, pull, inspect, inspecti, inspectp, stop, rm, rmi, stopp, rmp, logs and exec,
over the Container Runtime Interface v1. Nothing else of crictl is there.`

type settings struct {
	config          string
	runtimeEndpoint string
	imageEndpoint   string
	timeout         time.Duration
	debug           bool
}

// Main runs the program and returns its exit code.
func Main(version string) int {
	if err := command(version).ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "FATA", err)
		return 1
	}
	return 0
}

func command(version string) *cobra.Command {
	s := &settings{}
	root := &cobra.Command{
		Use:           "crictl",
		Short:         "client for CRI (the test lab's stand-in)",
		Long:          about,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{
			DisableDefaultCmd: true,
		},
		// The endpoints and the timeout stand before the command, as with crictl.
		TraverseChildren:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return s.load(cmd.Root().Flags()) },
	}
	root.SetVersionTemplate("crictl version {{.Version}}\n")
	flags := root.Flags()
	flags.StringVarP(&s.config, "config", "c", envOr("CRI_CONFIG_FILE", "/etc/crictl.yaml"), "location of the client config file")
	flags.StringVarP(&s.runtimeEndpoint, "runtime-endpoint", "r", os.Getenv("CONTAINER_RUNTIME_ENDPOINT"), "endpoint of the CRI runtime service")
	flags.StringVarP(&s.imageEndpoint, "image-endpoint", "i", os.Getenv("IMAGE_SERVICE_ENDPOINT"), "endpoint of the CRI image service")
	flags.DurationVarP(&s.timeout, "timeout", "t", 2*time.Second, "timeout of one call to the runtime")
	flags.BoolVarP(&s.debug, "debug", "D", false, "accepted and ignored")
	root.AddCommand(
		versionCommand(s), infoCommand(s),
		podsCommand(s), psCommand(s), imagesCommand(s),
		pullCommand(s),
		inspectCommand(s), inspectImageCommand(s), inspectPodCommand(s),
		stopCommand(s), removeCommand(s), removeImageCommand(s), stopPodCommand(s), removePodCommand(s),
		logsCommand(s), execCommand(s),
	)
	return root
}

func envOr(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
