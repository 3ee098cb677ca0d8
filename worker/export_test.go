package worker

import "github.com/zeroq-dev/zeroq/internal/broker/carriers"

// Dial has the worker open its carriers by f.
func Dial(f carriers.Opener) Option { return func(w *Worker) { w.dial = f } }
