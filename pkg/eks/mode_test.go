package eks_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
)

func step(from access.Mode) access.SetMode {
	return access.SetMode{Cluster: "legacy", From: from, To: from.Next()}
}

func TestTheModeIsWaitedFor(t *testing.T) {
	c, _ := open(t, sandbox.Options{}, "legacy", "")
	for _, from := range []access.Mode{access.ModeConfigMap, access.ModeBoth} {
		if err := c.Do(t.Context(), step(from)); err != nil {
			t.Fatal(err)
		}
		info, err := c.Info(t.Context())
		if err != nil || info.Mode != from.Next() || info.Status != "ACTIVE" {
			t.Errorf("%+v, %v", info, err)
		}
	}
	if err := c.Do(t.Context(), step(access.ModeConfigMap)); !errors.Is(err, access.ErrChanged) {
		t.Errorf("a step that was taken before: %v", err)
	}
}

func TestTwoWhoTakeTheSameStepBothEndThere(t *testing.T) {
	c, _ := open(t, sandbox.Options{}, "legacy", "")
	first := make(chan error)
	go func() { first <- c.Do(context.Background(), step(access.ModeConfigMap)) }()
	second := c.Do(t.Context(), step(access.ModeConfigMap))
	errs := []error{<-first, second}
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if !errors.Is(err, access.ErrChanged) {
			t.Error(err)
		}
	}
	if info, err := c.Info(t.Context()); done == 0 || err != nil || info.Mode != access.ModeBoth || info.Status != "ACTIVE" {
		t.Errorf("%d done, %+v, %v", done, info, err)
	}
}

func TestWhyAModeStepFailed(t *testing.T) {
	for _, row := range []struct {
		name, profile, says string
		o                   sandbox.Options
	}{
		{"the update failed", "", "the update ended as Failed: OperationNotPermitted: no capacity", sandbox.Options{UpdateError: "no capacity"}},
		{"not allowed", "read-only", "access denied", sandbox.Options{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, _ := open(t, row.o, "legacy", row.profile)
			if err := c.Do(t.Context(), step(access.ModeConfigMap)); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Error(err)
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	c, box := open(t, sandbox.Options{}, "legacy", "")
	go func() {
		for box.Calls()["eks.DescribeUpdate"] == 0 {
			_ = access.Pause(t.Context(), 1)
		}
		stop()
	}()
	if err := c.Do(ctx, step(access.ModeConfigMap)); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "continues the update ") {
		t.Errorf("cancelled: %v", err)
	}
}

func TestAModeStepAmongFaults(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "3")
	c, _ := open(t, sandbox.Options{FaultRate: 0.3, Seed: 11}, "legacy", "")
	for range 10 {
		err := c.Do(t.Context(), step(access.ModeConfigMap))
		if err != nil && !errors.Is(err, access.ErrUnknown) && !errors.Is(err, access.ErrChanged) {
			t.Fatal(err)
		}
		if info, err := c.Info(t.Context()); err == nil && info.Mode == access.ModeBoth {
			return
		}
	}
	t.Error("never came through")
}
