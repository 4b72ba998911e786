package sandbox_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/smithy-go"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func TestThrottling(t *testing.T) {
	now := sandboxtest.NewClock()
	s := sandboxtest.New(t, sandbox.Options{Rate: 1, Burst: 2, Now: now.Now})
	list := func() error {
		_, err := s.EKS("default").ListClusters(t.Context(), &eks.ListClustersInput{})
		return err
	}
	if err := errors.Join(list(), list()); err != nil {
		t.Fatal(err)
	}
	if got := sandboxtest.Code(t, list()); got != "ThrottlingException: Rate exceeded" {
		t.Error(got)
	}
	now.Add(time.Second)
	if err := list(); err != nil {
		t.Error(err)
	}
	if got := s.Calls()["eks.ListClusters"]; got != 4 {
		t.Errorf("%d calls counted", got)
	}
}

// TestFaults wants every kind of fault, and the change made in about half of the cases all the same.
func TestFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	s := sandboxtest.New(t, sandbox.Options{FaultRate: 1, Seed: 7, State: file})
	kinds := map[string]int{}
	for range 40 {
		_, err := s.EKS("default").DeleteAccessEntry(t.Context(), &eks.DeleteAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "ops")})
		var api smithy.APIError
		switch {
		case err == nil:
			t.Fatal("no fault")
		case errors.As(err, &api):
			kinds[api.ErrorCode()]++
		default:
			kinds["reset"]++
		}
	}
	var kept struct{ Trail []struct{ Username string } }
	text, err := os.ReadFile(file)
	if err = errors.Join(err, json.Unmarshal(text, &kept)); err != nil {
		t.Fatal(err)
	}
	made := 0
	for _, e := range kept.Trail {
		if e.Username == "sandbox" { // not of the past
			made++
		}
	}
	if kinds["ServerException"] == 0 || kinds["ServiceUnavailableException"] == 0 || kinds["reset"] == 0 || len(kinds) != 3 {
		t.Errorf("faults: %v", kinds)
	}
	if made < 10 || made > 30 {
		t.Errorf("%d of 40 reached the account", made)
	}
}
