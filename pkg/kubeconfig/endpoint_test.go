package kubeconfig

import "testing"

func TestEndpointsOfAllPartitions(t *testing.T) {
	const id = "https://0123456789ABCDEF0123456789ABCDEF"
	for _, c := range []struct {
		server            string
		eks               bool
		region, partition string
	}{
		{id + ".gr7.us-east-1.eks.amazonaws.com", true, "us-east-1", "aws"},
		{id + ".YL4.EU-CENTRAL-2.EKS.AMAZONAWS.COM.:443/", true, "eu-central-2", "aws"},
		{id + ".eu-west-1.eks.amazonaws.com", true, "eu-west-1", "aws"},
		{id + ".sk1.mx-central-1.eks.amazonaws.com:8443", true, "mx-central-1", "aws"},
		{id + ".gr7.us-gov-east-1.eks.amazonaws.com", true, "us-gov-east-1", "aws-us-gov"},
		{id + ".yl4.cn-north-1.eks.amazonaws.com.cn", true, "cn-north-1", "aws-cn"},
		{"https://eks-cluster.cn-north-1.amazonwebservices.com.cn", true, "cn-north-1", "aws-cn"},
		{id + ".eks-cluster.cn-north-1.api.amazonwebservices.com.cn", true, "cn-north-1", "aws-cn"},
		{id + ".eks-cluster.ap-east-2.api.aws", true, "ap-east-2", "aws"},
		{"https://eks-cluster.us-gov-west-1.api.aws", true, "us-gov-west-1", "aws-us-gov"},
		{id + ".gr7.us-west-2.eks.api.aws", true, "us-west-2", "aws"},
		{id + ".gr7.eusc-de-east-1.eks.amazonaws.eu", true, "eusc-de-east-1", "aws-eusc"},
		{id + ".gr7.us-iso-east-1.eks.c2s.ic.gov", true, "us-iso-east-1", "aws-iso"},
		{id + ".gr7.us-isob-east-1.eks.sc2s.sgov.gov", true, "us-isob-east-1", "aws-iso-b"},
		{id + ".gr7.eu-isoe-west-1.eks.cloud.adc-e.uk", true, "eu-isoe-west-1", "aws-iso-e"},
		{id + ".gr7.us-isof-south-1.eks.csp.hci.ic.gov", true, "us-isof-south-1", "aws-iso-f"},
		{"https://shop.eks.amazonaws.com", true, "", ""},
		{"https://<ID>.gr7.us-east-1.eks.amazonaws.com", true, "us-east-1", "aws"},
		{id + ".gr7.${region}.eks.amazonaws.com", true, "", ""},
		{"https://eks.us-east-1.amazonaws.com", false, "", ""},
		{"https://eks.us-east-1.api.aws", false, "", ""},
		{"https://fips.eks.us-east-1.amazonaws.com", false, "", ""},
		{"https://shop-123.us-east-1.elb.amazonaws.com", false, "", ""},
		{"https://x.gr7.us-east-1.eks.amazonaws.com.example.com", false, "", ""},
		{"https://rancher.example.com/k8s/clusters/c-x.gr7.us-east-1.eks.amazonaws.com", false, "", ""},
		{"https://10.0.0.1", false, "", ""},
		{"", false, "", ""},
	} {
		if got, want := parseHost(hostOf(c.server)), (endpoint{c.eks, c.region, c.partition}); got != want {
			t.Errorf("%s: %+v, want %+v", c.server, got, want)
		}
	}
}

func TestSameEndpoint(t *testing.T) {
	const a = "https://ABC.gr7.us-east-1.eks.amazonaws.com"
	for _, c := range []struct {
		b    string
		same bool
	}{
		{a, true},
		{"https://abc.GR7.us-east-1.eks.amazonaws.com:443/", true},
		{"HTTPS://abc.gr7.us-east-1.eks.amazonaws.com.", true},
		{"abc.gr7.us-east-1.eks.amazonaws.com", true},
		{" " + a + "\n", true},
		{"http://abc.gr7.us-east-1.eks.amazonaws.com", false},
		{a + ":8443", false},
		{a + "/k8s", false},
		{"https://abd.gr7.us-east-1.eks.amazonaws.com", false},
		{"", false},
		{"https://", false},
		{"://", false},
	} {
		if got := SameEndpoint(a, c.b); got != c.same || SameEndpoint(c.b, a) != c.same {
			t.Errorf("%q: %v, want %v", c.b, got, c.same)
		}
	}
	if SameEndpoint("", "") {
		t.Error("two unknown endpoints are not the same")
	}
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		text string
		want label
	}{
		{"arn:aws:eks:us-east-1:111122223333:cluster/shop", label{FromARN, "shop", "us-east-1", "111122223333", "aws"}},
		{"arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/shop", label{FromARN, "shop", "us-gov-west-1", "111122223333", "aws-us-gov"}},
		{"arn:aws:eks:us-east-1:ACCOUNT:cluster/shop", label{FromARN, "shop", "us-east-1", "", "aws"}},
		{"arn:${p}:eks:${r}:${a}:cluster/${n}", label{from: FromARN}},
		{"arn:aws:eks:us-east-1:111122223333:cluster/-shop", label{FromARN, "", "us-east-1", "111122223333", "aws"}},
		{"arn:aws:eks:us-east-1:111122223333:nodegroup/shop", label{}},
		{"arn:aws:ecs:us-east-1:111122223333:cluster/shop", label{}},
		{"arn:gcp:eks:us-east-1:111122223333:cluster/shop", label{}},
		{"my-arn:aws:eks:us-east-1:111122223333:cluster/shop", label{}},
		{"shop.eu-west-1.eksctl.io", label{from: FromEksctl, name: "shop", region: "eu-west-1"}},
		{"jo.doe@example.com@shop.eu-west-1.eksctl.io", label{from: FromEksctl, name: "shop", region: "eu-west-1"}},
		{"shop.nowhere.eksctl.io", label{from: FromEksctl, name: "shop"}},
		{".eksctl.io", label{from: FromEksctl}},
		{"shop", label{}},
		{"", label{}},
	} {
		if got := parseLabel(c.text); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.text, got, c.want)
		}
	}
}

func TestRegions(t *testing.T) {
	for _, c := range []struct{ region, partition string }{
		{"us-east-1", "aws"},
		{"il-central-1", "aws"},
		{"ap-southeast-12", "aws"},
		{"us-gov-east-1", "aws-us-gov"},
		{"cn-north-1", "aws-cn"},
		{"us-iso-west-1", "aws-iso"},
		{"us-isob-west-1", "aws-iso-b"},
		{"eu-isoe-west-1", "aws-iso-e"},
		{"us-isof-east-1", "aws-iso-f"},
		{"eusc-de-east-1", "aws-eusc"},
		{"us-east-1a", ""},
		{"us-east", ""},
		{"us--1", ""},
		{"xx-east-1", ""},
		{"US-EAST-1", ""},
		{"aws-global", ""},
		{"", ""},
	} {
		if got := partitionOf(c.region); got != c.partition {
			t.Errorf("%s is in %q, want %q", c.region, got, c.partition)
		}
	}
}
