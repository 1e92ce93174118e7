// Command crictl is the test lab's stand-in for cri-tools' crictl.
package main

import (
	"os"

	"kbs.test/lab/kubernetes/internal/crictl"
)

var version = "unknown"

func main() {
	os.Exit(crictl.Main(version))
}
