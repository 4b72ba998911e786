package kubeapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// watch is a list that continues: it reports what has changed since it was last read.
type watch struct {
	visit *visit
	kind  kind
	match selector
	until <-chan time.Time
	known map[string]object // by namespace and name, as the client has them
}

// version is the resourceVersion of everything in a cluster.
func (s *Server) version() int { return s.Written + 1 }

// watch begins at the version that the client has. Deletions are not kept, so one that came later means a new list.
func (v *visit) watch(k kind) (*watch, error) {
	query := v.URL.Query()
	if query.Get("sendInitialEvents") != "" {
		return nil, v.invalid("ListOptions", "sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
	}
	match, err := v.selector(k)
	if err != nil {
		return nil, err
	}
	since, err := strconv.Atoi(query.Get("resourceVersion"))
	if since > 0 && since < v.server.Deleted {
		return nil, failure(http.StatusGone, "Expired", "too old resource version: "+query.Get("resourceVersion"))
	}
	w := &watch{visit: v, kind: k, match: match, known: map[string]object{}}
	if seconds, _ := strconv.Atoi(query.Get("timeoutSeconds")); seconds > 0 {
		w.until = time.After(time.Duration(seconds) * time.Second)
	}
	for key, o := range w.objects() {
		if version, _ := strconv.Atoi(revision(o)); err == nil && since > 0 && version <= since {
			w.known[key] = o
		}
	}
	return w, nil
}

func revision(o object) string {
	text, _ := meta(o)["resourceVersion"].(string)
	return text
}

func (w *watch) objects() map[string]object {
	found := map[string]object{}
	for _, o := range w.visit.objects(w.kind) {
		if w.match(o) {
			namespace, _ := meta(o)["namespace"].(string)
			name, _ := meta(o)["name"].(string)
			found[namespace+"/"+name] = o
		}
	}
	return found
}

// news are the events that lead from the state that the client knows to the current one.
func (w *watch) news() (events []object) {
	now := w.objects()
	for key, o := range now {
		switch was, known := w.known[key]; {
		case !known:
			events = append(events, object{"type": "ADDED", "object": o})
		case revision(was) != revision(o):
			events = append(events, object{"type": "MODIFIED", "object": o})
		}
	}
	for key, was := range w.known {
		if now[key] == nil {
			events = append(events, object{"type": "DELETED", "object": was})
		}
	}
	w.known = now
	return events
}

// stream sends events until the client has seen enough, its time is up, or the sandbox ends.
func (w *watch) stream(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("Content-Type", jsonType)
	control := http.NewResponseController(out)
	_ = control.SetReadDeadline(time.Time{}) // the deadline of the request's body does not apply to the answer
	encoder := json.NewEncoder(out)
	lock := w.visit.server.Lock
	for {
		lock.Lock()
		events, changed := w.news(), w.visit.server.changed()
		lock.Unlock()
		for _, event := range events {
			if encoder.Encode(event) != nil {
				return
			}
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-w.until:
			return
		case <-r.Context().Done():
			return
		}
	}
}
