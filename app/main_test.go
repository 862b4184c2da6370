package app_test

import (
	"os"
	"testing"

	"tierbook/app/sitetest"
)

func TestMain(m *testing.M) { os.Exit(sitetest.Main(m)) }
