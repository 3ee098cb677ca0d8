// Package view renders what the engine knows as the types of the API.
package view

import "time"

// layout is RFC 3339 with exactly three decimals.
const layout = "2006-01-02T15:04:05.000Z"

// moment is null for a time that has not come.
func moment(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format(layout)
	return &text
}

// word is null for a text that there is none of.
func word(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// number is null for the zero that stands for none.
func number[T int | float64](n T) *T {
	if n == 0 {
		return nil
	}
	return &n
}
