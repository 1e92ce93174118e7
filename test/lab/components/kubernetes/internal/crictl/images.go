package crictl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func imagesCommand(s *settings) *cobra.Command {
	var out output
	cmd := &cobra.Command{Use: "images [REPOSITORY[:TAG]]", Aliases: []string{"image", "img"}, Short: "List images", Args: cobra.MaximumNArgs(1)}
	out.flags(cmd, "table")
	cmd.Flags().BoolP("verbose", "v", false, "accepted and ignored")
	cmd.Flags().Bool("digests", false, "accepted and ignored")
	cmd.RunE = func(cmd *cobra.Command, arguments []string) error {
		return s.withImages(cmd, func(ctx context.Context, client runtimeapi.ImageServiceClient) error {
			request := &runtimeapi.ListImagesRequest{}
			if len(arguments) == 1 {
				request.Filter = &runtimeapi.ImageFilter{Image: &runtimeapi.ImageSpec{Image: arguments[0]}}
			}
			answer, err := client.ListImages(ctx, request)
			if err != nil {
				return err
			}
			return printImages(&out, answer)
		})
	}
	return cmd
}

func printImages(out *output, answer *runtimeapi.ListImagesResponse) error {
	if !out.quiet && out.format != "table" {
		return printMessage(out, answer)
	}
	var rows [][]string
	for _, image := range answer.Images {
		if out.quiet {
			fmt.Println(image.Id)
			continue
		}
		names := image.RepoTags
		if len(names) == 0 {
			names = []string{"<none>:<none>"}
		}
		for _, name := range names {
			colon := strings.LastIndex(name, ":")
			rows = append(rows, []string{name[:colon], name[colon+1:], out.shortID(image.Id), fmt.Sprintf("%.3gMB", float64(image.Size_)/1e6)})
		}
	}
	if out.quiet {
		return nil
	}
	return table([]string{"IMAGE", "TAG", "IMAGE ID", "SIZE"}, rows)
}

func pullCommand(s *settings) *cobra.Command {
	var user string
	cmd := &cobra.Command{Use: "pull NAME[:TAG|@DIGEST]", Short: "Pull an image from a registry", Args: cobra.ExactArgs(1)}
	cmd.Flags().StringVar(&user, "creds", "", "USERNAME[:PASSWORD] for the registry")
	cmd.RunE = func(cmd *cobra.Command, arguments []string) error {
		return s.withImages(cmd, func(ctx context.Context, client runtimeapi.ImageServiceClient) error {
			request := &runtimeapi.PullImageRequest{Image: &runtimeapi.ImageSpec{Image: arguments[0]}}
			if user != "" {
				name, password, _ := strings.Cut(user, ":")
				request.Auth = &runtimeapi.AuthConfig{Username: name, Password: password}
			}
			answer, err := client.PullImage(ctx, request)
			if err != nil {
				return fmt.Errorf("pulling image: %w", err)
			}
			fmt.Printf("Image is up to date for %s\n", answer.ImageRef)
			return nil
		})
	}
	return cmd
}

func inspectImageCommand(s *settings) *cobra.Command {
	var out output
	cmd := &cobra.Command{Use: "inspecti IMAGE...", Short: "Return the status of one or more images", Args: cobra.MinimumNArgs(1)}
	out.flags(cmd, "json")
	cmd.RunE = func(cmd *cobra.Command, arguments []string) error {
		return s.withImages(cmd, func(ctx context.Context, client runtimeapi.ImageServiceClient) error {
			for _, name := range arguments {
				request := &runtimeapi.ImageStatusRequest{Image: &runtimeapi.ImageSpec{Image: name}, Verbose: true}
				answer, err := client.ImageStatus(ctx, request)
				if err != nil {
					return err
				}
				if answer.Image == nil {
					return fmt.Errorf("no such image %q present", name)
				}
				value, err := statusDocument(answer.Image, answer.Info)
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

func removeImageCommand(s *settings) *cobra.Command {
	var all bool
	cmd := &cobra.Command{Use: "rmi IMAGE...", Short: "Remove one or more images"}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "remove all images")
	cmd.RunE = func(cmd *cobra.Command, arguments []string) error {
		return s.withImages(cmd, func(ctx context.Context, client runtimeapi.ImageServiceClient) error {
			if all {
				answer, err := client.ListImages(ctx, &runtimeapi.ListImagesRequest{})
				if err != nil {
					return err
				}
				for _, image := range answer.Images {
					arguments = append(arguments, image.Id)
				}
			} else if len(arguments) == 0 {
				return errors.New("name at least one image, or --all")
			}
			for _, name := range arguments {
				if err := removeImage(ctx, client, name); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}

func removeImage(ctx context.Context, client runtimeapi.ImageServiceClient, name string) error {
	spec := &runtimeapi.ImageSpec{Image: name}
	found, err := client.ImageStatus(ctx, &runtimeapi.ImageStatusRequest{Image: spec})
	if err != nil {
		return err
	}
	if found.Image == nil {
		return fmt.Errorf("no such image %s", name)
	}
	if _, err := client.RemoveImage(ctx, &runtimeapi.RemoveImageRequest{Image: spec}); err != nil {
		return err
	}
	for _, tag := range found.Image.RepoTags {
		fmt.Printf("Deleted: %s\n", tag)
	}
	return nil
}
