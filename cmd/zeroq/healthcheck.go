package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthcheck is for containers, whose image has no shell and no curl.
func healthcheck() *cobra.Command {
	return &cobra.Command{
		Use:   "healthcheck [URL]",
		Short: "Exit with 0 if the URL answers 200",
		Long:  "Exit with 0 if the URL, or else http://127.0.0.1:8888/readyz, answers 200.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			url := "http://127.0.0.1:8888/readyz"
			if len(args) > 0 {
				url = args[0]
			}
			return probe(url)
		},
	}
}

func probe(url string) error {
	client := http.Client{Timeout: 3 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
