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

const (
	updatePatience = 30 * time.Minute // an update takes a few minutes
	notActive      = "is not in ACTIVE status"
	unsupported    = "Unsupported authentication mode update"
)

// setMode asks for the mode and waits until the cluster has it. An update that is under way already
// may be this very one, whose answer got lost: it is waited for, and then the plan is made anew.
func (c *Cluster) setMode(ctx context.Context, s access.SetMode) error {
	ctx, stop := context.WithTimeout(ctx, updatePatience)
	defer stop()
	out, err := c.api.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{
		Name: &c.Name, AccessConfig: &types.UpdateAccessConfigRequest{AuthenticationMode: types.AuthenticationMode(s.To)},
	})
	switch plain := explainWrite(err); {
	case err == nil:
		return c.await(ctx, aws.ToString(out.Update.Id), s.To)
	case errors.Is(plain, access.ErrExists), strings.Contains(plain.Error(), notActive):
		if err := c.untilActive(ctx, ""); err != nil {
			return err
		}
		return fmt.Errorf("%w: another update of the cluster was under way", access.ErrChanged)
	case strings.Contains(plain.Error(), unsupported):
		return fmt.Errorf("%w: %w", access.ErrChanged, plain)
	default:
		return moved(plain)
	}
}

// await follows an update to its end. Who may not see updates watches the cluster instead.
func (c *Cluster) await(ctx context.Context, id string, mode access.Mode) error {
	for n := 0; ; n++ {
		out, err := c.api.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: &c.Name, UpdateId: &id})
		switch plain := explain("", err); {
		case errors.Is(plain, access.ErrForbidden):
			return c.untilActive(ctx, mode)
		case err != nil: // the update goes on whether it can be seen or not
		case out.Update.Status == types.UpdateStatusSuccessful:
			return c.untilActive(ctx, mode)
		case out.Update.Status != types.UpdateStatusInProgress:
			return fmt.Errorf("EKS gave the update up (%s): %s", out.Update.Status, reasons(out.Update.Errors))
		}
		if ended := pause(ctx, n); ended != nil {
			return c.stillRunning(ctx, " "+id, err)
		}
	}
}

// untilActive waits until the cluster is active, and in the mode where one is given.
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

// stillRunning is why waiting ended before the update did.
func (c *Cluster) stillRunning(ctx context.Context, id string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("EKS goes on with the update%s: %w", id, ctx.Err())
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
		return "without a reason"
	}
	return strings.Join(all, "; ")
}

// pause waits longer before each new look, up to five seconds.
func pause(ctx context.Context, n int) error {
	return access.Pause(ctx, min(100*time.Millisecond<<min(n, 10), 5*time.Second))
}
