package web

import (
	"errors"
	"log/slog"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/routes"
	"tierbook/views/layout"
	"tierbook/views/ui"
)

// problem is an error as RFC 9457 has it.
type problem struct {
	Type      string            `json:"type"`
	Title     string            `json:"title"`
	Status    int               `json:"status"`
	Detail    string            `json:"detail,omitempty"`
	Code      string            `json:"code"`
	Fields    map[string]string `json:"fields,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
}

var statuses = map[errs.Kind]int{
	errs.Internal:           fiber.StatusInternalServerError,
	errs.Invalid:            fiber.StatusUnprocessableEntity,
	errs.NotFound:           fiber.StatusNotFound,
	errs.Conflict:           fiber.StatusConflict,
	errs.FailedPrecondition: fiber.StatusConflict,
	errs.Forbidden:          fiber.StatusForbidden,
	errs.Unauthenticated:    fiber.StatusUnauthorized,
	errs.RateLimited:        fiber.StatusTooManyRequests,
}

// Status returns the HTTP status of a kind of error.
func Status(k errs.Kind) int { return statuses[k] }

// retryAfter is when a client that comes too often may come again, in seconds:
// what the error says, else 10.
func retryAfter(err error) int {
	var known interface{ RetryAfter() time.Duration }
	if errors.As(err, &known) {
		return int(math.Ceil(known.RetryAfter().Seconds()))
	}
	return 10
}

// ErrorHandler is the only code that turns an error into an answer: a page for
// browsers, a toast for htmx, application/problem+json for programs, each with
// the status of its kind. Only Internal errors are logged, and they show
// nothing but the request's id.
func ErrorHandler(log *slog.Logger) fiber.ErrorHandler {
	return func(c *fiber.Ctx, err error) error {
		p := describe(err)
		p.RequestID = requestID(c)
		if p.Status >= fiber.StatusInternalServerError {
			log.ErrorContext(c.UserContext(), "request failed", "method", c.Method(), "path", c.Path(), "request", p.RequestID, "error", err)
		}
		if p.Status == fiber.StatusTooManyRequests {
			c.Set(fiber.HeaderRetryAfter, strconv.Itoa(retryAfter(err)))
		}
		c.Status(p.Status)
		switch {
		case IsHTMX(c):
			return p.toast(c)
		case c.Accepts(fiber.MIMEApplicationJSON, fiber.MIMETextHTML) == fiber.MIMETextHTML:
			return p.page(c)
		}
		return c.JSON(p, "application/problem+json")
	}
}

// toast answers htmx, which swaps nothing for an error: whoever has to sign in
// goes there, everybody else reads what is wrong.
func (p problem) toast(c *fiber.Ctx) error {
	if p.Status == fiber.StatusUnauthorized {
		next := ""
		if here, err := url.Parse(c.Get("HX-Current-URL")); err == nil && here.Path != "" {
			next = here.RequestURI()
		}
		c.Set("HX-Redirect", signInTo(next))
		return c.SendStatus(p.Status)
	}
	c.Set("HX-Trigger", trigger(toast{Text: p.sentence(), Tone: ui.ToneError}))
	return c.Send(nil)
}

// signInTo leads to the sign-in, which leads on to next; the start page needs no
// mention.
func signInTo(next string) string {
	if next == routes.Home {
		next = ""
	}
	return routes.With(routes.SignIn, "next", next)
}

// page answers a browser.
func (p problem) page(c *fiber.Ctx) error {
	if p.Status == fiber.StatusUnauthorized {
		next := ""
		if c.Method() == fiber.MethodGet {
			next = c.OriginalURL()
		}
		return c.Redirect(signInTo(next), fiber.StatusSeeOther)
	}
	f := layout.Failure{Status: p.Status, Title: headline(p.Status), Text: p.sentence()}
	if p.Status >= fiber.StatusInternalServerError {
		f.RequestID = p.RequestID
	}
	head, body := layout.Head{Title: f.Title, Narrow: true}, layout.Fault(f)
	if SessionOf(c) == nil {
		return PlainPage(c, head, layout.Headed(f.Title, body))
	}
	return render(c, layout.Page(chrome(c), head, body))
}

func (p problem) sentence() string {
	switch {
	case p.Detail != "":
		return p.Detail
	case p.Status >= fiber.StatusInternalServerError:
		return "Something went wrong on our side. Nothing that you did is lost: please try again."
	}
	return p.Title
}

func headline(status int) string {
	switch status {
	case fiber.StatusNotFound:
		return "Not found"
	case fiber.StatusForbidden:
		return "Not allowed"
	case fiber.StatusConflict:
		return "Not possible now"
	case fiber.StatusUnprocessableEntity:
		return "Something is wrong with this request"
	case fiber.StatusTooManyRequests:
		return "Too many requests"
	case fiber.StatusRequestEntityTooLarge, fiber.StatusRequestHeaderFieldsTooLarge:
		return "Too large"
	}
	return "Something went wrong"
}

// details say what to do about requests that no handler has seen.
var details = map[int]string{
	fiber.StatusRequestEntityTooLarge: "This form takes at most 1 MiB and 10,000 fields. Nothing of it was saved: send less at once.",
	fiber.StatusUnsupportedMediaType:  "Forms and files are taken as they are, not compressed on their way.",
	fiber.StatusRequestHeaderFieldsTooLarge: "The address or the cookies of this request are too long. " +
		"Shorten the filter, or clear the cookies of this site and sign in again.",
}

func describe(err error) problem {
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind != errs.Internal {
		return problem{Type: "about:blank", Title: e.Kind.String(), Status: Status(e.Kind), Detail: e.Message, Code: e.Code, Fields: e.Fields}
	}
	if isRouteMissing(err) {
		e := errNoPage
		return problem{Type: "about:blank", Title: e.Kind.String(), Status: Status(e.Kind), Detail: e.Message, Code: e.Code}
	}
	if e, ok := errors.AsType[*fiber.Error](err); ok && e.Code < fiber.StatusInternalServerError { // no such route, body too large …
		return problem{Type: "about:blank", Title: utils.StatusMessage(e.Code), Status: e.Code, Detail: details[e.Code], Code: "http." + strconv.Itoa(e.Code)}
	}
	return problem{Type: "about:blank", Title: errs.Internal.String(), Status: fiber.StatusInternalServerError, Code: "internal"}
}
