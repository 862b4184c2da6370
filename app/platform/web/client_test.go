package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/platform/web"
)

// Requests of these tests come from 0.0.0.0.
func TestClientIP(t *testing.T) {
	t.Parallel()
	const peer = "0.0.0.0"
	for _, tt := range []struct {
		name      string
		proxies   []string
		forwarded []string
		want      string
	}{
		{"NobodyIsTrusted", nil, []string{"203.0.113.9"}, peer},
		{"NoHeader", []string{"0.0.0.0/32"}, nil, peer},
		{"PeerIsNoProxy", []string{"10.0.0.0/8"}, []string{"203.0.113.9"}, peer},
		{"OneProxy", []string{"0.0.0.0/32"}, []string{"203.0.113.9"}, "203.0.113.9"},
		{"WhatTheClientSaysOfItself", []string{"0.0.0.0/32"}, []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		{"TwoProxies", []string{"0.0.0.0/32", "10.0.0.0/8"}, []string{"1.2.3.4, 203.0.113.9, 10.1.2.3"}, "203.0.113.9"},
		{"TwoHeaders", []string{"0.0.0.0/32", "10.0.0.0/8"}, []string{"1.2.3.4,203.0.113.9", "10.1.2.3"}, "203.0.113.9"},
		{"OnlyProxies", []string{"0.0.0.0/32", "10.0.0.0/8"}, []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
		{"NoAddress", []string{"0.0.0.0/32", "10.0.0.0/8"}, []string{"203.0.113.9, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"Version6", []string{"0.0.0.0/32", "fd00::/8"}, []string{"2001:db8::1, fd00::2"}, "2001:db8::1"},
		{"MappedVersion4", []string{"0.0.0.0/32", "10.0.0.0/8"}, []string{"203.0.113.9, ::ffff:10.0.0.2"}, "203.0.113.9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var proxies []netip.Prefix
			for _, p := range tt.proxies {
				proxies = append(proxies, netip.MustParsePrefix(p))
			}
			s := web.New(web.Options{Proxies: proxies})
			s.Router().GetLive("/who", web.Public, func(c *fiber.Ctx) error { return c.SendString(web.ClientIP(c)) })
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/who", http.NoBody)
			for _, line := range tt.forwarded {
				req.Header.Add("X-Forwarded-For", line)
			}
			resp, err := s.App().Test(req, -1)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if got, err := io.ReadAll(resp.Body); err != nil || string(got) != tt.want {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// A proxy that asks for localhost itself still serves browsers that come by
// https; whoever is no trusted proxy cannot say so, nor the contrary.
func TestCookiesTravelOverHTTPSOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, host, proxy, proto string
		want                     bool
	}{
		{"ThisMachine", "localhost:8080", "", "", false},
		{"ThisMachineByAddress", "127.0.0.1", "", "", false},
		{"ThisMachineVersion6", "[::1]:8080", "", "", false},
		{"AnyOther", "billing.example", "", "", true},
		{"BehindAProxy", "localhost:8080", "0.0.0.0/32", "https", true},
		{"BehindAProxyByHTTP", "localhost:8080", "0.0.0.0/32", "http", false},
		{"NotBehindAProxy", "localhost:8080", "10.0.0.0/8", "https", false},
		{"SaidByTheBrowser", "billing.example", "10.0.0.0/8", "http", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var opts web.Options
			if tt.proxy != "" {
				opts.Proxies = []netip.Prefix{netip.MustParsePrefix(tt.proxy)}
			}
			s := web.New(opts)
			s.Router().GetLive("/", web.Public, func(c *fiber.Ctx) error { web.SignIn(c, "token", time.Time{}); return nil })
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+tt.host+"/", http.NoBody)
			if tt.proto != "" {
				req.Header.Set("X-Forwarded-Proto", tt.proto)
			}
			resp, err := s.App().Test(req, -1)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			cookie := resp.Cookies()[0]
			if cookie.Secure != tt.want || strings.HasPrefix(cookie.Name, "__Host-") != tt.want || (resp.Header.Get("Strict-Transport-Security") != "") != tt.want {
				t.Errorf("%s; %v", cookie, resp.Header)
			}
		})
	}
}
