package printer

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhatIsWaitedForIsNamedAfterASecond, again after ten more, and never once it has come.
func TestWhatIsWaitedForIsNamedAfterASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		busy := false
		calls := Waiting(&out, func() bool { return busy })
		busy = true
		calls("EKS DescribeCluster", 1)
		time.Sleep(5 * time.Second)
		calls("EKS DescribeCluster", -1)
		busy = false
		calls("EKS DescribeCluster", 1)
		time.Sleep(900 * time.Millisecond)
		calls("EKS DescribeCluster", -1)
		time.Sleep(time.Minute)
		synctest.Wait()
		if out.Len() > 0 {
			t.Fatal(out.String())
		}
		calls("IAM GetRole", 1)
		calls("EKS ListAccessEntries", 1)
		calls("EKS ListAccessEntries", 1)
		time.Sleep(time.Second)
		synctest.Wait()
		calls("EKS ListAccessEntries", -1)
		calls("IAM GetRole", -1)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		calls("EKS ListAccessEntries", -1)
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := "Waiting for EKS ListAccessEntries, IAM GetRole…\nWaiting for EKS ListAccessEntries…\n"; out.String() != want {
			t.Errorf("%q", out.String())
		}
	})
}
