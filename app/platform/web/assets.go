package web

import (
	"github.com/gofiber/fiber/v2"

	"tierbook/static"
)

// asset answers with a file that browsers may keep for ever: its address
// changes with its content.
func asset(c *fiber.Ctx) error {
	f, ok := static.Lookup(c.Path())
	if !ok {
		return errNoPage
	}
	c.Set(fiber.HeaderCacheControl, static.CacheControl)
	c.Set(fiber.HeaderETag, f.ETag)
	c.Vary(fiber.HeaderAcceptEncoding)
	if c.Get(fiber.HeaderIfNoneMatch) == f.ETag {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, f.ContentType)
	body := f.Body
	switch {
	case f.Brotli != nil && c.AcceptsEncodings("br") != "":
		body = f.Brotli
		c.Set(fiber.HeaderContentEncoding, "br")
	case f.Gzip != nil && c.AcceptsEncodings("gzip") != "":
		body = f.Gzip
		c.Set(fiber.HeaderContentEncoding, "gzip")
	}
	return c.Send(body)
}
