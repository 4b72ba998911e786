package kubeconfig

import (
	"reflect"
	"strings"
	"testing"
)

func FuzzExec(f *testing.F) {
	for _, s := range []string{
		"aws\neks\nget-token\n--cluster-name\nshop\n--region\nus-east-1",
		"aws-iam-authenticator\ntoken\n-i\nshop\n-r\narn:aws:iam::111122223333:role/r",
		"sh\n-c\nX=$(y) aws eks get-token --cluster-name \"${Z}\" 2>&1 | cat <a >b",
		"cmd\n/c\nset AWS_PROFILE=^p&& aws eks get-token --cluster-name 'x",
		"aws-vault\nexec\np\n--\nbash\n-c\naws eks get-token --cluster-name $1\n-\nshop",
	} {
		f.Add("AWS_PROFILE=p", s, "shop")
	}
	f.Fuzz(func(t *testing.T, env, line, value string) {
		args := strings.Split(line, "\n")
		e := entry(env, "aws")
		e.Command, e.Args = args[0], args[1:]
		one, two := parseExec(e), parseExec(e)
		if !reflect.DeepEqual(one, two) {
			t.Fatalf("not stable: %+v, then %+v", one, two)
		}
		if name := one.name.value; name != clusterName(name) || one.region.value != realRegion(one.region.value) || isPlaceholder(one.profile.value) {
			t.Fatalf("took %+v", one)
		}
		formsAgree(t, env, value)
	})
}

// formsAgree: --flag VALUE and --flag=VALUE are one, for each flag of each program.
func formsAgree(t *testing.T, env, value string) {
	t.Helper()
	if strings.ContainsAny(value, "| \t\n") || strings.HasPrefix(value, "-") {
		return
	}
	for _, p := range tools {
		call := strings.Fields(p.names)[0] + "|" + strings.ReplaceAll(p.verbs, " ", "|") + "|--"
		for flag := range strings.FieldsSeq(p.flags) {
			flag, _, _ = strings.Cut(flag, ":")
			apart, joined := parseExec(entry(env, call+flag+"|"+value)), parseExec(entry(env, call+flag+"="+value))
			if !reflect.DeepEqual(apart, joined) {
				t.Fatalf("%s%s %q: %+v, but joined %+v", call, flag, value, apart, joined)
			}
		}
	}
}
