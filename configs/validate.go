package configs

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
)

// Validate reports everything that is wrong at once.
//
// Errors: Problems.
func (c Config) Validate() error {
	if p := c.problems(); len(p) > 0 {
		return p
	}
	return nil
}

func (c Config) problems() (p Problems) {
	bad := func(format string, args ...any) { p = append(p, fmt.Sprintf(format, args...)) }
	if c.DataDir == "" {
		bad("TIERBOOK_DATA_DIR must name a directory.")
	}
	if !c.Database.IsPrivate() && (c.Database.Web == "" || c.Database.Work == "") {
		bad("DATABASE_URL_WEB and DATABASE_URL_WORK must both be set to use a PostgreSQL of your own, and DATABASE_URL to migrate it.")
	}
	for _, n := range []struct {
		name       string
		value, min int
	}{
		{"TIERBOOK_DATABASE_WEB_CONNS", c.Database.WebConns, 1},
		{"TIERBOOK_DATABASE_WORK_CONNS", c.Database.WorkConns, 4},
		{"TIERBOOK_USAGE_UPLOAD_MB", c.Usage.UploadMB, 1},
		{"TIERBOOK_USAGE_MEMORY_MB", c.Usage.MemoryMB, 16},
	} {
		if n.value < n.min {
			bad("%s must be %d or more.", n.name, n.min)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Work.Queues)) {
		if c.Work.Queues[name] < 1 {
			bad("TIERBOOK_WORK_QUEUES must give the queue %s 1 or more.", name)
		}
	}
	if c.Web.RequestTimeout <= 0 {
		bad("TIERBOOK_WEB_REQUEST_TIMEOUT must be longer than nothing.")
	}
	if !isAddress(c.Web.Listen) {
		bad("TIERBOOK_WEB_LISTEN must be host:port, such as 127.0.0.1:8080.")
	}
	if _, err := c.Web.Proxies(); err != nil {
		bad("TIERBOOK_WEB_TRUSTED_PROXIES must list addresses and networks, such as 10.0.0.1,192.168.0.0/16: %v.", err)
	}
	if c.Metrics.Listen != "" && !isAddress(c.Metrics.Listen) {
		bad("TIERBOOK_METRICS_LISTEN must be host:port, or empty for none.")
	}
	if !slices.Contains([]string{"text", "json"}, c.Log.Format) {
		bad("TIERBOOK_LOG_FORMAT must be text or json.")
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(c.Log.Level)) {
		bad("TIERBOOK_LOG_LEVEL must be debug, info, warn or error.")
	}
	slices.Sort(p)
	return p
}

func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && port != ""
}
