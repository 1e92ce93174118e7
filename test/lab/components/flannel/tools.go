//go:build tools

// Package flannel names flanneld, a program and not a library, so that its dependencies stand in go.mod and go.sum.
package flannel

import _ "github.com/flannel-io/flannel"
