//go:build tools

package main

// agnhost is a program, not a library: naming it here keeps its dependencies in go.mod and go.sum.
import _ "k8s.io/kubernetes/test/images/agnhost"
