package crictl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const followInterval = 200 * time.Millisecond

func logsCommand(s *settings) *cobra.Command {
	var follow, timestamps bool
	var tail int
	cmd := &cobra.Command{Use: "logs CONTAINER", Short: "Fetch the logs of a container", Args: cobra.ExactArgs(1)}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "follow log output")
	cmd.Flags().BoolVarP(&timestamps, "timestamps", "t", false, "show timestamps")
	cmd.Flags().IntVar(&tail, "tail", -1, "number of lines to show from the end, -1 for all")
	cmd.RunE = func(cmd *cobra.Command, arguments []string) error {
		status, err := s.containerStatus(cmd, arguments[0])
		if err != nil {
			return err
		}
		if status.LogPath == "" {
			return fmt.Errorf("container %s has no log", arguments[0])
		}
		file, err := os.Open(status.LogPath)
		if err != nil {
			return err
		}
		defer file.Close()
		reader := bufio.NewReader(file)
		lines, err := readLines(reader)
		if err != nil {
			return err
		}
		if tail >= 0 && len(lines) > tail {
			lines = lines[len(lines)-tail:]
		}
		printLines(lines, timestamps)
		for follow {
			// The state is read before the file: what a container wrote before it ended is then not missed.
			status, err := s.containerStatus(cmd, arguments[0])
			if err != nil {
				return err
			}
			lines, err := readLines(reader)
			if err != nil {
				return err
			}
			printLines(lines, timestamps)
			if status.State != runtimeapi.ContainerState_CONTAINER_RUNNING {
				return nil
			}
			time.Sleep(followInterval)
		}
		return nil
	}
	return cmd
}

func (s *settings) containerStatus(cmd *cobra.Command, id string) (*runtimeapi.ContainerStatus, error) {
	var status *runtimeapi.ContainerStatus
	err := s.withRuntime(cmd, func(ctx context.Context, client runtimeapi.RuntimeServiceClient) error {
		answer, err := client.ContainerStatus(ctx, &runtimeapi.ContainerStatusRequest{ContainerId: id})
		status = answer.GetStatus()
		return err
	})
	return status, err
}

func readLines(reader *bufio.Reader) ([]string, error) {
	var lines []string
	for {
		line, err := reader.ReadString('\n')
		if line != "" {
			lines = append(lines, line)
		}
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// printLines takes lines of the form "time stream tag text"; the tag P says that the text goes on in the next line.
func printLines(lines []string, timestamps bool) {
	for _, line := range lines {
		fields := strings.SplitN(line, " ", 4)
		if len(fields) < 4 {
			continue
		}
		out := os.Stdout
		if fields[1] == "stderr" {
			out = os.Stderr
		}
		text := fields[3]
		if strings.HasPrefix(fields[2], "P") {
			text = strings.TrimSuffix(text, "\n")
		}
		if timestamps {
			text = fields[0] + " " + text
		}
		fmt.Fprint(out, text)
	}
}

func execCommand(s *settings) *cobra.Command {
	var interactive, tty, sync bool
	var timeout int64
	cmd := &cobra.Command{Use: "exec CONTAINER COMMAND [ARGUMENT...]", Short: "Run a command in a running container", Args: cobra.MinimumNArgs(2)}
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().BoolVarP(&interactive, "interactive", "i", false, "keep STDIN open")
	cmd.Flags().BoolVarP(&tty, "tty", "t", false, "allocate a pseudo-TTY")
	cmd.Flags().BoolVarP(&sync, "sync", "s", false, "run the command synchronously")
	cmd.Flags().Int64Var(&timeout, "timeout", 0, "seconds after which the command is ended, with --sync")
	cmd.RunE = func(cmd *cobra.Command, arguments []string) error {
		return s.withRuntime(cmd, func(ctx context.Context, client runtimeapi.RuntimeServiceClient) error {
			if sync {
				return execSync(cmd.Context(), client, arguments, timeout)
			}
			answer, err := client.Exec(ctx, &runtimeapi.ExecRequest{ContainerId: arguments[0], Cmd: arguments[1:],
				Tty: tty, Stdin: interactive, Stdout: true, Stderr: !tty})
			if err != nil {
				return err
			}
			return stream(answer.Url, interactive, tty)
		})
	}
	return cmd
}

func execSync(ctx context.Context, client runtimeapi.RuntimeServiceClient, arguments []string, timeout int64) error {
	answer, err := client.ExecSync(ctx, &runtimeapi.ExecSyncRequest{ContainerId: arguments[0], Cmd: arguments[1:], Timeout: timeout})
	if err != nil {
		return err
	}
	os.Stdout.Write(answer.Stdout)
	os.Stderr.Write(answer.Stderr)
	if answer.ExitCode != 0 {
		return fmt.Errorf("command exited with %d", answer.ExitCode)
	}
	return nil
}

func stream(address string, interactive, tty bool) error {
	location, err := url.Parse(address)
	if err != nil {
		return err
	}
	executor, err := remotecommand.NewSPDYExecutor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{Insecure: true}}, "POST", location)
	if err != nil {
		return err
	}
	options := remotecommand.StreamOptions{Stdout: os.Stdout, Tty: tty}
	if interactive {
		options.Stdin = os.Stdin
	}
	if !tty {
		options.Stderr = os.Stderr
	}
	return executor.Stream(options)
}
