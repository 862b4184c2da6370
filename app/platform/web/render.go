package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/views/layout"
	"tierbook/views/ui"
)

// Part is a piece of a page that answers alone where htmx asks for it by its
// id.
type Part struct {
	ID   string
	View templ.Component
}

// Page answers with a page: whole, or, where htmx asks, the part whose id it
// aims at, else the body alone.
func Page(c *fiber.Ctx, h layout.Head, body templ.Component, parts ...Part) error {
	c.Vary("HX-Request")
	if IsHTMX(c) {
		target := c.Get("HX-Target")
		if i := slices.IndexFunc(parts, func(p Part) bool { return p.ID == target }); i >= 0 {
			return Fragment(c, parts[i].View)
		}
		return Fragment(c, body)
	}
	return render(c, layout.Page(chrome(c), h, body))
}

// PlainPage answers with a page without menu, such as the one to sign in.
func PlainPage(c *fiber.Ctx, h layout.Head, body templ.Component) error {
	return render(c, layout.Plain(chrome(c), h, body))
}

// Fragment answers with view alone.
func Fragment(c *fiber.Ctx, view templ.Component) error {
	sayToast(c)
	return render(c, view)
}

// FormAgain answers with a form that was refused, its errors in it: 422, or
// 409 where the state was wrong. An error that no form can show is returned.
func FormAgain(c *fiber.Ctx, err error, h layout.Head, body templ.Component, parts ...Part) error {
	if _, ok := Problem(err); !ok {
		return err
	}
	c.Status(Status(errs.KindOf(err)))
	return Page(c, h, body, parts...)
}

// Problem returns what a form shows of err; ok is false for an error that is
// not about what was typed.
func Problem(err error) (p ui.Problem, ok bool) {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.FailedPrecondition, errs.RateLimited, errs.Unauthenticated:
	default:
		return ui.Problem{}, false
	}
	d := describe(err)
	return ui.Problem{Message: d.Detail, Fields: d.Fields}, true
}

// render writes to a buffer first: a failing component is a clean error, never
// half a page.
func render(c *fiber.Ctx, view templ.Component) error {
	var b bytes.Buffer
	if err := view.Render(c.UserContext(), &b); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Send(b.Bytes())
}

// SeeOther sends the browser to another page after a form was accepted.
func SeeOther(c *fiber.Ctx, to string) error {
	if text, ok := c.Locals(keyToast).(string); ok {
		setCookie(c, cookieFlash, url.QueryEscape(text), time.Time{})
	}
	if IsHTMX(c) {
		c.Set("HX-Redirect", to)
		return c.SendStatus(fiber.StatusNoContent)
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}

// Toast says something when the answer arrives: on this page, or after
// SeeOther on the next one.
func Toast(c *fiber.Ctx, text string) { c.Locals(keyToast, text) }

func sayToast(c *fiber.Ctx) {
	if text, ok := c.Locals(keyToast).(string); ok {
		c.Set("HX-Trigger", trigger(toast{Text: text, Tone: ui.ToneOK}))
	}
}

// toast is a message as app.js shows it.
type toast struct {
	Text string  `json:"text"`
	Tone ui.Tone `json:"tone"`
	URL  string  `json:"url,omitempty"` // where more is to be seen
}

// trigger is the header that makes app.js show a toast, in ASCII as headers
// have to be.
func trigger(t toast) string {
	b, _ := json.Marshal(map[string]toast{"toast": t})
	var out strings.Builder
	for _, r := range string(b) {
		if r < 0x80 {
			out.WriteRune(r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, u)
		}
	}
	return out.String()
}

// IsHTMX reports whether htmx asks for a piece of a page, not a browser for
// all of it.
func IsHTMX(c *fiber.Ctx) bool {
	return c.Get("HX-Request") == "true" && c.Get("HX-Boosted") != "true" && c.Get("HX-History-Restore-Request") != "true"
}

// CSV answers with a table to download.
func CSV(c *fiber.Ctx, filename string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Attachment(filename)
	return c.Send(b.Bytes())
}

// StreamCSV answers with a table to download that begins to come while it is
// still written. write runs after the handler has returned, in one read-only
// transaction and with a request's time: whoever reads more slowly gets no
// more. Where it fails the connection breaks off: half a table must not pass
// for a whole one.
//
// Errors: RateLimited where as many are written as Options.Downloads says.
func StreamCSV(c *fiber.Ctx, filename string, write func(context.Context, io.Writer) error) error {
	s := serverOf(c)
	if s.downloads != nil {
		select {
		case s.downloads <- struct{}{}:
		default:
			return errDownloads
		}
	}
	ctx := context.WithoutCancel(c.UserContext())
	cancel := func() {}
	if s.opts.RequestTimeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, s.opts.RequestTimeout)
	}
	r, pipe := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = pipe.CloseWithError(ctx.Err()) }) // a write waits for a slow reader
	out := newStream(pipe, c.Request().Header.HasAcceptEncoding("gzip"))
	if out.gzip != nil {
		c.Set(fiber.HeaderContentEncoding, "gzip")
	}
	// What compresses answers looks here when the handler has returned; it would
	// let a download that breaks off end well.
	c.Request().Header.Del(fiber.HeaderAcceptEncoding)
	c.Vary(fiber.HeaderAcceptEncoding)
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Attachment(filename)
	c.Context().SetBodyStream(r, -1)
	log, request := s.opts.Log, requestID(c)
	go func() {
		defer cancel()
		err := s.streamed(ctx, out, write)
		stop()
		if s.downloads != nil {
			<-s.downloads
		}
		switch {
		case err != nil && ctx.Err() != nil:
			log.WarnContext(ctx, "a download was read too slowly and cut off", "request", request, "error", ctx.Err())
		case err != nil && !errors.Is(err, io.ErrClosedPipe): // the client went away
			log.ErrorContext(ctx, "a download broke off", "request", request, "error", err)
		}
		_ = pipe.CloseWithError(err) // nil ends the answer
	}()
	return nil
}

