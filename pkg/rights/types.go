package rights

import "strings"

// builtin are the resource types of Kubernetes 1.36, for clusters whose discovery cannot be read: name, kind, short names,
// subresources. A group begins with a line of its own; a dash marks types without a namespace.
const builtin = `
: core
pods Pod po attach,binding,ephemeralcontainers,eviction,exec,log,portforward,proxy,resize,status
services Service svc proxy,status
secrets Secret
configmaps ConfigMap cm
serviceaccounts ServiceAccount sa token
persistentvolumeclaims PersistentVolumeClaim pvc status
events Event ev
endpoints Endpoints ep
replicationcontrollers ReplicationController rc scale,status
resourcequotas ResourceQuota quota status
limitranges LimitRange limits
podtemplates PodTemplate
bindings Binding
-namespaces Namespace ns finalize,status
-nodes Node no proxy,status
-persistentvolumes PersistentVolume pv status
-componentstatuses ComponentStatus cs
-users User
-groups Group
: apps
deployments Deployment deploy scale,status
daemonsets DaemonSet ds status
statefulsets StatefulSet sts scale,status
replicasets ReplicaSet rs scale,status
controllerrevisions ControllerRevision
: batch
jobs Job - status
cronjobs CronJob cj status
: autoscaling
horizontalpodautoscalers HorizontalPodAutoscaler hpa status
: policy
poddisruptionbudgets PodDisruptionBudget pdb status
: networking.k8s.io
ingresses Ingress ing status
networkpolicies NetworkPolicy netpol
-ingressclasses IngressClass
: discovery.k8s.io
endpointslices EndpointSlice
: events.k8s.io
events Event ev
: coordination.k8s.io
leases Lease
: rbac.authorization.k8s.io
roles Role
rolebindings RoleBinding
-clusterroles ClusterRole
-clusterrolebindings ClusterRoleBinding
: storage.k8s.io
csistoragecapacities CSIStorageCapacity
-storageclasses StorageClass sc
-csidrivers CSIDriver
-csinodes CSINode
-volumeattachments VolumeAttachment - status
: scheduling.k8s.io
-priorityclasses PriorityClass pc
: node.k8s.io
-runtimeclasses RuntimeClass
: admissionregistration.k8s.io
-mutatingwebhookconfigurations MutatingWebhookConfiguration
-validatingwebhookconfigurations ValidatingWebhookConfiguration
-validatingadmissionpolicies ValidatingAdmissionPolicy - status
-validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding
: apiextensions.k8s.io
-customresourcedefinitions CustomResourceDefinition crd,crds status
: apiregistration.k8s.io
-apiservices APIService - status
: certificates.k8s.io
-certificatesigningrequests CertificateSigningRequest csr approval,status
-signers Signer
: authentication.k8s.io
-tokenreviews TokenReview
-selfsubjectreviews SelfSubjectReview
-userextras UserExtra
-uids UID
: authorization.k8s.io
localsubjectaccessreviews LocalSubjectAccessReview
-selfsubjectaccessreviews SelfSubjectAccessReview
-selfsubjectrulesreviews SelfSubjectRulesReview
-subjectaccessreviews SubjectAccessReview
`

// Builtin are the resource types of Kubernetes itself, with those that only RBAC knows.
func Builtin() (types []Type) {
	group := ""
	for line := range strings.SplitSeq(strings.TrimSpace(builtin), "\n") {
		if name, ok := strings.CutPrefix(line, ": "); ok {
			if group = name; group == "core" {
				group = ""
			}
			continue
		}
		words := append(strings.Fields(line), "", "")
		name, wide := strings.CutPrefix(words[0], "-")
		t := Type{Name: name, Group: group, Kind: words[1], Singular: strings.ToLower(words[1]), Namespaced: !wide}
		if words[2] != "" && words[2] != "-" && !strings.Contains(words[2], "/") {
			t.Short = strings.Split(words[2], ",")
		}
		if words[3] != "" {
			t.Subresources = strings.Split(words[3], ",")
		}
		types = append(types, t)
	}
	return types
}

// Virtual reports whether only RBAC knows the type, so that discovery never lists it.
func (t Type) Virtual() bool {
	switch t.Name {
	case "users", "groups", "userextras", "uids", "signers":
		return true
	}
	return false
}

// WithVirtual adds the virtual types to those of a cluster.
func WithVirtual(found []Type) []Type {
	for _, t := range Builtin() {
		if t.Virtual() {
			found = append(found, t)
		}
	}
	return found
}
