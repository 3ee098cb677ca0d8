package main

import (
	"runtime/debug"
)

// version is what the build knows of itself: the version of the module, the commit unless the
// version has it, and that of Go.
func version(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	if text == "" || text == "(devel)" {
		text = "devel"
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				text += " " + setting.Value
			}
		}
	}
	return text + ", " + info.GoVersion
}