var errDownloads = errs.New(errs.RateLimited, "web.downloads", "Too many files are being downloaded right now. Try again in a few seconds.")

// streamed writes one answer; a panic is an error like others.
func (s *Server) streamed(ctx context.Context, out *stream, write func(context.Context, io.Writer) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	once := func(ctx context.Context) error {
		if out.began {
			return errors.New("the transaction began anew after a part was sent")
		}
		return write(ctx, out)
	}
	if s.opts.Reads == nil {
		err = once(ctx)
	} else {
		err = s.opts.Reads.ReadTx(ctx, once)
	}
	if err != nil {
		return err
	}
	return out.close()
}

// stream is an answer's body as it is sent: its beginning at once, the rest
// when enough has come together.
type stream struct {
	w     io.Writer
	gzip  *gzip.Writer // nil: sent plain
	began bool
}

func newStream(w io.Writer, compressed bool) *stream {
	s := &stream{w: w}
	if compressed {
		s.gzip, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // the level exists
		s.w = s.gzip
	}
	return s
}

func (s *stream) Write(b []byte) (int, error) {
	first := !s.began
	s.began = true
	n, err := s.w.Write(b)
	if err == nil && first && s.gzip != nil {
		err = s.gzip.Flush()
	}
	return n, err
}

func (s *stream) close() error {
	if s.gzip == nil {
		return nil
	}
	return s.gzip.Close()
}

// chrome is what the frame shows to whoever makes the request.
func chrome(c *fiber.Ctx) layout.Chrome {
	out := layout.Chrome{
		Theme:   Theme(c),
		Density: preference(c, cookieRows, "standard", "compact", "comfortable"),
		Flash:   flash(c),
	}
	session, server := SessionOf(c), serverOf(c)
	if session == nil || server == nil {
		return out
	}
	out.User, out.Email, out.Tenant, out.Tier = session.User, session.Email, session.Tenant, session.Scope.Tier.String()
	out.Menu = server.menu(c)
	out.Jobs = server.jobsNow(c, awaited(c))
	return out
}

// flash returns what the page before wanted to be said, and forgets it.
func flash(c *fiber.Ctx) string {
	text, err := url.QueryUnescape(c.Cookies(cookieFlash))
	if err != nil || text == "" {
		return ""
	}
	setCookie(c, cookieFlash, "", time.Unix(0, 0))
	return text
}
