package configs

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/goccy/go-yaml"
)

// RBACModel is casbin's model: how a role, tier, resource and action meet the
// policy.
//
//go:embed rbac_model.conf
var RBACModel string

// RBACPolicy says which role may do what on which tier.
//
//go:embed rbac_policy.csv
var RBACPolicy string

//go:embed providers.yaml
var providersYAML []byte

//go:embed fees/*.yaml
var feeFiles embed.FS

// Provider is what a cloud provider is called in its exports.
type Provider struct {
	Key        string   `yaml:"key"`              // ours: aws, azure, gcp, oracle
	Names      []string `yaml:"names"`            // in ProviderName and ServiceProviderName, in any case
	Publishers []string `yaml:"publishers"`       // its own names in PublisherName; a * at the end stands for any rest
	Support    []string `yaml:"support_services"` // ServiceName of its support plans, which no fee base counts; * as above
}

// Providers returns the providers that we know by name. A name that none of
// them has is a provider of its own.
func Providers() ([]Provider, error) {
	var out []Provider
	if err := yaml.UnmarshalWithOptions(providersYAML, &out, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read providers.yaml: %w", err)
	}
	return out, nil
}

// Schedule is a support plan's price: the greater of Minimum and of graduated
// percentages of the month's spend. Amounts are decimals as text, in the
// currency of the contract that uses it.
type Schedule struct {
	Doc     string `yaml:"doc"`
	Minimum string `yaml:"minimum"`
	Tiers   []Tier `yaml:"tiers"`
}

// Tier is one step of a schedule.
type Tier struct {
	UpTo    string `yaml:"up_to"`   // inclusive; "": no end
	Percent string `yaml:"percent"` // of the part of the base inside the step
}

// Schedules returns the shipped fee schedules by name, such as "aws-business".
func Schedules() (map[string]Schedule, error) {
	names, err := fs.Glob(feeFiles, "fees/*.yaml")
	if err != nil {
		return nil, err
	}
	out := make(map[string]Schedule, len(names))
	for _, name := range names {
		b, err := feeFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var s Schedule
		if err := yaml.UnmarshalWithOptions(b, &s, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		out[strings.TrimSuffix(path.Base(name), ".yaml")] = s
	}
	return out, nil
}

// Bucket is a place to import provider exports from, with credentials of its
// own.
type Bucket struct {
	URL       string `yaml:"url"` // s3://name
	Region    string `yaml:"region"`
	Endpoint  string `yaml:"endpoint"`   // of a store that speaks S3; "": AWS
	AccessKey string `yaml:"access_key"` // "": a public bucket
	SecretKey Secret `yaml:"secret_key"`
}

// Buckets reads the list of buckets in file; "" is none.
//
// Errors: Problems that name the file.
func Buckets(file string) ([]Bucket, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, Problems{fmt.Sprintf("TIERBOOK_USAGE_BUCKETS_FILE: %v.", err)}
	}
	var out []Bucket
	if err := yaml.UnmarshalWithOptions(text, &out, yaml.Strict()); err != nil {
		return nil, Problems{fmt.Sprintf("TIERBOOK_USAGE_BUCKETS_FILE: %s is not a list of buckets: %v", file, err)}
	}
	for i, b := range out {
		if !strings.HasPrefix(b.URL, "s3://") || (b.AccessKey == "") != (b.SecretKey == "") {
			return nil, Problems{fmt.Sprintf("TIERBOOK_USAGE_BUCKETS_FILE: bucket %d of %s needs a url such as s3://name, and both keys or none.", i+1, file)}
		}
	}
	return out, nil
}
