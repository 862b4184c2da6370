package bucket

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob/s3blob"

	"tierbook/app/kernel/errs"
	"tierbook/modules/usage/internal/source"
)

// Remote is a bucket and the credentials for it alone.
type Remote struct {
	URL       string // s3://name
	Region    string
	Endpoint  string // of a store that speaks S3; empty: AWS
	AccessKey string // empty: the bucket is public
	SecretKey string
}

// Remotes are the buckets that may be read.
type Remotes struct {
	List    []Remote
	TempDir string // for copies of objects; empty: the system's
}

// Open opens s3://bucket/prefix with the credentials that are configured for
// the bucket; those of the process are never used. The only option is region.
//
// Errors: Invalid for another scheme or option; FailedPrecondition for a bucket
// that is not configured.
func (r Remotes) Open(ctx context.Context, u *url.URL) (source.Tree, error) {
	if u.Scheme != "s3" {
		return nil, source.RefuseURL("URLs that start with %s:// are not known; file:// and s3:// are.", u.Scheme)
	}
	region := ""
	for name, values := range u.Query() {
		if name != "region" || len(values) != 1 {
			return nil, source.RefuseURL("The option %q is not allowed in an s3:// URL; region is.", name)
		}
		region = values[0]
	}
	for _, remote := range r.List {
		if remote.URL != "s3://"+u.Host {
			continue
		}
		b, err := s3blob.OpenBucket(ctx, s3.New(remote.options(region)), u.Host, nil)
		if err != nil {
			return nil, err
		}
		return &tree{blob: b, prefix: strings.TrimPrefix(u.Path, "/"), temp: r.TempDir}, nil
	}
	return nil, errs.Newf(errs.FailedPrecondition, "usage.source_credentials",
		"The bucket s3://%[1]s is not configured: add it to the file that TIERBOOK_USAGE_BUCKETS_FILE names, as {url: s3://%[1]s, region: …, access_key: …, secret_key: …} (see configs/example.env).", u.Host)
}

func (r *Remote) options(region string) s3.Options {
	if r.Region != "" {
		region = r.Region
	}
	o := s3.Options{Region: region, Credentials: aws.AnonymousCredentials{}}
	if r.AccessKey != "" {
		o.Credentials = credentials.NewStaticCredentialsProvider(r.AccessKey, r.SecretKey, "")
	}
	if r.Endpoint != "" {
		o.BaseEndpoint, o.UsePathStyle = aws.String(r.Endpoint), true
	}
	return o
}
