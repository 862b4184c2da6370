package logs_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"tierbook/app/platform/logs"
)

func TestNew(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	l, err := logs.New(&b, "json", "warn")
	if err != nil {
		t.Fatal(err)
	}
	l.Info("not this")
	l.Warn("this", "run", 7)
	var got struct {
		Time, Level, Msg string
		Run              int
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	if got.Msg != "this" || got.Run != 7 || !strings.HasSuffix(got.Time, "Z") {
		t.Errorf("got %+v", got)
	}
}

func TestNew_RefusesUnknownWords(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{{"xml", "info"}, {"text", "loud"}} {
		if _, err := logs.New(nil, tt[0], tt[1]); err == nil {
			t.Errorf("format %q with level %q was accepted", tt[0], tt[1])
		}
	}
}
