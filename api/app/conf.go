package app

import (
	"fmt"

	"github.com/zeromicro/go-zero/core/conf"
)

// DefaultConf is the configuration that an empty file gives, for programs that have none: the API on
// 127.0.0.1:8888, on the Redis at 127.0.0.1:6379.
func DefaultConf() Conf {
	var c Conf
	if err := conf.LoadFromYamlBytes([]byte("Name: zeroq-api"), &c); err != nil {
		panic(fmt.Sprintf("api: the defaults do not load: %v", err)) // a mistake in the struct tags
	}
	return c
}
