package tasks

import (
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/conf"
)

func TestConf_AnEmptyFileMeansTheDefaults(t *testing.T) {
	t.Parallel()
	var got struct{ Tasks Conf }
	mustSucceed(t, conf.LoadFromYamlBytes([]byte("{}"), &got))
	mustSucceed(t, got.Tasks.Validate())
	if got.Tasks.HTTP.Timeout != 10*time.Second || len(got.Tasks.HTTP.AllowNetworks) != 0 {
		t.Errorf("HTTP is %+v", got.Tasks.HTTP)
	}
	if got.Tasks.Thumbnail != (ThumbnailConf{MaxPixels: 50_000_000}) || got.Tasks.Trial {
		t.Errorf("Tasks is %+v", got.Tasks)
	}
}

func TestConf_FileSetsEveryKey(t *testing.T) {
	t.Parallel()
	var got struct{ Tasks Conf }
	mustSucceed(t, conf.LoadFromYamlBytes([]byte(`
Tasks:
  HTTP:
    AllowNetworks: [10.1.0.0/16, "fd12::/16"]
    Timeout: 3s
  Thumbnail:
    Folder: pictures
    MaxPixels: 1000
  Trial: true
`), &got))
	mustSucceed(t, got.Tasks.Validate())
	if http := got.Tasks.HTTP; len(http.AllowNetworks) != 2 || http.timeout() != 3*time.Second {
		t.Errorf("HTTP is %+v", http)
	}
	if got.Tasks.Thumbnail != (ThumbnailConf{"pictures", 1000}) || !got.Tasks.Trial {
		t.Errorf("Tasks is %+v", got.Tasks)
	}
}

func TestConf_ZeroMeansTheDefaults(t *testing.T) {
	t.Parallel()
	var zero Conf
	mustSucceed(t, zero.Validate())
	if zero.HTTP.timeout() != 10*time.Second || zero.Thumbnail.maxPixels() != 50_000_000 {
		t.Errorf("defaults are %v, %d", zero.HTTP.timeout(), zero.Thumbnail.maxPixels())
	}
}

func TestConf_ValidateNamesTheKey(t *testing.T) {
	t.Parallel()
	networks := func(list ...string) Conf { return Conf{HTTP: HTTPConf{AllowNetworks: list}} }
	for want, conf := range map[string]Conf{
		"Tasks.HTTP.Timeout: -1s is negative":                                     {HTTP: HTTPConf{Timeout: -time.Second}},
		"Tasks.Thumbnail.MaxPixels: -1 is negative":                               {Thumbnail: ThumbnailConf{MaxPixels: -1}},
		`Tasks.HTTP.AllowNetworks: "localhost": is no network`:                    networks("localhost"),
		`Tasks.HTTP.AllowNetworks: "": is no network`:                             networks("10.0.0.0/8", ""),
		`Tasks.HTTP.AllowNetworks: "10.0.0.1": is no network`:                     networks("10.0.0.1"),
		`"10.1.2.3/8": is an address within 10.0.0.0/8: write that, or the`:       networks("10.1.2.3/8"),
		`"::ffff:10.0.0.0/104": is an IPv4 network in IPv6 form: write it as IPv`: networks("::ffff:10.0.0.0/104"),
	} {
		mustFail(t, conf.Validate(), want)
	}
}
