//go:build tools

// Package flannelcni names the CNI plugin flannel, a program and not a library, so that its dependencies stand in go.mod and go.sum.
package flannelcni

import _ "github.com/containernetworking/plugins/plugins/meta/flannel"
