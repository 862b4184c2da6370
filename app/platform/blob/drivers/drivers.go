// Package drivers makes s3://, gs:// and azblob:// addresses known to blob. The
// program imports it for its effect; tests that need only files do without its
// weight.
package drivers

import (
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	_ "gocloud.dev/blob/s3blob"    // s3://
)
