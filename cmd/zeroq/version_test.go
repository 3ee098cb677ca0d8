package main

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	commit := []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "c0ffee"}}
	for want, info := range map[string]*debug.BuildInfo{
		"v1.2.3, go1.99":       {GoVersion: "go1.99", Main: debug.Module{Version: "v1.2.3"}, Settings: commit},
		"devel c0ffee, go1.99": {GoVersion: "go1.99", Main: debug.Module{Version: "(devel)"}, Settings: commit},
		"devel, go1.99":        {GoVersion: "go1.99"},
	} {
		if got := version(info, true); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := version(nil, false); got != "unknown" {
		t.Errorf("got %q", got)
	}
}
