package crictl

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func podsCommand(s *settings) *cobra.Command {
	var out output
	var id, name, namespace, state string
	var labels map[string]string
	cmd := &cobra.Command{Use: "pods", Short: "List pods", Args: cobra.NoArgs}
	out.flags(cmd, "table")
	cmd.Flags().StringVar(&id, "id", "", "filter by pod id")
	cmd.Flags().StringVar(&name, "name", "", "filter by pod name regular expression pattern")
	cmd.Flags().StringVar(&namespace, "namespace", "", "filter by pod namespace regular expression pattern")
	cmd.Flags().StringVarP(&state, "state", "s", "", "filter by pod state: ready or notready")
	cmd.Flags().StringToStringVar(&labels, "label", nil, "filter by key=value label")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.withRuntime(cmd, func(ctx context.Context, client runtimeapi.RuntimeServiceClient) error {
			filter := &runtimeapi.PodSandboxFilter{Id: id, LabelSelector: labels}
			if state != "" {
				number, known := runtimeapi.PodSandboxState_value["SANDBOX_"+strings.ToUpper(state)]
				if !known {
					return fmt.Errorf("unknown pod state %q: ready or notready", state)
				}
				filter.State = &runtimeapi.PodSandboxStateValue{State: runtimeapi.PodSandboxState(number)}
			}
			answer, err := client.ListPodSandbox(ctx, &runtimeapi.ListPodSandboxRequest{Filter: filter})
			if err != nil {
				return err
			}
			answer.Items, err = keep(answer.Items, func(pod *runtimeapi.PodSandbox) (bool, error) {
				return allMatch([2]string{name, pod.Metadata.GetName()}, [2]string{namespace, pod.Metadata.GetNamespace()})
			})
			if err != nil {
				return err
			}
			sort.SliceStable(answer.Items, func(i, j int) bool { return answer.Items[i].CreatedAt > answer.Items[j].CreatedAt })
			return printPods(&out, answer)
		})
	}
	return cmd
}

func printPods(out *output, answer *runtimeapi.ListPodSandboxResponse) error {
	if !out.quiet && out.format != "table" {
		return printMessage(out, answer)
	}
	var rows [][]string
	for _, pod := range answer.Items {
		if out.quiet {
			fmt.Println(pod.Id)
			continue
		}
		state := strings.TrimPrefix(pod.State.String(), "SANDBOX_")
		if state == "NOTREADY" {
			state = "NotReady"
		} else {
			state = "Ready"
		}
		handler := pod.RuntimeHandler
		if handler == "" {
			handler = "(default)"
		}
		rows = append(rows, []string{out.shortID(pod.Id), ago(pod.CreatedAt), state, pod.Metadata.GetName(),
			pod.Metadata.GetNamespace(), fmt.Sprint(pod.Metadata.GetAttempt()), handler})
	}
	if out.quiet {
		return nil
	}
	return table([]string{"POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME"}, rows)
}

func psCommand(s *settings) *cobra.Command {
	var out output
	var id, name, pod, state string
	var all bool
	var labels map[string]string
	cmd := &cobra.Command{Use: "ps", Short: "List containers", Args: cobra.NoArgs}
	out.flags(cmd, "table")
	cmd.Flags().BoolVarP(&all, "all", "a", false, "show all containers, not only the running ones")
	cmd.Flags().StringVar(&id, "id", "", "filter by container id")
	cmd.Flags().StringVar(&name, "name", "", "filter by container name regular expression pattern")
	cmd.Flags().StringVarP(&pod, "pod", "p", "", "filter by pod id")
	cmd.Flags().StringVarP(&state, "state", "s", "", "filter by state: created, running, exited or unknown")
	cmd.Flags().StringToStringVar(&labels, "label", nil, "filter by key=value label")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.withRuntime(cmd, func(ctx context.Context, client runtimeapi.RuntimeServiceClient) error {
			filter := &runtimeapi.ContainerFilter{Id: id, PodSandboxId: pod, LabelSelector: labels}
			if state == "" && !all && id == "" {
				state = "running"
			}
			if state != "" {
				number, known := runtimeapi.ContainerState_value["CONTAINER_"+strings.ToUpper(state)]
				if !known {
					return fmt.Errorf("unknown container state %q: created, running, exited or unknown", state)
				}
				filter.State = &runtimeapi.ContainerStateValue{State: runtimeapi.ContainerState(number)}
			}
			answer, err := client.ListContainers(ctx, &runtimeapi.ListContainersRequest{Filter: filter})
			if err != nil {
				return err
			}
			answer.Containers, err = keep(answer.Containers, func(container *runtimeapi.Container) (bool, error) {
				return allMatch([2]string{name, container.Metadata.GetName()})
			})
			if err != nil {
				return err
			}
			sort.SliceStable(answer.Containers, func(i, j int) bool {
				return answer.Containers[i].CreatedAt > answer.Containers[j].CreatedAt
			})
			return printContainers(&out, answer)
		})
	}
	return cmd
}

func printContainers(out *output, answer *runtimeapi.ListContainersResponse) error {
	if !out.quiet && out.format != "table" {
		return printMessage(out, answer)
	}
	var rows [][]string
	for _, container := range answer.Containers {
		if out.quiet {
			fmt.Println(container.Id)
			continue
		}
		state := strings.TrimPrefix(container.State.String(), "CONTAINER_")
		state = state[:1] + strings.ToLower(state[1:])
		rows = append(rows, []string{out.shortID(container.Id), out.shortID(container.Image.GetImage()), ago(container.CreatedAt), state,
			container.Metadata.GetName(), fmt.Sprint(container.Metadata.GetAttempt()), out.shortID(container.PodSandboxId),
			container.Labels["io.kubernetes.pod.name"]})
	}
	if out.quiet {
		return nil
	}
	return table([]string{"CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD"}, rows)
}

func keep[T any](items []T, wanted func(T) (bool, error)) ([]T, error) {
	var kept []T
	for _, item := range items {
		ok, err := wanted(item)
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

// allMatch takes pairs of a regular expression and a text; an empty expression matches everything.
func allMatch(pairs ...[2]string) (bool, error) {
	for _, pair := range pairs {
		matched, err := regexp.MatchString(pair[0], pair[1])
		if err != nil || !matched {
			return false, err
		}
	}
	return true, nil
}
