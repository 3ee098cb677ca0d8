//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// show prints the ledgers of a run: all of it, or what is about some tasks, and all faults.
func show(out io.Writer, folder string, tasks []string) error {
	var numbers []uint64
	for _, text := range tasks {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no task's number", text)
		}
		numbers = append(numbers, n)
	}
	records, err := ledger.Read(folder)
	if err != nil {
		return err
	}
	for _, r := range records {
		if len(numbers) == 0 || r.Task == 0 || slices.Contains(numbers, r.Task) {
			fmt.Fprintln(out, r)
		}
	}
	return nil
}
