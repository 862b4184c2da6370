package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/routes"
	"tierbook/views/layout"
	"tierbook/views/ui"
)

// Jobs tells what runs in the background. Both methods see what the scope sees;
// a page does not fail for them.
type Jobs interface {
	// Now counts the jobs in progress, and names those that the actor has asked
	// for.
	Now(ctx context.Context) Running
	// Ended returns those of jobs, as Now named them, that have ended since.
	// What is no job, or none for the scope, is left out.
	Ended(ctx context.Context, jobs []string) []Ended
}

// Running is what runs in the background.
type Running struct {
	Count int64
	URL   string   // where they are listed
	Own   []string // names of those that the actor waits for and that end by themselves
}

// Ended is a job that is done, in one way or another.
type Ended struct {
	Text string // in a sentence
	Tone ui.Tone
	URL  string // its page
}

// jobsApart stands between names of jobs, in addresses and in a cookie: a comma
// may not stand in one.
const jobsApart = "."

// mostWatched is how many of one's own jobs a page follows to their end.
const mostWatched = 20

// jobs answers a page that counts jobs in progress: how many there are now, and
// with a toast which of those ended that the user had asked for. Outside of
// pages it leads to their list.
func (s *Server) jobs(c *fiber.Ctx) error {
	running := s.jobsNow(c, nil)
	if !IsHTMX(c) {
		if running.URL == "" {
			running.URL = routes.Home
		}
		return c.Redirect(running.URL, fiber.StatusSeeOther)
	}
	if s.opts.Jobs != nil {
		if watched := strings.Split(c.Query("own"), jobsApart); len(watched) <= mostWatched {
			if ended := s.opts.Jobs.Ended(c.UserContext(), watched); len(ended) > 0 {
				c.Set("HX-Trigger", trigger(toastOf(ended, running.URL)))
			}
		}
	}
	return Fragment(c, layout.InProgress(running))
}

// toastOf says what has ended: one job by its name, several by their number.
func toastOf(ended []Ended, list string) toast {
	if len(ended) == 1 {
		return toast(ended[0])
	}
	t := toast{Text: fmt.Sprintf("%d jobs have ended.", len(ended)), Tone: ui.ToneOK, URL: list}
	if slices.ContainsFunc(ended, func(e Ended) bool { return e.Tone == ui.ToneError }) {
		t = toast{Text: fmt.Sprintf("%d jobs have ended, not all of them well.", len(ended)), Tone: ui.ToneError, URL: list}
	}
	return t
}

// jobsNow returns what runs, and whose end the user has yet to hear of: that of
// the jobs in progress, and of awaited.
func (s *Server) jobsNow(c *fiber.Ctx, awaited []string) layout.Jobs {
	if s.opts.Jobs == nil {
		return layout.Jobs{}
	}
	now := s.opts.Jobs.Now(c.UserContext())
	out := layout.Jobs{Count: now.Count, URL: now.URL}
	own := slices.Concat(awaited, now.Own)
	slices.Sort(own)
	own = slices.Compact(own)
	names := strings.Join(own[:min(len(own), mostWatched)], jobsApart)
	if names != "" {
		out.Next = routes.With(routes.Jobs, "own", names)
	}
	if names != c.Cookies(cookieJobs) {
		setCookie(c, cookieJobs, names, time.Time{})
	}
	return out
}

// awaited returns what the page before waited for: a job may have ended while
// the user went from there to here.
func awaited(c *fiber.Ctx) []string {
	if names := c.Cookies(cookieJobs); names != "" {
		return strings.Split(names, jobsApart)
	}
	return nil
}
