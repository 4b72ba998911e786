package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const (
	namespace = "kube-system"
	name      = "aws-auth"
	jsonType  = "application/json"
)

// AWSAuth reads the ConfigMap aws-auth; access.ErrNotFound when the cluster has none.
func (c *Client) AWSAuth(ctx context.Context) (access.ConfigMap, error) {
	var o struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
		Data map[string]string `json:"data"`
	}
	if err := c.read(ctx, request{path: configMaps + "/" + name}, &o); err != nil {
		return access.ConfigMap{}, fmt.Errorf("read ConfigMap %s/%s: %w", namespace, name, err)
	}
	if o.Metadata.ResourceVersion == "" { // a write without one would overwrite anything
		return access.ConfigMap{}, fmt.Errorf("read ConfigMap %s/%s: %s", namespace, name, c.stranger())
	}
	if o.Data == nil { // exists but is empty
		o.Data = map[string]string{}
	}
	return access.ConfigMap{Data: o.Data, Version: o.Metadata.ResourceVersion}, nil
}

// AWSAuthWriter is who wrote aws-auth last, and when: the newest of its managed fields, which name programs and not people.
func (c *Client) AWSAuthWriter(ctx context.Context) (manager string, at time.Time, err error) {
	var o struct {
		Metadata struct {
			ManagedFields []struct {
				Manager string    `json:"manager"`
				Time    time.Time `json:"time"`
			} `json:"managedFields"`
		} `json:"metadata"`
	}
	if err := c.read(ctx, request{path: configMaps + "/" + name}, &o); err != nil {
		return "", at, err
	}
	for _, f := range o.Metadata.ManagedFields {
		if f.Time.After(at) {
			manager, at = f.Manager, f.Time
		}
	}
	return manager, at, nil
}

const configMaps = "/api/v1/namespaces/" + namespace + "/configmaps"

// WriteAWSAuth changes the data of aws-auth from before to after: it creates or deletes the ConfigMap, or patches the keys
// that differ and nothing else. Errors: access.ErrChanged where the ConfigMap is no longer what before says,
// access.ErrUnknown where no answer came.
func (c *Client) WriteAWSAuth(ctx context.Context, before, after access.ConfigMap) error {
	if before.Same(after) {
		return nil
	}
	q, body := write(before, after)
	var err error
	if q.body, err = json.Marshal(body); err != nil {
		return err
	}
	_, err = c.send(ctx, q)
	if err == nil {
		return nil
	}
	return fmt.Errorf("write ConfigMap %s/%s: %w", namespace, name, c.explainWrite(ctx, err))
}

// write is the one request that leads from before to after.
func write(before, after access.ConfigMap) (request, object) {
	switch {
	case !before.Exists():
		return request{method: http.MethodPost, path: configMaps}, object{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": name, "namespace": namespace}, "data": after.Data,
		}
	case !after.Exists():
		return request{method: http.MethodDelete, path: configMaps + "/" + name}, object{
			"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": object{"resourceVersion": before.Version},
		}
	}
	return request{method: http.MethodPatch, path: configMaps + "/" + name, kind: "application/merge-patch+json"}, object{
		"metadata": object{"resourceVersion": before.Version}, "data": differing(before.Data, after.Data),
	}
}

// object is a JSON object.
type object = map[string]any

// differing is a merge patch: the keys that change, and null for those that go.
func differing(before, after map[string]string) object {
	patch := object{}
	for k, v := range after {
		if was, had := before[k]; !had || was != v {
			patch[k] = v
		}
	}
	for k := range before {
		if _, stays := after[k]; !stays {
			patch[k] = nil
		}
	}
	return patch
}

// explainWrite reports ErrChanged where the object was changed since it was read, and ErrUnknown where a failed write may
// have been carried out.
func (c *Client) explainWrite(ctx context.Context, err error) error {
	var status apierrors.APIStatus
	plain := c.explain(ctx, err)
	switch {
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), errors.Is(plain, access.ErrNotFound):
		return &failure{text: "it changed in the meantime", is: access.ErrChanged, err: err}
	case errors.Is(plain, context.Canceled):
		return plain
	case !errors.As(err, &status), status.Status().Code >= http.StatusInternalServerError:
		return fmt.Errorf("%w: %w", access.ErrUnknown, plain)
	}
	return plain
}
