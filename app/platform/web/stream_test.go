package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp/fasthttputil"

	"tierbook/app/platform/web"
)

// listen lets a server answer as it does in life, until the test ends.
func listen(t *testing.T, s *web.Server) *fasthttputil.InmemoryListener {
	t.Helper()
	listener := fasthttputil.NewInmemoryListener()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.App().Listener(listener)
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener
}

// dial returns a connection to a server.
func dial(t *testing.T, s *web.Server) net.Conn {
	t.Helper()
	conn, err := listen(t, s).Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// served returns a client of a server.
func served(t *testing.T, s *web.Server) *http.Client {
	t.Helper()
	listener := listen(t, s)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return listener.Dial() }}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func ask(t *testing.T, c *http.Client, path, encoding string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", encoding)
	resp, err := c.Do(req) //nolint:bodyclose // closed below
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestStreamCSV(t *testing.T) {
	t.Parallel()
	const path = "/a.csv"
	server := func(write func(context.Context, io.Writer) error) (*http.Client, *bytes.Buffer) {
		var log bytes.Buffer
		s := web.New(web.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), RequestTimeout: time.Minute})
		s.Router().GetLive(path, web.Public, func(c *fiber.Ctx) error { return web.StreamCSV(c, "a.csv", write) })
		return served(t, s), &log
	}
	t.Run("Head", func(t *testing.T) {
		t.Parallel()
		ended := make(chan error, 1)
		c, _ := server(func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "a,b\n")
			ended <- err
			return err
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://localhost"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		select {
		case err := <-ended:
			if !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("the file was written to nobody: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the file waits for a reader")
		}
	})
	for _, encoding := range []string{"identity", "gzip", "br"} {
		t.Run("BeginsAtOnce/"+encoding, func(t *testing.T) {
			t.Parallel()
			began := make(chan struct{})
			c, _ := server(func(ctx context.Context, w io.Writer) error {
				_, _ = io.WriteString(w, "a,b\n")
				<-began // what comes next waits until the beginning is there
				_, err := io.WriteString(w, "1,2\n")
				return errors.Join(err, ctx.Err()) // the request's end is not the end of its time
			})
			resp := ask(t, c, path, encoding)
			first := make([]byte, 1)
			if _, err := io.ReadFull(resp.Body, first); err != nil {
				t.Fatal(err)
			}
			close(began)
			rest, err := io.ReadAll(resp.Body)
			if err != nil || len(rest) == 0 {
				t.Fatalf("%q, %v", rest, err)
			}
			if got := resp.Header.Get("Content-Encoding"); (got == "gzip") != (encoding == "gzip") {
				t.Errorf("encoded as %q", got)
			}
			if encoding != "gzip" && string(first)+string(rest) != "a,b\n1,2\n" {
				t.Errorf("%q%q", first, rest)
			}
			if got := resp.Header.Get("Content-Disposition"); got != `attachment; filename="a.csv"` {
				t.Errorf("saved as %s", got)
			}
		})
		t.Run("HalfIsNotWhole/"+encoding, func(t *testing.T) {
			t.Parallel()
			for _, end := range []func() error{
				func() error { return errors.New("the database is gone") },
				func() error { var none []error; return none[len(none)] }, // it panics
			} {
				c, _ := server(func(_ context.Context, w io.Writer) error {
					_, _ = io.WriteString(w, strings.Repeat("1,2\n", 10_000))
					return end()
				})
				resp := ask(t, c, path, encoding)
				if b, err := io.ReadAll(resp.Body); err == nil {
					t.Errorf("%d bytes of a table that broke off pass for all", len(b))
				}
			}
		})
	}
}

// Whoever reads slowly, or not at all, keeps neither a connection to the
// database for long nor everybody else from theirs.
func TestStreamCSV_SlowReaders(t *testing.T) {
	t.Parallel()
	const downloads = 2
	ended := make(chan struct{}, 2*downloads)
	s := web.New(web.Options{RequestTimeout: time.Second, Downloads: downloads})
	s.Router().GetLive("/a.csv", web.Public, func(c *fiber.Ctx) error {
		return web.StreamCSV(c, "a.csv", func(_ context.Context, w io.Writer) error {
			row := []byte(strings.Repeat("x", 1<<20))
			for {
				if _, err := w.Write(row); err != nil {
					ended <- struct{}{}
					return err
				}
			}
		})
	})
	c := served(t, s)
	for range downloads {
		ask(t, c, "/a.csv", "identity") // the body stays unread
	}
	refused := ask(t, c, "/a.csv", "identity")
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %s, %v", refused.Status, refused.Header)
	}
	for range downloads {
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Fatal("who does not read is waited for")
		}
	}
	for range 100 { // a place is free when its download has ended
		if resp := ask(t, c, "/a.csv", "identity"); resp.StatusCode == http.StatusOK {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("no place became free")
}
