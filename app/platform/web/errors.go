package web

import (
	"errors"
	"log/slog"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
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

// retryAfterSeconds is what a client that comes too often is told.
const retryAfterSeconds = 10

// ErrorHandler is the only code that turns an error into an answer:
// application/problem+json with the status of its kind. Only Internal errors
// are logged, and they show nothing but the request's id.
func ErrorHandler(log *slog.Logger) fiber.ErrorHandler {
	return func(c *fiber.Ctx, err error) error {
		p := describe(err)
		p.RequestID = requestID(c)
		if p.Status >= fiber.StatusInternalServerError {
			log.ErrorContext(c.UserContext(), "request failed", "method", c.Method(), "path", c.Path(), "request", p.RequestID, "error", err)
		}
		if p.Status == fiber.StatusTooManyRequests {
			c.Set(fiber.HeaderRetryAfter, strconv.Itoa(retryAfterSeconds))
		}
		return c.Status(p.Status).JSON(p, "application/problem+json")
	}
}

func describe(err error) problem {
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind != errs.Internal {
		return problem{Type: "about:blank", Title: e.Kind.String(), Status: Status(e.Kind), Detail: e.Message, Code: e.Code, Fields: e.Fields}
	}
	if e, ok := errors.AsType[*fiber.Error](err); ok && e.Code < fiber.StatusInternalServerError { // no such route, body too large …
		return problem{Type: "about:blank", Title: e.Message, Status: e.Code, Code: "http." + strconv.Itoa(e.Code)}
	}
	return problem{Type: "about:blank", Title: errs.Internal.String(), Status: fiber.StatusInternalServerError, Code: "internal"}
}
