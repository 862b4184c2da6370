package web

import (
	"bytes"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
)

// ContentPolicy lets a page load from this server and nowhere else, and run no
// code and no style that stands in the page itself.
const ContentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secure sets the headers that keep browsers strict, on every answer.
func secure(c *fiber.Ctx) error {
	h := &c.Response().Header
	h.Set("Content-Security-Policy", ContentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if isSecure(c) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return c.Next()
}

var errBytes = errs.New(errs.Invalid, "web.bytes", "The address or the form has bytes in it that are no text.")

// textual refuses addresses and forms with bytes that no text has: PostgreSQL
// would, less kindly. Forms that are too large are refused later, unread.
func textual(c *fiber.Ctx) error {
	isText := true
	look := func(key, value []byte) {
		isText = isText && utf8.Valid(key) && utf8.Valid(value) && bytes.IndexByte(value, 0) < 0
	}
	look(c.Request().URI().PathOriginal(), nil)
	c.Context().QueryArgs().VisitAll(look)
	if n := c.Request().Header.ContentLength(); n <= maxForm && n >= 0 {
		c.Context().PostArgs().VisitAll(look)
	}
	if !isText {
		return errBytes
	}
	return c.Next()
}

// unpacked refuses compressed bodies. No browser sends one, and what would
// unpack it knows no limit: a form of 1 MiB becomes gigabytes.
func unpacked(c *fiber.Ctx) error {
	if len(c.Request().Header.PeekAll(fiber.HeaderContentEncoding)) > 0 {
		return fiber.ErrUnsupportedMediaType
	}
	return c.Next()
}

var errOrigin = errs.New(errs.Forbidden, "web.origin", "This request came from another site and was refused. Open the page again and repeat what you did.")

// sameOrigin refuses writes that another site has made the browser send, as
// the standard library decides it: by Sec-Fetch-Site, else by Origin.
func sameOrigin() fiber.Handler {
	protection := http.NewCrossOriginProtection()
	return func(c *fiber.Ctx) error {
		r := &http.Request{Method: c.Method(), Host: string(c.Request().Host()), URL: &url.URL{Path: c.Path()}, Header: http.Header{}}
		for _, name := range []string{"Sec-Fetch-Site", "Origin"} {
			if v := c.Get(name); v != "" {
				r.Header.Set(name, v)
			}
		}
		if protection.Check(r) != nil {
			return errOrigin
		}
		return c.Next()
	}
}
