package sandbox

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/smithy-go"
)

func TestThrottling(t *testing.T) {
	now := &clock{at: time.Now()}
	s := start(t, Options{Rate: 1, Burst: 2, Now: now.now})
	list := func() error {
		_, err := s.eks("default").ListClusters(t.Context(), &eks.ListClustersInput{})
		return err
	}
	if err := errors.Join(list(), list()); err != nil {
		t.Fatal(err)
	}
	if got := code(t, list()); got != "ThrottlingException: Rate exceeded" {
		t.Error(got)
	}
	now.add(time.Second)
	if err := list(); err != nil {
		t.Error(err)
	}
	if got := s.Calls()["eks.ListClusters"]; got != 4 {
		t.Errorf("%d calls counted", got)
	}
}

// TestFaults wants every kind of fault, and the change made in about half of the cases all the same.
func TestFaults(t *testing.T) {
	s := start(t, Options{FaultRate: 1, Seed: 7})
	kinds, made := map[string]int{}, 0
	for range 40 {
		_, err := s.eks("default").DeleteAccessEntry(t.Context(), &eks.DeleteAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "ops")})
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
	s.mu.Lock()
	made = len(s.account.Trail)
	s.mu.Unlock()
	if kinds["ServerException"] == 0 || kinds["ServiceUnavailableException"] == 0 || kinds["reset"] == 0 || len(kinds) != 3 {
		t.Errorf("faults: %v", kinds)
	}
	if made < 10 || made > 30 {
		t.Errorf("%d of 40 reached the account", made)
	}
}
