package awsapi

import (
	"encoding/json"
	"testing"
	"time"
)

func TestEpochIsANumber(t *testing.T) {
	at := epoch{time.UnixMilli(1685540747281).UTC()}
	text, err := json.Marshal(at)
	if err != nil || string(text) != "1685540747.281" {
		t.Fatalf("%s, %v", text, err)
	}
	var back epoch
	if err := json.Unmarshal(text, &back); err != nil || !back.Equal(at.Time) {
		t.Errorf("%v, %v", back, err)
	}
}
