# The daily commands. Everything that is missing is installed: README says what.
.PHONY: run build test bench screenshots views assets

GO_FILES = $(shell git ls-files --cached --others --exclude-standard '*.go' '*.sql' '*.yaml' '*.csv' '*.conf' 'static/*' go.mod go.sum)

run: bin/tierbook        ## a running demo, and what it billed on screen
	@exec ./bin/tierbook demo

build: bin/tierbook      ## the program

bin/tierbook: $(GO_FILES)
	@.ci/install run
	go build -o $@ .

test:                    ## the whole gate
	@.ci/install test
	@.ci/check

bench: bin/tierbook      ## how fast: lines/s, MB/s, peak memory, pages
	@./bench/run

screenshots:             ## every page in two widths, in var/screenshots
	@.ci/install test
	@rm -rf var/screenshots
	@go test -count=1 -timeout 30m ./app/browsertest -run '^TestPages$$' -args -screenshots '$(CURDIR)/var/screenshots'

views:                   ## the Go code of the pages' templates
	@for d in views/*/; do go tool templ generate -path $$d >/dev/null 2>&1 || exit 1; done

assets:                  ## what the browser loads, bundled anew from npm (needs Node.js 20)
	@cd .tools/assets && npm ci --silent && npm run --silent build
