package source

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob/s3blob"

	"tierbook/app/kernel/errs"
)

// openS3 opens s3://bucket/prefix with the credentials that are configured for
// the bucket; those of the process are never used. The only option is region.
func openS3(ctx context.Context, u *url.URL, opts Options) (Tree, error) {
	region := ""
	for name, values := range u.Query() {
		if name != "region" || len(values) != 1 {
			return nil, refuse("usage.source_url", "The option %q is not allowed in an s3:// URL; region is.", name)
		}
		region = values[0]
	}
	var remote *Remote
	for i := range opts.Remotes {
		if opts.Remotes[i].Bucket == "s3://"+u.Host {
			remote = &opts.Remotes[i]
		}
	}
	if remote == nil {
		return nil, errs.Newf(errs.FailedPrecondition, "usage.source_credentials", "The bucket s3://%s is not configured as a source.", u.Host)
	}
	client := s3.New(remote.options(region))
	b, err := s3blob.OpenBucket(ctx, client, u.Host, nil)
	if err != nil {
		return nil, err
	}
	return &bucket{blob: b, prefix: strings.TrimPrefix(u.Path, "/"), temp: opts.TempDir}, nil
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
