// Command kubeadm is the kubeadm of k8s.io/kubernetes.
package main

import (
	"k8s.io/kubernetes/cmd/kubeadm/app"
	"k8s.io/kubernetes/cmd/kubeadm/app/util"
)

func main() {
	util.CheckErr(app.Run())
}
