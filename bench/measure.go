package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"tierbook/app/kernel/clock"
)

// stopwatch starts now and returns the time since then.
func stopwatch() func() time.Duration {
	began := clock.System{}.Now()
	return func() time.Duration { return clock.System{}.Now().Sub(began) }
}

// PeakRSS returns the most memory that a process has had resident so far, in
// bytes: VmHWM of /proc/<process>/status. process is a number, or "self". It is
// 0 where the system does not tell.
func PeakRSS(process string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%s/status", process))
	if err != nil {
		return 0
	}
	_, rest, found := bytes.Cut(text, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if !found || len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// perSecond returns n per second of d; 0 where no time went by.
func perSecond(n float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return n / d.Seconds()
}
