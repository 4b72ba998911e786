package eks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// updatePatience is how long an update may take; most take a few minutes.
const updatePatience = 30 * time.Minute

// setMode requests the mode and waits until the cluster has it. An update that is already in progress may be this one,
// whose answer was lost: setMode waits for it and reports ErrChanged, so that the change is planned again.
func (c *Cluster) setMode(ctx context.Context, s access.SetMode) error {
	ctx, stop := context.WithTimeout(ctx, updatePatience)
	defer stop()
	out, err := c.api.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{
		Name: &c.Name, AccessConfig: &types.UpdateAccessConfigRequest{AuthenticationMode: types.AuthenticationMode(s.To)},
	})
	switch plain := explainWrite(err); {
	case err == nil:
		return c.await(ctx, aws.ToString(out.Update.Id), s.To)
	case errors.Is(plain, access.ErrExists), errors.Is(plain, errBusy):
		if err := c.untilActive(ctx, ""); err != nil {
			return err
		}
		return fmt.Errorf("%w: another update of the cluster was in progress", access.ErrChanged)
	default:
		return moved(plain)
	}
}

// await follows an update to its end. Without permission to describe updates it watches the cluster instead.
func (c *Cluster) await(ctx context.Context, id string, mode access.Mode) error {
	for n := 0; ; n++ {
		out, err := c.api.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: &c.Name, UpdateId: &id})
		switch plain := explain("", err); {
		case errors.Is(plain, access.ErrForbidden):
			return c.untilActive(ctx, mode)
		case err != nil: // the update continues even if it cannot be read
		case out.Update.Status == types.UpdateStatusSuccessful:
			return c.untilActive(ctx, mode)
		case out.Update.Status != types.UpdateStatusInProgress:
			return fmt.Errorf("the update ended as %s: %s", out.Update.Status, reasons(out.Update.Errors))
		}
		if ended := pause(ctx, n); ended != nil {
			return c.stillRunning(ctx, " "+id, err)
		}
	}
}

// untilActive waits until the cluster is active, and has the mode where one is given.
func (c *Cluster) untilActive(ctx context.Context, mode access.Mode) error {
	for n := 0; ; n++ {
		info, err := c.Info(ctx)
		switch {
		case errors.Is(err, access.ErrForbidden), errors.Is(err, access.ErrNotFound):
			return err
		case err == nil && info.Status == string(types.ClusterStatusActive) && (mode == "" || info.Mode == mode):
			return nil
		}
		if ended := pause(ctx, n); ended != nil {
			return c.stillRunning(ctx, "", err)
		}
	}
}

// stillRunning is why waiting ended before the update ended.
func (c *Cluster) stillRunning(ctx context.Context, id string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("EKS continues the update%s: %w", id, ctx.Err())
	}
	return errors.Join(fmt.Errorf("the cluster is not ready after %s; run the same command again", updatePatience), explain("", err))
}

func reasons(errs []types.ErrorDetail) string {
	var all []string
	for _, e := range errs {
		text := string(e.ErrorCode) + ": " + aws.ToString(e.ErrorMessage)
		if len(e.ResourceIds) > 0 {
			text += " (" + strings.Join(e.ResourceIds, ", ") + ")"
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return "no reason given"
	}
	return strings.Join(all, "; ")
}

// pause waits longer each time, up to five seconds.
//
//go:noinline
func pause(ctx context.Context, n int) error {
	return access.Pause(ctx, min(100*time.Millisecond<<min(n, 10), 5*time.Second))
}
