package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
)

// state is everything that is kept between runs: what AWS knows, and what each cluster stores.
type state struct {
	file    string // "": nothing is kept
	account *awsapi.Account
	objects map[string]*kubeapi.Objects // by cluster
}

// saved is the state as the file has it: each cluster is one object, whichever side knows a member of it.
type saved struct {
	awsapi.Kept
	Clusters map[string]savedCluster `json:"clusters"`
}

type savedCluster struct {
	*awsapi.Cluster
	*kubeapi.Objects
}

// openState reads the state file, or seeds an account where there is none yet.
func openState(o Options) (state, error) {
	now := moment(o)
	s, err := readState(o.State)
	if err != nil {
		return state{}, err
	}
	if s.account == nil {
		s = seeded(now)
		for _, objects := range s.objects {
			if objects.AWSAuth != nil && o.AWSAuth != nil {
				objects.AWSAuth = maps.Clone(o.AWSAuth)
			}
		}
	}
	s.file = o.State
	s.account.Settings = awsapi.Settings{Propagation: o.Propagation, TrailDelay: o.TrailDelay, UpdateTime: awsapi.UpdateTime, UpdateError: o.UpdateError, Endpoints: map[string]awsapi.Endpoint{}}
	fill(s.account, s.account.Clusters["demo"], o.Entries, now)
	return s, nil
}

// readState is an empty state where there is no file.
func readState(file string) (s state, err error) {
	if file == "" {
		return state{}, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, nil
	} else if err != nil {
		return state{}, err
	}
	var in saved
	if err := json.Unmarshal(data, &in); err != nil {
		return state{}, fmt.Errorf("state %s: %w", file, err)
	}
	s = state{account: &awsapi.Account{Kept: in.Kept, Clusters: map[string]*awsapi.Cluster{}}, objects: map[string]*kubeapi.Objects{}}
	for name, cl := range in.Clusters {
		if cl.Cluster == nil || cl.Objects == nil {
			return state{}, fmt.Errorf("state %s: cluster %s is not complete", file, name)
		}
		if cl.Bindings == nil { // kept by a version that had the same in every cluster
			cl.Bindings = kubeapi.NewBindings()
		}
		s.account.Clusters[name], s.objects[name] = cl.Cluster, cl.Objects
	}
	return s, nil
}

// save replaces the file in one step: a kill at any moment leaves the old state or the new one.
func (s state) save() error {
	if s.file == "" {
		return nil
	}
	out := saved{s.account.Kept, map[string]savedCluster{}}
	for name, cl := range s.account.Clusters {
		out.Clusters[name] = savedCluster{cl, s.objects[name]}
	}
	data, err := json.Marshal(out)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.file), filepath.Base(s.file)+".*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
