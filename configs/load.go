package configs

import (
	_ "embed"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed defaults.yaml
var defaultsYAML []byte

const prefix = "TIERBOOK_"

// Load returns the defaults with the environment over them.
//
// Errors: Problems, with everything that is wrong.
func Load() (Config, error) { return LoadFrom(os.Environ()) }

// LoadFrom is Load with an environment of lines NAME=value. Empty values count
// as not set.
func LoadFrom(environ []string) (Config, error) {
	var c Config
	if err := yaml.UnmarshalWithOptions(defaultsYAML, &c, yaml.Strict()); err != nil {
		return Config{}, fmt.Errorf("read defaults.yaml: %w", err)
	}
	env := make(map[string]string)
	for _, line := range environ {
		if name, value, ok := strings.Cut(line, "="); ok && value != "" {
			env[name] = value
		}
	}
	problems := overlay(reflect.ValueOf(&c).Elem(), strings.TrimSuffix(prefix, "_"), env)
	for _, name := range slices.Sorted(maps.Keys(env)) { // what overlay took is gone
		if strings.HasPrefix(name, prefix) {
			problems = append(problems, name+" is not a setting of Tierbook.")
		}
	}
	problems = append(problems, c.problems()...)
	if len(problems) > 0 {
		return Config{}, problems
	}
	return c, nil
}

// overlay sets the fields of v from env, and takes what it used out of env.
func overlay(v reflect.Value, name string, env map[string]string) (problems Problems) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := name + "_" + strings.ToUpper(f.Tag.Get("yaml"))
		if own := f.Tag.Get("env"); own != "" {
			key = own
		}
		if f.Type.Kind() == reflect.Struct {
			problems = append(problems, overlay(v.Field(i), key, env)...)
			continue
		}
		text, ok := env[key]
		if !ok {
			continue
		}
		delete(env, key)
		if err := set(v.Field(i), text); err != nil {
			problems = append(problems, fmt.Sprintf("%s %s.", key, err))
		}
	}
	return problems
}

// set reads text into a field. Errors continue a sentence and do not repeat
// the text, which may be secret.
func set(v reflect.Value, text string) error {
	switch v.Interface().(type) {
	case string, Secret:
		v.SetString(text)
	case int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("must be a whole number")
		}
		v.SetInt(int64(n))
	case bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("must be true or false")
		}
		v.SetBool(b)
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("must be a duration such as 30s or 5m")
		}
		v.SetInt(int64(d))
	case []string:
		v.Set(reflect.ValueOf(split(text)))
	case map[string]int:
		m := make(map[string]int)
		for _, part := range split(text) {
			name, count, _ := strings.Cut(part, "=")
			n, err := strconv.Atoi(count)
			if err != nil {
				return fmt.Errorf("must be a list such as default=4,billing=2")
			}
			m[name] = n
		}
		v.Set(reflect.ValueOf(m))
	default:
		return fmt.Errorf("cannot be set")
	}
	return nil
}

func split(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
