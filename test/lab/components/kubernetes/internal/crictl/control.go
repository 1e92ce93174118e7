package crictl

import (
	"context"
	"errors"
	"fmt"

	"github.com/gogo/protobuf/proto"
	"github.com/spf13/cobra"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func printMessage(out *output, message proto.Message) error {
	value, err := document(message)
	if err != nil {
		return err
	}
	return out.print(value)
}

func versionCommand(s *settings) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Display runtime version information", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withRuntime(cmd, func(ctx context.Context, client runtimeapi.RuntimeServiceClient) error {
				answer, err := client.Version(ctx, &runtimeapi.VersionRequest{Version: "v1"})
				if err != nil {
					return err
				}
				fmt.Printf("Version:  %s\nRuntimeName:  %s\nRuntimeVersion:  %s\nRuntimeApiVersion:  %s\n",
					answer.Version, answer.RuntimeName, answer.RuntimeVersion, answer.RuntimeApiVersion)
				return nil
			})
		}}
}

func infoCommand(s *settings) *cobra.Command {
	var out output
	cmd := &cobra.Command{Use: "info", Short: "Display information of the container runtime", Args: cobra.NoArgs}
	out.flags(cmd, "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.withRuntime(cmd, func(ctx context.Context, client runtimeapi.RuntimeServiceClient) error {
			answer, err := client.Status(ctx, &runtimeapi.StatusRequest{Verbose: !out.quiet})
			if err != nil {
				return err
			}
			value, err := statusDocument(answer.Status, answer.Info)
			if err != nil {
				return err
			}
			return out.print(value)
		})
	}
	return cmd
}

func inspectCommand(s *settings) *cobra.Command {
	return statusCommand(s, "inspect CONTAINER...", "Display the status of one or more containers",
		func(ctx context.Context, client runtimeapi.RuntimeServiceClient, id string) (proto.Message, map[string]string, error) {
			answer, err := client.ContainerStatus(ctx, &runtimeapi.ContainerStatusRequest{ContainerId: id, Verbose: true})
			return answer.GetStatus(), answer.GetInfo(), err
		})
}

func inspectPodCommand(s *settings) *cobra.Command {
	return statusCommand(s, "inspectp POD...", "Display the status of one or more pods",
		func(ctx context.Context, client runtimeapi.RuntimeServiceClient, id string) (proto.Message, map[string]string, error) {
			answer, err := client.PodSandboxStatus(ctx, &runtimeapi.PodSandboxStatusRequest{PodSandboxId: id, Verbose: true})
			return answer.GetStatus(), answer.GetInfo(), err
		})
}

type readStatus func(context.Context, runtimeapi.RuntimeServiceClient, string) (proto.Message, map[string]string, error)

func statusCommand(s *settings, use, short string, read readStatus) *cobra.Command {
	var out output
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.MinimumNArgs(1)}
	out.flags(cmd, "json")
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		return s.withRuntime(cmd, func(ctx context.Context, client runtimeapi.RuntimeServiceClient) error {
			for _, id := range ids {
				status, info, err := read(ctx, client, id)
				if err != nil {
					return err
				}
				value, err := statusDocument(status, info)
				if err != nil {
					return err
				}
				if err := out.print(value); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}

// each runs one call per identifier, says what was done and goes on after a failure, as crictl does.
func (s *settings) each(cmd *cobra.Command, ids []string, done string, call func(context.Context, runtimeapi.RuntimeServiceClient, string) error) error {
	var failed error
	for _, id := range ids {
		err := s.withRuntime(cmd, func(ctx context.Context, client runtimeapi.RuntimeServiceClient) error { return call(ctx, client, id) })
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", id, err))
			continue
		}
		fmt.Printf("%s %s\n", done, id)
	}
	return failed
}

func stopCommand(s *settings) *cobra.Command {
	var grace int64
	cmd := &cobra.Command{Use: "stop CONTAINER...", Short: "Stop one or more running containers", Args: cobra.MinimumNArgs(1)}
	cmd.Flags().Int64Var(&grace, "grace", 0, "seconds before the container is killed")
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		return s.each(cmd, ids, "Stopped container", func(ctx context.Context, client runtimeapi.RuntimeServiceClient, id string) error {
			_, err := client.StopContainer(ctx, &runtimeapi.StopContainerRequest{ContainerId: id, Timeout: grace})
			return err
		})
	}
	return cmd
}

func removeCommand(s *settings) *cobra.Command {
	var force bool
	cmd := &cobra.Command{Use: "rm CONTAINER...", Short: "Remove one or more containers", Args: cobra.MinimumNArgs(1)}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "stop the container first")
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		return s.each(cmd, ids, "Removed container", func(ctx context.Context, client runtimeapi.RuntimeServiceClient, id string) error {
			if force {
				if _, err := client.StopContainer(ctx, &runtimeapi.StopContainerRequest{ContainerId: id}); err != nil {
					return err
				}
			}
			_, err := client.RemoveContainer(ctx, &runtimeapi.RemoveContainerRequest{ContainerId: id})
			return err
		})
	}
	return cmd
}

func stopPodCommand(s *settings) *cobra.Command {
	return &cobra.Command{Use: "stopp POD...", Short: "Stop one or more running pods", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return s.each(cmd, ids, "Stopped sandbox", stopPod)
		}}
}

func removePodCommand(s *settings) *cobra.Command {
	var all, force bool
	cmd := &cobra.Command{Use: "rmp POD...", Short: "Remove one or more pods"}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "remove all pods")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "stop the pod first")
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		if all {
			err := s.withRuntime(cmd, func(ctx context.Context, client runtimeapi.RuntimeServiceClient) error {
				answer, err := client.ListPodSandbox(ctx, &runtimeapi.ListPodSandboxRequest{})
				for _, pod := range answer.GetItems() {
					ids = append(ids, pod.Id)
				}
				return err
			})
			if err != nil {
				return err
			}
		} else if len(ids) == 0 {
			return errors.New("name at least one pod, or --all")
		}
		return s.each(cmd, ids, "Removed sandbox", func(ctx context.Context, client runtimeapi.RuntimeServiceClient, id string) error {
			if force {
				if err := stopPod(ctx, client, id); err != nil {
					return err
				}
			}
			return removePod(ctx, client, id)
		})
	}
	return cmd
}

func stopPod(ctx context.Context, client runtimeapi.RuntimeServiceClient, id string) error {
	_, err := client.StopPodSandbox(ctx, &runtimeapi.StopPodSandboxRequest{PodSandboxId: id})
	return err
}

// removePod refuses a pod that is still ready, as crictl does: without that, containers would be killed unasked.
func removePod(ctx context.Context, client runtimeapi.RuntimeServiceClient, id string) error {
	answer, err := client.PodSandboxStatus(ctx, &runtimeapi.PodSandboxStatusRequest{PodSandboxId: id})
	if err != nil {
		return err
	}
	if answer.Status.GetState() == runtimeapi.PodSandboxState_SANDBOX_READY {
		return fmt.Errorf("pod sandbox %q is running, please stop it first", id)
	}
	_, err = client.RemovePodSandbox(ctx, &runtimeapi.RemovePodSandboxRequest{PodSandboxId: id})
	return err
}
