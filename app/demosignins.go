package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tierbook/app/demo"
	"tierbook/app/platform/scope"
)

// DemoSignIn is how somebody of the demo signs in.
type DemoSignIn struct {
	Name     string
	Email    string
	Password string
	Role     string
	Tenant   string // its name
	Tier     scope.Tier
}

// DemoSignIns returns the demo's people with the passwords that this data
// directory gave them, tier by tier; none where there is no demo. Passwords
// that people have changed since are not known.
func (a *App) DemoSignIns() ([]DemoSignIn, error) {
	known, err := readSignIns(filepath.Join(a.Config.DataDir, "demo"))
	if err != nil {
		return nil, err
	}
	tenants := map[string]demo.Tenant{}
	for _, t := range demo.Tenants() {
		tenants[t.Slug] = t
	}
	var out []DemoSignIn
	for _, u := range demo.Users() {
		if password := known[u.Email]; password != "" {
			t := tenants[u.Tenant]
			out = append(out, DemoSignIn{Name: u.Name, Email: u.Email, Password: password, Role: u.Role, Tenant: t.Name, Tier: t.Tier})
		}
	}
	return out, nil
}

const signInsFile = "sign-ins.json"

// readSignIns reads the passwords by address that the demo in dir keeps; none
// where it keeps none.
func readSignIns(dir string) (map[string]string, error) {
	known := map[string]string{}
	text, err := os.ReadFile(filepath.Join(dir, signInsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &known)
	}
	if err != nil {
		return nil, fmt.Errorf("read the demo's sign-ins: %w", err)
	}
	return known, nil
}

// keepSignIn adds a password to the file of them, which only this user may
// read.
func keepSignIn(dir, email, password string) error {
	known, err := readSignIns(dir)
	if err != nil {
		return err
	}
	known[email] = password
	text, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, signInsFile), text, 0o600)
}
