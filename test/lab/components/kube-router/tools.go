//go:build tools

// Package kuberouter names kube-router, a program and not a library, so that its dependencies stand in go.mod and go.sum.
package kuberouter

import _ "github.com/cloudnativelabs/kube-router/cmd/kube-router"
