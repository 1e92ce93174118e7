package crictl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"text/template"
	"time"

	"github.com/gogo/protobuf/jsonpb"
	"github.com/gogo/protobuf/proto"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

type output struct {
	format   string
	template string
	quiet    bool
	noTrunc  bool
}

func (o *output) flags(cmd *cobra.Command, format string) {
	cmd.Flags().StringVarP(&o.format, "output", "o", format, "one of table|json|yaml|go-template")
	cmd.Flags().StringVar(&o.template, "template", "", "the template of -o go-template")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "only display IDs")
	cmd.Flags().BoolVar(&o.noTrunc, "no-trunc", false, "show output without truncating the ID")
}

// document turns a message into what crictl prints of it: enums as names, 64 bit numbers as strings, empty fields too.
func document(message proto.Message) (any, error) {
	text, err := (&jsonpb.Marshaler{EmitDefaults: true}).MarshalToString(message)
	if err != nil {
		return nil, err
	}
	var value any
	return value, json.Unmarshal([]byte(text), &value)
}

// statusDocument puts the runtime's verbose information beside the status, parsed where it is JSON.
func statusDocument(status proto.Message, info map[string]string) (any, error) {
	value, err := document(status)
	if err != nil {
		return nil, err
	}
	whole := map[string]any{"status": value}
	for key, text := range info {
		var parsed any
		if json.Unmarshal([]byte(text), &parsed) != nil {
			parsed = text
		}
		whole[key] = parsed
	}
	return whole, nil
}

func (o *output) print(value any) error {
	switch o.format {
	case "yaml":
		text, err := yaml.Marshal(value)
		fmt.Print(string(text))
		return err
	case "go-template":
		parsed, err := template.New("").Funcs(template.FuncMap{"json": asJSON}).Parse(o.template)
		if err != nil {
			return err
		}
		defer fmt.Println()
		return parsed.Execute(os.Stdout, value)
	case "json":
		text, err := asJSON(value)
		fmt.Print(text)
		return err
	default:
		return fmt.Errorf("unsupported output format %q", o.format)
	}
}

func asJSON(value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return text.String(), err
}

func table(header []string, rows [][]string) error {
	writer := tabwriter.NewWriter(os.Stdout, 20, 1, 3, ' ', 0)
	fmt.Fprintln(writer, strings.Join(header, "\t"))
	for _, row := range rows {
		fmt.Fprintln(writer, strings.Join(row, "\t"))
	}
	return writer.Flush()
}

func (o *output) shortID(id string) string {
	const shown = 13
	id = strings.TrimPrefix(id, "sha256:")
	if o.noTrunc || len(id) <= shown {
		return id
	}
	return id[:shown]
}

func ago(unixNanoseconds int64) string {
	passed := time.Since(time.Unix(0, unixNanoseconds))
	switch {
	case passed < time.Minute:
		return fmt.Sprintf("%d seconds ago", int(passed.Seconds()))
	case passed < time.Hour:
		return fmt.Sprintf("%d minutes ago", int(passed.Minutes()))
	case passed < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(passed.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(passed.Hours()/24))
	}
}
